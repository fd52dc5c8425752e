"""Journeys 3 and 4 while the provider takes 8 seconds, or answers 500 or 429: the agent knows what is going on."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Page, expect

from dashboard.models import LinkedAccount, RateGate
from providers.sandbox_faults import Fault

from .accounts import GOOD_CODE, apply_button, code_field, open_room, panel, password_field, path_of, primary_button
from .browser import SignIn
from .desk import Desk


def refusal(status: int, code: str) -> dict[str, object]:
    body = json.dumps([{"code": code, "message": "Not now.", "request_id": "7" * 32}])
    return {"kind": "answer", "status": status, "body": body}


TROUBLES = {
    "8 s": {"kind": "slow", "seconds": 8.0},
    "500": refusal(500, "unexpected_error"),
    "429": refusal(429, "too_many_requests"),
}


@pytest.fixture
def desk(shared_desk: Desk) -> Desk:
    # A 429 holds everybody back for a while: the next test begins with an open gate.
    RateGate.objects.all().delete()
    return shared_desk


def untouched(*banks: str) -> LinkedAccount:
    """Return a link with which no test of this module has worked."""
    found = LinkedAccount.objects.filter(schema_key__in=banks, status__in=("invalid", "token_required"))
    return found.filter(operations=None, gone_at=None).order_by("remote_id")[0]


def expect_the_end(desk: Desk, page: Page, trouble: str, effects: int) -> None:
    now = panel(page)
    match trouble:
        case "8 s":
            expect(now).to_contain_text("waiting for Belvo")
            expect(now).to_contain_text(re.compile(r"[2-9] seconds"))
            healthy = re.compile("verified healthy", re.IGNORECASE)
            expect(now.locator("#receipt")).to_contain_text(healthy, timeout=20_000)
            assert len(desk.emulator.belvo.effects()) > effects
        case "500":
            # It may have been done: said as unknown, and settled by reading back, never by sending again.
            expect(now).to_contain_text(re.compile("do not know whether", re.IGNORECASE))
            expect(now).to_contain_text("7" * 8)
            assert len(desk.emulator.belvo.effects()) == effects
        case _:
            expect(now.locator("#outcome-card")).to_contain_text("Nothing was changed")
            expect(now.locator("#outcome-card")).to_contain_text("Try again")
            expect(now.locator("#outcome-card").get_by_role("button").first).to_be_enabled()
            assert len(desk.emulator.belvo.effects()) == effects


@pytest.mark.parametrize("trouble", TROUBLES)
def test_replacing_credentials(desk: Desk, sign_in: SignIn, trouble: str) -> None:
    account = untouched("erebor_mx_retail", "erebor_br_retail", "erebor_co_retail")
    page = sign_in("agent", path_of(account))
    effects = len(desk.emulator.belvo.effects())
    path = f"/api/links/{account.remote_id}/"
    desk.emulator.belvo.faults.add(Fault(method="PUT", path=path, **TROUBLES[trouble]))  # type: ignore[arg-type]

    primary_button(page).click()
    password_field(page).fill("new_password")
    apply_button(page).click()

    expect_the_end(desk, page, trouble, effects)


@pytest.mark.parametrize("trouble", TROUBLES)
def test_relaying_a_code(desk: Desk, sign_in: SignIn, trouble: str) -> None:
    account = untouched("heimdall_mx_retail", "heimdall_co_retail")
    page = sign_in("agent", path_of(account))
    open_room(page)
    effects = len(desk.emulator.belvo.effects())
    desk.emulator.belvo.faults.add(Fault(method="PATCH", path="/api/links/", **TROUBLES[trouble]))  # type: ignore[arg-type]

    code_field(page).fill(GOOD_CODE)
    panel(page).get_by_role("button", name="Send code").click()

    expect_the_end(desk, page, trouble, effects)
    assert GOOD_CODE not in page.content()
