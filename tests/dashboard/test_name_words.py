"""Names beside pseudonyms on the screens and on paper of the audit log; files for machines stay without."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from dashboard.models import AuditEntry, AuditExport, Customer, KnownName
from dashboard.services import audit_exports, customers, known_names
from dashboard.services.audit import SYSTEM, Actor, Kind, Target, record
from tests import people

from . import accounts
from .pages import HTMX, words

pytestmark = pytest.mark.django_db
MARIA = {"reference": "CUST-12", "name": "Maria Silva", "email": "maria@mail.example"}
IVO = Actor("7", "Ivo Auditor <ivo@desk.example>", "auditor")


@pytest.fixture
def auditor(client: Client) -> Client:
    client.force_login(people.member("auditor"))
    return client


@pytest.fixture
def maria() -> Customer:
    known_names._written.clear()
    customer = customers.create(MARIA, actor=SYSTEM)
    customers.change(customer, {**MARIA, "name": "Maria Souza"}, actor=SYSTEM)
    return customer


def entry_of(action: str) -> AuditEntry:
    return AuditEntry.objects.filter(action=action).latest("seq")


def test_the_list_names_a_customer_as_known_today(auditor: Client, maria: Customer) -> None:
    text = words(auditor.get("/audit/"))

    assert "Maria Souza (CUST-12)" in text and "Maria Silva" not in text
    assert entry_of("customer.created").target in text


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "drawer"])
def test_an_entry_names_its_target_and_each_value(auditor: Client, maria: Customer, headers: dict[str, str]) -> None:
    text = words(auditor.get(f"/audit/{entry_of('customer.changed').seq}/", headers=headers))

    assert "· Maria Souza (CUST-12)" in text
    for value in ("Maria Silva", "Maria Souza"):
        assert f") · {value}" in text


def test_the_stored_body_on_the_page_stays_as_it_is(auditor: Client, maria: Customer) -> None:
    html = auditor.get(f"/audit/{entry_of('customer.changed').seq}/").content.decode()

    assert "Maria" not in html[html.index("As stored") :]


def test_what_is_erased_says_so_and_what_is_not_known_stands_alone(auditor: Client, maria: Customer) -> None:
    KnownName.objects.update(sealed=None)
    text = words(auditor.get(f"/audit/{entry_of('customer.changed').seq}/"))
    assert "· erased" in text and "Maria" not in text

    KnownName.objects.all().delete()
    text = words(auditor.get(f"/audit/{entry_of('customer.changed').seq}/"))
    assert "· erased" not in text and entry_of("customer.changed").target in text


def test_the_name_of_one_is_not_shown_for_another(auditor: Client, maria: Customer) -> None:
    other = customers.create({**MARIA, "reference": "CUST-13"}, actor=SYSTEM)
    KnownName.objects.filter(target_id=str(other.pk)).update(sealed=None)

    text = words(auditor.get(f"/audit/{entry_of('customer.created').seq}/"))

    assert "CUST-13" not in text and "Maria" not in text and "· erased" in text


def test_a_page_of_many_customers_asks_for_their_names_once(auditor: Client) -> None:
    for _ in range(20):
        record(Kind.EVENT, "customer.changed", actor=SYSTEM, target=Target.of(accounts.customer()))

    with CaptureQueriesContext(connection) as queries:
        assert words(auditor.get("/audit/")).count("(cust-") == 2 * 20

    assert len([each for each in queries if "knownname" in each["sql"] and "SELECT" in each["sql"][:7]]) == 1


def test_a_review_names_whom_it_is_about(auditor: Client, maria: Customer) -> None:
    assert "Maria Souza (CUST-12)" in words(auditor.get(f"/audit/reviews/{entry_of('customer.changed').seq}/"))


def test_paper_has_names_and_files_for_machines_have_none(settings: Any, tmp_path: Path, maria: Customer) -> None:
    settings.EXPORTS_DIR = str(tmp_path)

    report, table, bundle = (made(form) for form in ("report", "csv", "bundle"))

    assert b"Maria Souza (CUST-12)" in report and b"Maria Silva" in report
    assert (
        "M•••" in next(csv.reader(io.StringIO(table.decode("utf-8-sig").split("\n", 1)[1])))[9]
        and b"Maria" not in table
    )
    with zipfile.ZipFile(io.BytesIO(bundle)) as opened:
        assert not any(b"Maria" in opened.read(name) for name in opened.namelist())


def made(form: str) -> bytes:
    export = audit_exports.ask(IVO, form, {"q": "action:customer.changed"})
    assert audit_exports.make_next()
    with audit_exports.open_file(AuditExport.objects.get(pk=export.pk), IVO) as file:
        return file.read()
