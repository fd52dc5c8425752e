"""What the agent is told when the bank or Belvo does not play along."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from .accounts import (
    PLAIN_INSTITUTION,
    account_at,
    apply_button,
    panel,
    password_field,
    path_of,
    primary_button,
)
from .browser import SignIn
from .desk import Desk


@pytest.mark.parametrize(
    ("password", "says"),
    [
        ("wrong", "password"),
        ("locked_account", "lock"),
        ("many_sessions", "session"),
        ("institution_down", "down"),
        ("blocked", "Belvo"),
        ("unexpected", "Belvo"),
    ],
)
def test_a_refusal_says_what_happened_and_who_must_act(desk: Desk, sign_in: SignIn, password: str, says: str) -> None:
    account = account_at(PLAIN_INSTITUTION, status="invalid")
    page = sign_in("agent", path_of(account))

    primary_button(page).click()
    password_field(page).fill(password)
    apply_button(page).click()

    card = panel(page).locator("#outcome-card")
    expect(card).to_be_visible()
    expect(card).to_contain_text(re.compile(says, re.IGNORECASE))
    expect(page.locator("body")).not_to_contain_text("Traceback")


def test_a_cut_after_the_write_is_an_unknown_that_settles_itself(desk: Desk, sign_in: SignIn) -> None:
    account = account_at(PLAIN_INSTITUTION, status="invalid")
    page = sign_in("agent", path_of(account))

    primary_button(page).click()
    password_field(page).fill("cut_after")
    apply_button(page).click()

    expect(panel(page).locator("#receipt, #outcome-card")).to_be_visible(timeout=20_000)
    assert desk.writes_sent == 1
