"""Journeys 3 and 4: replace the password, relay the code, see the verified receipt; counted in clicks and entries."""

from __future__ import annotations

import re
import time
from datetime import timedelta

from django.utils import timezone
from playwright.sync_api import expect

from dashboard.models import LinkedAccount, Operation
from dashboard.models.operation import State

from .accounts import (
    CODE_INSTITUTION,
    GOOD_CODE,
    PLAIN_INSTITUTION,
    WRONG_CODE,
    account_at,
    apply_button,
    badge,
    code_field,
    open_room,
    panel,
    password_field,
    path_of,
    primary_button,
)
from .browser import Hand, SignIn, Watch
from .desk import Desk


def test_replacing_the_password_takes_two_clicks_and_an_entry(desk: Desk, sign_in: SignIn) -> None:
    account = account_at(PLAIN_INSTITUTION, status="invalid")
    page = sign_in("agent", path_of(account))
    hand = Hand(page)

    hand.click(primary_button(page))
    hand.type(password_field(page), "new_password")
    expect(panel(page).get_by_text("a new one is given")).to_be_visible()
    hand.click(apply_button(page))

    expect(panel(page).locator("#receipt")).to_contain_text(re.compile("verified healthy", re.IGNORECASE))
    expect(badge(page)).to_have_text("Healthy")
    assert (hand.clicks, hand.entries) == (2, 1)
    account.refresh_from_db()
    assert account.status == "valid"
    assert desk.writes_sent == 1


def test_a_code_asked_for_appears_in_the_same_panel(desk: Desk, sign_in: SignIn) -> None:
    account = account_at(CODE_INSTITUTION, status="invalid")
    page = sign_in("agent", path_of(account))
    hand = Hand(page)
    began = time.monotonic()

    hand.click(primary_button(page))
    hand.type(password_field(page), "new_password")
    hand.click(apply_button(page))
    hand.type(code_field(page), GOOD_CODE)
    hand.click(panel(page).get_by_role("button", name="Send code"))
    expect(panel(page).locator("#receipt")).to_contain_text(re.compile("verified healthy", re.IGNORECASE))

    assert (hand.clicks, hand.entries) == (3, 2)
    assert time.monotonic() - began < 30
    expect(badge(page)).to_have_text("Healthy")
    expect(page).to_have_url(desk.address(path_of(account)))
    assert LinkedAccount.objects.get(pk=account.pk).remote_id == account.remote_id
    page.reload()
    expect(page.locator("#account-rail")).to_contain_text("1 sent in the last 24 hours")


def test_relaying_a_code_takes_two_clicks_and_an_entry(desk: Desk, sign_in: SignIn) -> None:
    account = account_at(CODE_INSTITUTION, status="token_required")
    open_room(sign_in("agent", path_of(account)))
    page = sign_in("agent", path_of(account))
    hand = Hand(page)
    began = time.monotonic()

    hand.click(page.locator("#diagnosis").get_by_role("link", name="Enter code"))
    hand.type(code_field(page), GOOD_CODE)
    hand.click(panel(page).get_by_role("button", name="Send code"))
    expect(panel(page).locator("#receipt")).to_contain_text(re.compile("verified healthy", re.IGNORECASE))

    assert (hand.clicks, hand.entries) == (2, 1)
    assert time.monotonic() - began < 15


def test_the_shown_end_is_the_institutions_own(desk: Desk, sign_in: SignIn) -> None:
    account = account_at(CODE_INSTITUTION, status="token_required")
    page = sign_in("agent", path_of(account))

    open_room(page)

    operation = Operation.objects.get(account=account, state=State.AWAITING_TOKEN)
    assert operation.sealed_until
    shown = page.locator("[data-countdown]")
    left = float(str(shown.get_attribute("data-countdown")))
    # Of the moment the page was made, a second or two ago.
    assert abs(left - (operation.sealed_until - timezone.now()).total_seconds()) < 3


def test_a_wrong_code_stays_in_the_room_with_a_new_challenge(desk: Desk, sign_in: SignIn) -> None:
    account = account_at(CODE_INSTITUTION, status="token_required")
    page = sign_in("agent", path_of(account))
    open_room(page)

    code_field(page).fill(WRONG_CODE)
    panel(page).get_by_role("button", name="Send code").click()

    expect(panel(page)).to_contain_text("did not accept that code")
    expect(code_field(page)).to_be_focused()
    expect(code_field(page)).to_have_value("")
    code_field(page).fill(GOOD_CODE)
    panel(page).get_by_role("button", name="Send code").click()
    expect(panel(page).locator("#receipt")).to_contain_text(re.compile("verified healthy", re.IGNORECASE))
    assert Operation.objects.get(account=account).tokens_sent == 2


def test_a_late_code_begins_again_with_one_click_and_the_password(desk: Desk, sign_in: SignIn, watch: Watch) -> None:
    watch.expects(410)
    account = account_at(CODE_INSTITUTION, status="token_required")
    page = sign_in("agent", path_of(account))
    open_room(page)
    Operation.objects.filter(account=account, state=State.AWAITING_TOKEN).update(
        sealed_until=timezone.now() - timedelta(seconds=1)
    )

    code_field(page).fill(GOOD_CODE)
    panel(page).get_by_role("button", name="Send code").click()
    # The open room has a button of that name too.
    expect(panel(page)).to_contain_text("The time for the code is over")
    # The room has such a button too: wait until it is gone.
    expect(panel(page).locator("#mfa-room")).to_have_count(0)
    again = panel(page).get_by_role("button", name=re.compile("again", re.IGNORECASE))
    hand = Hand(page)
    hand.click(again)

    expect(password_field(page)).to_have_value("")
    assert hand.clicks == 1


def test_a_lost_session_says_so_and_begins_again(desk: Desk, sign_in: SignIn) -> None:
    account = account_at(CODE_INSTITUTION, status="token_required")
    page = sign_in("agent", path_of(account))
    open_room(page)

    code_field(page).fill("222222")
    panel(page).get_by_role("button", name="Send code").click()

    expect(panel(page).locator("#outcome-card")).to_be_visible()
    expect(panel(page).get_by_role("button", name=re.compile("again", re.IGNORECASE))).to_be_visible()
