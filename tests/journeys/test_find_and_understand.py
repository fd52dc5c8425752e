"""Journeys 1 and 2: from what the customer says on the phone to what is wrong, without a click."""

from __future__ import annotations

import re
import time

import pytest
from playwright.sync_api import expect

from dashboard.models import ApiCall, LinkedAccount
from dashboard.status import STATUS
from providers.attention import Attention

from .accounts import (
    CODE_INSTITUTION,
    FEED_CONNECTION,
    PLAIN_INSTITUTION,
    PLAIN_RECORD,
    account_at,
    account_with_id,
    apply_button,
    badge,
    link_of_one_customer,
    panel,
    password_field,
    path_of,
    primary_button,
)
from .browser import Hand, SignIn
from .desk import Desk


def texts_that_find(account: LinkedAccount) -> dict[str, str]:
    assert account.customer
    call = ApiCall.objects.create(
        integration=account.integration,
        account=account,
        method="GET",
        path_template="/api/links/{id}/",
        path=f"/api/links/{account.remote_id}/",
        status=200,
        duration_ms=12,
        request_id="3F0A1B2C-9D8E-4F70-8162-93A4B5C6D7E8",
        request_id_key="3f0a1b2c9d8e4f70816293a4b5c6d7e8",
    )
    return {
        "e-mail": account.customer.email,
        "external id": account.external_id,
        "link id": account.remote_id,
        "request id": call.request_id,
        "institution and name": f"{account.title.split('_')[0]} {account.customer.name}",
    }


def other_texts(integration: str) -> tuple[LinkedAccount, list[str]]:
    """Return an account of another provider, and what people say to find it: ids, names, addresses."""
    if integration == "moneykit":
        account = link_of_one_customer()
        assert account.customer
        return account, [account.customer.email, account.external_id, account.remote_id]
    if integration == "flxpoint":
        return account_with_id(integration, FEED_CONNECTION), [FEED_CONNECTION, "acme supply - inventory feed"]
    account = account_with_id(integration, PLAIN_RECORD)
    return account, [account.body["id"], account.remote_id]


@pytest.mark.parametrize("integration", ["moneykit", "flxpoint", "linkar"])
def test_an_account_of_each_provider_is_found(desk: Desk, sign_in: SignIn, integration: str) -> None:
    account, texts = other_texts(integration)
    page = sign_in("agent")

    for text in texts:
        page.goto(desk.address("/"))
        began = time.monotonic()
        page.keyboard.press("/")
        page.get_by_label("Search linked accounts").fill(text)
        page.get_by_label("Search linked accounts").press("Enter")
        expect(page, f"by {text}").to_have_url(desk.address(path_of(account)))
        assert time.monotonic() - began < 3


@pytest.mark.smoke
def test_what_the_customer_says_opens_the_link(desk: Desk, sign_in: SignIn) -> None:
    account = account_at(CODE_INSTITUTION, status="token_required")
    page = sign_in("agent")

    for kind, text in texts_that_find(account).items():
        page.goto(desk.address("/"))
        hand = Hand(page)
        began = time.monotonic()
        # No click: "/" moves to the search from anywhere.
        page.keyboard.press("/")
        hand.type(page.get_by_label("Search linked accounts"), text)
        hand.enter(page.get_by_label("Search linked accounts"))
        expect(page, f"by {kind}").to_have_url(desk.address(path_of(account)))

        assert time.monotonic() - began < 3
        assert (hand.clicks, hand.entries) == (0, 1)


def test_many_hits_are_grouped_by_customer(desk: Desk, sign_in: SignIn) -> None:
    page = sign_in("agent", "/?q=example.org")

    groups = page.locator("tr.group")

    expect(groups.first).to_be_visible()
    assert groups.count() > 1


# A word that the accounts of one provider have in common.
LISTED = {"belvo": "heimdall", "moneykit": "mk_", "flxpoint": "feed", "linkar": "apidemo"}
SHOWN = {
    "belvo": [
        Attention.NEEDS_PASSWORD,
        Attention.NEEDS_CODE,
        Attention.INSTITUTION_DOWN,
        Attention.INCOMPLETE,
        Attention.HEALTHY,
    ],
    "moneykit": [
        Attention.NEEDS_RECONNECT,
        Attention.CUSTOMER_AT_INSTITUTION,
        Attention.INSTITUTION_DOWN,
        Attention.INCOMPLETE,
        Attention.HEALTHY,
    ],
    "flxpoint": [Attention.INCOMPLETE, Attention.HEALTHY],
    "linkar": [Attention.INCOMPLETE, Attention.UNKNOWN, Attention.HEALTHY],
}


@pytest.mark.parametrize("integration", SHOWN)
def test_what_is_wrong_stands_above_the_fold(desk: Desk, sign_in: SignIn, integration: str) -> None:
    page = sign_in("agent", "/linked-accounts/?q=nobody-at-all")

    for attention in SHOWN[integration]:
        account = LinkedAccount.objects.filter(integration=integration, attention=attention).order_by("pk")[0]
        page.goto(desk.address(path_of(account)))

        diagnosis = page.locator("#diagnosis")
        expect(diagnosis.get_by_role("heading")).to_have_text(account.headline)
        for shown in ("Who must act", "Since", "Last success"):
            expect(diagnosis.get_by_text(shown, exact=True), f"{shown}: {attention}").to_be_in_viewport(ratio=1)
        buttons = diagnosis.locator(".btn.primary")
        expect(buttons, attention).to_have_count(1)
        expect(buttons, attention).to_be_in_viewport(ratio=1)
        expect(badge(page)).to_have_text(STATUS[attention].word)


@pytest.mark.parametrize("integration", SHOWN)
def test_list_badge_and_detail_badge_agree(desk: Desk, sign_in: SignIn, integration: str) -> None:
    page = sign_in("viewer", f"/linked-accounts/?q={LISTED[integration]}")
    rows = page.locator("tr[data-version]")
    shown = [
        (row.locator(".badge").inner_text(), row.locator("a.row-link").get_attribute("href")) for row in rows.all()[:6]
    ]
    assert shown

    for word, address in shown:
        page.goto(desk.address(str(address)))
        expect(badge(page)).to_have_text(word)


def test_code_and_request_id_are_one_disclosure_away(desk: Desk, sign_in: SignIn) -> None:
    account = account_at(PLAIN_INSTITUTION, status="invalid")
    page = sign_in("agent", path_of(account))
    primary_button(page).click()
    password_field(page).fill("wrong")
    apply_button(page).click()
    expect(panel(page).locator("#outcome-card")).to_be_visible()
    page.goto(desk.address(path_of(account)))
    hand = Hand(page)

    hand.click(page.locator("#diagnosis summary", has_text="Evidence"))

    evidence = page.locator("#diagnosis .evidence-facts")
    expect(evidence).to_contain_text("login_error")
    expect(evidence).to_contain_text(re.compile(r"request id\s*[0-9a-f-]{32,}", re.IGNORECASE))
    assert hand.clicks == 1
