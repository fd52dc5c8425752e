"""A repair without a mouse: focus goes where the work is, and what happened is announced."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from .accounts import (
    CODE_INSTITUTION,
    GOOD_CODE,
    account_at,
    apply_button,
    code_field,
    panel,
    path_of,
)
from .browser import SignIn, tab_to
from .desk import Desk


def test_a_repair_by_keyboard_alone(desk: Desk, sign_in: SignIn) -> None:
    account = account_at(CODE_INSTITUTION, status="invalid")
    assert account.customer
    page = sign_in("agent")

    page.keyboard.press("/")
    page.keyboard.type(account.customer.email)
    page.keyboard.press("Enter")
    expect(page).to_have_url(desk.address(path_of(account)))
    tab_to(page, "#diagnosis .btn.primary")
    page.keyboard.press("Enter")
    expect(page.locator("#operation-panel-title")).to_be_focused()
    tab_to(page, "input[name='field-password']")
    page.keyboard.type("new_password")
    expect(apply_button(page)).to_be_enabled()
    tab_to(page, "[data-apply]")
    page.keyboard.press("Enter")
    expect(code_field(page)).to_be_focused(timeout=10_000)
    page.keyboard.type(GOOD_CODE)
    page.keyboard.press("Enter")

    receipt = panel(page).locator("#receipt")
    expect(receipt).to_contain_text(re.compile("verified healthy", re.IGNORECASE))
    expect(page.locator("#operation-panel-title")).to_be_focused()
    expect(page.locator("#announcements")).not_to_be_empty()
