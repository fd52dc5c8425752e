"""Names beside the log: kept with the entry, sealed, once, and never in its way."""

from __future__ import annotations

import base64
import copy
import json
import pickle
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from dashboard.models import AuditEntry, KnownName
from dashboard.services import audit_redaction, customers, known_names
from dashboard.services.audit import SYSTEM, AuditUnavailable, Kind, Target, record
from dashboard.services.known_names import original_of

from . import accounts, audit_samples

pytestmark = pytest.mark.django_db(transaction=True)

MARIA = {"reference": "REF-maria-77", "name": "Maria Silva", "email": "maria@mail.example"}


@pytest.fixture(autouse=True)
def _nothing_is_known() -> None:
    known_names._written.clear()


def opened(customer: Any) -> AuditEntry:
    return record(Kind.EVENT, "test.happened", actor=SYSTEM, target=Target.of(customer))


def kept() -> dict[str, str | None]:
    return {row.pseudonym: original_of(row) for row in KnownName.objects.all()}


def raw() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM dashboard_knownname")
        return repr([[bytes(cell) if isinstance(cell, memoryview) else cell for cell in row] for row in cursor])


def test_the_pseudonym_of_a_customer_is_known_by_the_reference_and_nowhere_in_plain() -> None:
    customer = accounts.customer("Maria Silva", reference="REF-maria-77")

    entry = opened(customer)

    row = KnownName.objects.get()
    assert entry.target == f"Customer {row.pseudonym}"
    assert (row.target_id, row.customer_id) == (str(customer.pk), customer.pk)
    assert original_of(row) == "REF-maria-77"
    assert "maria" not in raw().lower() and b"REF-maria-77".hex() not in raw()


def test_personal_values_of_a_change_are_known_before_and_after() -> None:
    customer = customers.create(MARIA, actor=SYSTEM)
    customers.change(customer, {**MARIA, "name": "Maria Souza"}, actor=SYSTEM)

    assert sorted(filter(None, kept().values())) == ["Maria Silva", "Maria Souza", "REF-maria-77", "maria@mail.example"]
    told = {
        value["pseudonym"]
        for entry in AuditEntry.objects.all()
        for change in json.loads(entry.body)["changes"]
        for value in (change["before"], change["after"])
        if value
    }
    assert told == set(kept())


def test_a_name_is_kept_once_and_costs_no_statement_after_that() -> None:
    customer = accounts.customer(reference="one")
    opened(customer)

    with CaptureQueriesContext(connection) as again:
        opened(customer)
    known_names._written.clear()
    with CaptureQueriesContext(connection) as another_process:
        opened(customer)

    assert KnownName.objects.count() == 1
    assert [query["sql"] for query in again if "knownname" in query["sql"]] == []
    assert len([query["sql"] for query in another_process if "knownname" in query["sql"]]) == 1


def test_what_was_rolled_back_is_kept_the_next_time() -> None:
    customer = accounts.customer()
    with transaction.atomic():
        opened(customer)
        transaction.set_rollback(True)
    assert not KnownName.objects.exists()

    opened(customer)

    assert KnownName.objects.count() == 1


def test_two_people_of_one_name_have_a_row_each() -> None:
    for reference in ("one", "two"):
        customers.create({**MARIA, "reference": reference}, actor=SYSTEM)

    names = [row for row in KnownName.objects.all() if original_of(row) == "Maria Silva"]
    assert len(names) == 2 and len({row.pseudonym for row in names}) == 1


def test_a_new_key_gives_a_pseudonym_of_its_own_that_is_known_too(settings: Any) -> None:
    customer = accounts.customer(reference="one")
    first = opened(customer)
    settings.AUDIT_KEYS = [f"a2:{base64.b64encode(b'b' * 32).decode()}", *settings.AUDIT_KEYS]

    second = opened(customer)

    assert first.target != second.target
    assert list(kept().values()) == ["one", "one"]


def test_a_name_that_cannot_be_sealed_leaves_the_entry_as_it_is(settings: Any) -> None:
    settings.FIELD_KEYS = []

    entry = opened(accounts.customer())

    assert AuditEntry.objects.get().seq == entry.seq
    assert not KnownName.objects.exists()


def test_a_row_of_another_target_opens_for_nobody() -> None:
    opened(accounts.customer())
    row = KnownName.objects.get()
    row.target_id = "somebody else"

    assert original_of(row) is None


def test_where_the_table_refuses_nothing_stands_and_the_next_one_does() -> None:
    customer = accounts.customer()
    audit_samples.run("ALTER TABLE dashboard_knownname RENAME TO away")

    with pytest.raises(AuditUnavailable), transaction.atomic():
        opened(customer)

    audit_samples.run("ALTER TABLE away RENAME TO dashboard_knownname")
    assert not AuditEntry.objects.exists()
    assert opened(customer).seq == 1 and KnownName.objects.count() == 1


def test_a_pseudonym_prints_and_travels_without_whom_it_stands_for() -> None:
    made = audit_redaction.pseudonym("REF-maria-77")
    target = Target("1", "Customer", "", made)

    assert "maria" not in f"{made!r} {made} {json.dumps({'a': made})} {target!r}"
    assert b"maria" not in pickle.dumps([made, copy.copy(made), target])
