"""Journey 6: change the webhook and the tags of a MoneyKit link; what is sent is what changed, and it is read back."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page, expect

from dashboard.models import AuditEntry, LinkedAccount, Operation
from dashboard.models.operation import State

from .accounts import apply_button, begin, healthy_link, input_of, link_tagged, panel, path_of, plan_table
from .browser import Hand, SignIn
from .desk import Desk

NEW_WEBHOOK = "https://hooks.northwind-pocket.example/second"


def open_form(page: Page) -> Hand:
    hand = Hand(page)
    hand.click(page.get_by_role("link", name="Settings", exact=True))
    hand.click(begin(page, "Edit webhook and tags"))
    expect(input_of(page, "webhook")).to_be_visible()
    return hand


def sent(desk: Desk, account: LinkedAccount) -> list[dict[str, Any]]:
    """Return what arrived at MoneyKit: the values that it took, and under `sent` every key of the body."""
    effects = desk.emulator.moneykit.effects()
    return [dict(effect["changes"]) for effect in effects if effect["subject"] == account.remote_id]


def test_clearing_the_webhook_says_so_and_sends_null(desk: Desk, sign_in: SignIn) -> None:
    account = healthy_link()
    page = sign_in("agent", path_of(account))

    hand = open_form(page)
    hand.type(input_of(page, "webhook"), "")
    expect(plan_table(page).get_by_role("row", name="Webhook")).to_contain_text("will be removed")
    expect(panel(page)).to_contain_text("The webhook will be removed")
    hand.click(apply_button(page))
    expect(panel(page).locator("#receipt")).to_contain_text("Webhook: removed")

    assert (hand.clicks, hand.entries) == (3, 1)
    assert sent(desk, account) == [{"webhook": None, "sent": ["webhook"]}]
    account.refresh_from_db()
    assert account.body["webhook"] is None


def test_only_the_tags_are_sent_when_only_they_change(desk: Desk, sign_in: SignIn) -> None:
    account = healthy_link()
    page = sign_in("agent", path_of(account))
    expect(page.locator("#account-overview")).to_contain_text(account.body["link_tags"][0])

    hand = open_form(page)
    expect(input_of(page, "link_tags")).to_have_value("\n".join(account.body["link_tags"]))
    hand.type(input_of(page, "link_tags"), "vip:yes\n9lives")
    expect(plan_table(page).locator("tbody tr")).to_have_count(1)
    hand.click(apply_button(page))
    expect(panel(page).locator("#receipt")).to_contain_text("vip:yes, 9lives")

    assert (hand.clicks, hand.entries) == (3, 1)
    assert sent(desk, account) == [{"link_tags": ["vip:yes", "9lives"], "sent": ["link_tags"]}]
    account.refresh_from_db()
    assert account.body["link_tags"] == ["vip:yes", "9lives"]


def test_both_change_at_once_and_the_receipt_is_read_back(desk: Desk, sign_in: SignIn) -> None:
    account = healthy_link()
    page = sign_in("agent", path_of(account))
    reads = times_read(desk, account)

    hand = open_form(page)
    hand.type(input_of(page, "webhook"), NEW_WEBHOOK)
    hand.type(input_of(page, "link_tags"), "")
    expect(plan_table(page).locator("tbody tr")).to_have_count(2)
    hand.click(apply_button(page))
    expect(panel(page).locator("#receipt")).to_be_visible()

    assert (hand.clicks, hand.entries) == (3, 2)
    assert sent(desk, account) == [{"webhook": NEW_WEBHOOK, "link_tags": [], "sent": ["link_tags", "webhook"]}]
    assert times_read(desk, account) > reads
    operation = Operation.objects.get(account=account)
    assert operation.state == State.DONE
    assert AuditEntry.objects.filter(operation_id=str(operation.pk), action="operation.outcome").exists()


def times_read(desk: Desk, account: LinkedAccount) -> int:
    """Return how often the link has been read by itself."""
    rows = desk.emulator.moneykit.requests()
    path = f"/links/{account.remote_id}"
    return sum(row["count"] for row in rows if (row["method"], row["path"], row["status"]) == ("GET", path, 200))


def test_an_address_that_is_not_sound_is_said_beside_the_plan_and_not_sent(desk: Desk, sign_in: SignIn) -> None:
    account = healthy_link()
    page = sign_in("agent", path_of(account))

    open_form(page)
    input_of(page, "webhook").fill("http://hooks.northwind-pocket.example/plain")

    expect(panel(page)).to_contain_text("begins with https://")
    expect(apply_button(page)).to_be_disabled()
    assert sent(desk, account) == []


def test_a_refusal_keeps_what_was_typed(desk: Desk, sign_in: SignIn) -> None:
    account = link_tagged("case:validation")
    page = sign_in("agent", path_of(account))

    hand = open_form(page)
    hand.type(input_of(page, "webhook"), NEW_WEBHOOK)
    hand.click(apply_button(page))
    card = panel(page).locator("#outcome-card")
    expect(card).to_be_visible()
    card.get_by_role("button").first.click()

    expect(input_of(page, "webhook")).to_have_value(NEW_WEBHOOK)
    assert sent(desk, account) == []
