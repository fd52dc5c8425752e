"""Pages change by themselves and leave alone what somebody is typing."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from dashboard.models import LinkedAccount

from .accounts import (
    CODE_INSTITUTION,
    GOOD_CODE,
    PLAIN_INSTITUTION,
    account_at,
    badge,
    code_field,
    open_room,
    panel,
    password_field,
    path_of,
    primary_button,
)
from .browser import SignIn
from .desk import Desk


def test_success_flips_the_badge_of_an_open_list_without_reload(desk: Desk, sign_in: SignIn) -> None:
    account = account_at(CODE_INSTITUTION, status="token_required")
    onlooker = sign_in("viewer", f"/linked-accounts/?institution={account.schema_key}")
    row = onlooker.locator(f"tr:has(a[href='{path_of(account)}'])")
    expect(row.locator(".badge")).to_have_text("Needs code")

    page = sign_in("agent", path_of(account))
    open_room(page)
    code_field(page).fill(GOOD_CODE)
    panel(page).get_by_role("button", name="Send code").click()
    expect(badge(page)).to_have_text("Healthy", timeout=4_000)

    expect(row.locator(".badge")).to_have_text("Healthy", timeout=8_000)


def test_typed_text_and_focus_survive_a_poll(desk: Desk, sign_in: SignIn) -> None:
    account = account_at(PLAIN_INSTITUTION, status="invalid")
    page = sign_in("agent", path_of(account))
    primary_button(page).click()
    password_field(page).fill("half_typed")

    with page.expect_response(re.compile("/live/")):
        LinkedAccount.objects.filter(pk=account.pk).update(
            headline="Changed by somebody else.", version=account.version + 1
        )
    expect(page.locator("#diagnosis").get_by_role("heading")).to_have_text("Changed by somebody else.", timeout=10_000)

    expect(password_field(page)).to_have_value("half_typed")
    expect(password_field(page)).to_be_focused()
