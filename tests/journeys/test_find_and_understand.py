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
    PLAIN_INSTITUTION,
    account_at,
    apply_button,
    badge,
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


@pytest.mark.parametrize(
    "attention",
    [
        Attention.NEEDS_PASSWORD,
        Attention.NEEDS_CODE,
        Attention.INSTITUTION_DOWN,
        Attention.INCOMPLETE,
        Attention.HEALTHY,
    ],
)
def test_what_is_wrong_stands_above_the_fold(desk: Desk, sign_in: SignIn, attention: Attention) -> None:
    account = LinkedAccount.objects.filter(attention=attention).exclude(customer=None).order_by("pk")[0]

    page = sign_in("agent", path_of(account))

    diagnosis = page.locator("#diagnosis")
    expect(diagnosis.get_by_role("heading")).to_have_text(account.headline)
    for shown in ("Who must act", "Since", "Last success"):
        expect(diagnosis.get_by_text(shown, exact=True)).to_be_in_viewport(ratio=1)
    buttons = diagnosis.locator(".btn.primary")
    expect(buttons).to_have_count(1)
    expect(buttons).to_be_in_viewport(ratio=1)
    expect(badge(page)).to_have_text(STATUS[attention].word)


def test_list_badge_and_detail_badge_agree(desk: Desk, sign_in: SignIn) -> None:
    page = sign_in("viewer", "/linked-accounts/?attention=needs_password")
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
