"""Which plans need a second person: deletions, and addresses at hosts that the customer's accounts have not had."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from dashboard.models import LinkedAccount, Operation
from dashboard.models.operation import State
from dashboard.services import customers
from dashboard.services.approval_policy import host_of, needed_for
from dashboard.services.audit import SYSTEM
from providers.fields import AuditClass
from providers.plan import CallTemplate, Change, Plan

from . import accounts

SEEN = "https://hooks.northwind.example/linked"


@pytest.fixture(autouse=True)
def both(settings: Any, emulator: Any, db: None) -> None:
    settings.APPROVALS = ["delete", "webhook_host"]


def link(owner: Any = None, webhook: str = "") -> LinkedAccount:
    body = {"webhook": webhook, "link_tags": []}
    return accounts.account(owner, integration="moneykit", provider="moneykit", body=body, schema_key="")


def to(address: str | None, *, before: str | None = None, audit: AuditClass = AuditClass.URL) -> Plan:
    change = Change("webhook", "Webhook", before, address, audit=audit)
    return Plan("settings", "one", "Change the webhook", (change,), CallTemplate("PATCH", "/links/one"), "base")


def test_the_host_the_account_has_needs_nobody_and_another_does() -> None:
    account = link(webhook=SEEN)

    assert needed_for(account, to("https://HOOKS.northwind.example/other?x=1", before=SEEN)) == ""
    assert needed_for(account, to("https://evil.example/linked", before=SEEN)) == "webhook_host"
    assert needed_for(account, to(None, before=SEEN)) == "", "removing sends nothing anywhere"


def test_a_host_of_another_account_of_the_customer_is_seen_and_a_strangers_is_not() -> None:
    owner, stranger = accounts.customer(), accounts.customer()
    link(owner, webhook=SEEN)
    link(stranger, webhook="https://stranger.example/")

    assert needed_for(link(owner), to(SEEN)) == ""
    assert needed_for(link(owner), to("https://stranger.example/")) == "webhook_host"
    assert needed_for(link(), to(SEEN)) == "webhook_host", "without a customer only the account itself counts"


def test_an_account_that_was_given_to_the_customer_by_hand_brings_no_hosts_with_it() -> None:
    victim, stranger = accounts.customer(reference="victim"), accounts.customer(reference="stranger")
    told, untold = link(victim), link(victim)
    LinkedAccount.objects.filter(pk=untold.pk).update(external_id="")  # the provider does not say whose it is
    link(stranger, webhook="https://evil.example/")
    to_evil = to("https://evil.example/")

    customers.change(stranger, {"reference": "away", "name": "", "email": ""}, actor=SYSTEM)
    customers.change(victim, {"reference": "stranger", "name": "", "email": ""}, actor=SYSTEM)

    told.refresh_from_db()
    untold.refresh_from_db()
    assert untold.customer == victim and victim.linked_accounts.count() == 2, "it has the stranger's account now"
    assert needed_for(untold, to_evil) == needed_for(told, to_evil) == "webhook_host"


def test_a_host_that_a_change_has_brought_is_seen_only_if_it_was_done() -> None:
    account = link()
    plan = to("https://earlier.example/")
    kept = {"account": account, "integration": "moneykit", "action": "settings", "plan": plan.to_json()}
    Operation.objects.create(**kept, state=State.REFUSED)

    assert needed_for(account, plan) == "webhook_host"
    Operation.objects.create(**kept, state=State.DONE)
    assert needed_for(account, plan) == ""


@pytest.mark.parametrize(
    "address",
    [
        "https://hooks.northwind.example@evil.example/",
        "https://evil.example\\@hooks.northwind.example/",
        "https://hooks.northwind.example.evil.example/",
        "https://[::1/",
        "https://",
    ],
)
def test_what_parsers_read_in_two_ways_is_never_a_host_that_was_seen(address: str) -> None:
    assert needed_for(link(webhook=SEEN), to(address, before=SEEN)) == "webhook_host"


def test_a_host_is_compared_as_names_are() -> None:
    assert host_of("https://Hooks.Example.:8443/x") == "hooks.example"
    assert host_of("shop.example/path") == "shop.example"
    assert host_of("not an address") is None
    assert host_of("https:evil.example") is host_of("https:/evil.example") is host_of("//evil.example") is None
    assert host_of("wss://evil.example/x") == "evil.example"


def test_an_address_in_a_field_that_was_empty_counts_and_content_of_a_record_does_not() -> None:
    account = link()

    assert needed_for(account, to("https://evil.example/", audit=AuditClass.PUBLIC)) == "webhook_host"
    assert needed_for(account, to("https://evil.example/", audit=AuditClass.RECORD)) == ""
    assert needed_for(account, to("no address", audit=AuditClass.PUBLIC)) == ""


def test_each_key_switches_its_own(settings: Any) -> None:
    account = link()
    deletion = replace(to(None), action="delete")

    assert needed_for(account, deletion) == "delete"
    settings.APPROVALS = ["webhook_host"]
    assert needed_for(account, deletion) == "" and needed_for(account, to(SEEN)) == "webhook_host"
    settings.APPROVALS = []
    assert needed_for(account, to(SEEN)) == ""
