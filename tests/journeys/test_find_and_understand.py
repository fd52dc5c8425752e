"""Journeys 1 and 2: from what the customer says on the phone to what is wrong, without a click."""

from __future__ import annotations

import re
import statistics
import time

import pytest
from playwright.sync_api import expect

from dashboard.models import ApiCall, LinkedAccount
from dashboard.registry import request_id_key
from dashboard.services.look import look_at
from dashboard.status import STATUS
from providers.attention import Attention

from .accounts import (
    CODE_INSTITUTION,
    FEED_CONNECTION,
    PLAIN_INSTITUTION,
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


@pytest.fixture
def desk(shared_desk: Desk) -> Desk:
    return shared_desk


def account_to_find(desk: Desk, integration: str) -> LinkedAccount:
    """Return an account of a customer who has no other one, if the provider's accounts have customers."""
    match integration:
        case "belvo":
            return account_at(CODE_INSTITUTION, status="token_required")
        case "moneykit":
            account = link_of_one_customer()
            # As apps do that tag their links with whose they are.
            desk.emulator.moneykit.world.links[account.remote_id].body["link_tags"] = ["mail:nora.k@kin.example"]
            assert look_at(str(account.pk))
            return account
        case "flxpoint":
            return account_with_id(integration, FEED_CONNECTION)
    # Its name and its contact are no other record's.
    return account_with_id(integration, "apidemo/ACCOUNTS/AC%2A1050")


def texts_that_find(account: LinkedAccount) -> dict[str, str]:
    """Return what people say to find an account, by what it is; Flxpoint's connections belong to no customer."""
    request_id = f"3F0A1B2C-9D8E-4F70-8162-{account.pk.hex[:12].upper()}"
    ApiCall.objects.create(
        integration=account.integration,
        account=account,
        method="GET",
        path_template="/one/{id}",
        path="/one/1",
        status=200,
        duration_ms=12,
        request_id=request_id,
        request_id_key=request_id_key(request_id),
    )
    texts = {
        "id": account.remote_id,
        "request id": request_id,
        "institution and name": f"{account.title} {account.customer.name if account.customer else account.schema_key}",
        "e-mail in a tag": next((tag for tag in account.tags if "@" in tag), "").removeprefix("mail:"),
    }
    if account.integration == "linkar":
        texts["id as people read it out"] = str(account.body["id"])
    if account.customer and account.customer.linked_accounts.count() == 1:
        texts |= {"e-mail": account.customer.email, "external id": account.external_id}
    return {kind: text for kind, text in texts.items() if text}


FOUND_BY = {
    "belvo": {"id", "request id", "institution and name", "e-mail", "external id"},
    "moneykit": {"id", "request id", "institution and name", "e-mail in a tag", "e-mail", "external id"},
    "flxpoint": {"id", "request id", "institution and name"},
    "linkar": {"id", "id as people read it out", "request id", "institution and name", "e-mail in a tag"},
}


@pytest.mark.parametrize(
    "integration", [pytest.param(name, marks=pytest.mark.smoke if name == "belvo" else ()) for name in FOUND_BY]
)
def test_what_the_customer_says_opens_the_account(desk: Desk, sign_in: SignIn, integration: str) -> None:
    account = account_to_find(desk, integration)
    account.refresh_from_db()
    texts = texts_that_find(account)
    # A search that counts for nothing: the first one pays for what the server has not loaded yet.
    page = sign_in("agent", "/linked-accounts/?q=nobody-at-all")
    took_s = []

    for kind, text in texts.items():
        page.goto(desk.address("/customers/"))
        hand = Hand(page)
        began = time.monotonic()
        # No click: "/" moves to the search from anywhere.
        page.keyboard.press("/")
        hand.type(page.get_by_label("Search linked accounts"), text)
        hand.enter(page.get_by_label("Search linked accounts"))
        expect(page, f"by {kind}").to_have_url(desk.address(path_of(account)))

        took_s.append(time.monotonic() - began)
        assert (hand.clicks, hand.entries) == (0, 1)
    assert statistics.median(took_s) < 3, took_s
    assert set(texts) == FOUND_BY[integration]


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
