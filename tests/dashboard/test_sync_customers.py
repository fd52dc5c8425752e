"""Accounts that do not say whose they are: the customers are asked about, and what was learned is kept."""

from __future__ import annotations

import pytest

from dashboard.models import Customer, LinkedAccount
from dashboard.registry import provider_for
from dashboard.services import sync
from dashboard.services.mirror import mirror
from tests.emulator import Emulator

pytestmark = pytest.mark.django_db


@pytest.fixture
def customer(emulator: Emulator) -> Customer:
    return Customer.objects.create(reference="cust_001377", name="Luis Fernando Castillo Peña")


def test_a_sync_finds_the_accounts_of_customers(customer: Customer) -> None:
    run = sync.run("moneykit")

    found = LinkedAccount.objects.filter(integration="moneykit", customer=customer)
    assert run.result == "complete"
    assert found
    assert {account.external_id for account in found} == {"cust_001377"}
    assert "connecting" in {account.status for account in found}, "a link never connected is in no list"


def test_what_a_customer_told_stays_when_the_account_is_read_alone(customer: Customer) -> None:
    sync.run("moneykit")
    account = LinkedAccount.objects.exclude(remote_created_at=None).get(
        integration="moneykit", customer=customer, status="connected"
    )

    again = provider_for("moneykit").fetch(account.remote_id)
    mirror("moneykit", again.value)  # type: ignore[union-attr]

    fresh = LinkedAccount.objects.get(pk=account.pk)
    assert (fresh.customer, fresh.external_id) == (customer, "cust_001377")
    assert fresh.remote_created_at == account.remote_created_at
    assert fresh.version == account.version, "nothing that is shown has changed"


def test_a_second_pass_changes_nothing(customer: Customer) -> None:
    sync.run("moneykit")

    assert sync.run("moneykit").changed == 0


def test_a_customer_who_comes_later_is_found_by_the_next_pass(emulator: Emulator) -> None:
    sync.run("moneykit")
    late = Customer.objects.create(reference="cust_003311", name="Marina")

    sync.run("moneykit")

    assert LinkedAccount.objects.filter(integration="moneykit", customer=late).exists()


def test_belvo_is_never_asked_about_customers(customer: Customer, emulator: Emulator) -> None:
    sync.run("belvo")

    assert not [asked for asked in emulator.belvo.requests() if "/users/" in asked["path"]]


def test_an_account_that_is_refused_does_not_end_a_pass(emulator: Emulator) -> None:
    sync.run("moneykit")
    box = emulator.sandboxes["moneykit"]
    link = next(link for link in box.world.links.values() if link.was_connected and not link.case)  # type: ignore[attr-defined]
    link.case, link.case_on = "other_app", frozenset({"detail"})

    run = sync.run("moneykit")

    assert run.result == "complete"
    assert LinkedAccount.objects.get(remote_id=link.id).stale_at is not None
