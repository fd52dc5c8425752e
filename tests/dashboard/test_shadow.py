"""The shadow triggers see what they should: however a change is made, it needs an entry in its own transaction."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.db import connection, transaction

from dashboard.models import Customer, Operation
from dashboard.services.audit import SYSTEM, Kind, record
from tests import shadow

from . import accounts

WAYS = {
    "saved": "customer.name = 'Other'\ncustomer.save()",
    "in bulk": "Customer.objects.filter(pk=customer.pk).update(name='Other')",
    "raw": "with connection.cursor() as cursor:\n    cursor.execute(\"UPDATE dashboard_customer SET name = 'Other'\")",
    "made": "Customer.objects.bulk_create([Customer(reference='c-2')])",
    "deleted": "customer.delete()",
    "in a transaction": "with transaction.atomic():\n    Customer.objects.update(name='Other')",
}


def as_product(code: str, **names: Any) -> None:
    """Run code as if it stood in the product."""
    names |= {"Customer": Customer, "connection": connection, "transaction": transaction}
    names |= {"record": record, "Kind": Kind, "SYSTEM": SYSTEM}
    exec(compile(code, f"{shadow.ROOT}/dashboard/services/made_up.py", "exec"), names)  # noqa: S102


def found() -> list[str]:
    """Return what was found, and let it be none: here it is wanted."""
    seen = list(shadow.watch.found)
    shadow.watch.found.clear()
    return seen


@pytest.mark.parametrize(
    "db_is_left",
    [
        pytest.param(True, marks=pytest.mark.django_db(transaction=True)),
        pytest.param(False, marks=pytest.mark.django_db),
    ],
)
@pytest.mark.parametrize("way", WAYS)
def test_a_change_without_an_entry_is_found(way: str, db_is_left: bool) -> None:
    as_product(WAYS[way], customer=accounts.customer())

    [finding] = found()
    assert "dashboard_customer" in finding and "dashboard/services/made_up.py" in finding


@pytest.mark.django_db(transaction=True)
def test_an_entry_of_another_transaction_does_not_count() -> None:
    customer = accounts.customer()

    as_product("customer.save()\nrecord(Kind.EVENT, 'customer.changed', actor=SYSTEM)", customer=customer)

    assert len(found()) == 1


@pytest.mark.django_db
def test_an_entry_of_the_same_transaction_counts() -> None:
    code = "with transaction.atomic():\n    customer.save()\n    record(Kind.EVENT, 'customer.changed', actor=SYSTEM)"

    as_product(code, customer=accounts.customer())

    assert found() == []


@pytest.mark.django_db
def test_what_a_test_sets_up_is_its_own_business() -> None:
    customer = accounts.customer()
    customer.delete()

    assert found() == []


@pytest.mark.django_db
def test_every_table_is_watched_or_has_a_reason_not_to_be() -> None:
    tables = {model._meta.db_table for model in apps.get_models(include_auto_created=True)}

    assert tables - shadow.AUDITED.keys() - shadow.NOT_AUDITED.keys() == set()
    assert (shadow.AUDITED.keys() | shadow.NOT_AUDITED.keys()) - tables == set()
    assert all(reason for reason in shadow.NOT_AUDITED.values())
    assert "state" in {field.name for field in Operation._meta.fields}
