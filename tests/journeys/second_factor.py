"""An authenticator app in the hand of a test."""

from __future__ import annotations

import time

from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from playwright.sync_api import Page, expect


def code_of(seed: str, *, steps: int = 0) -> str:
    return format_hotp_value(hotp_value(seed, int(time.time()) // 30 + steps))


def give_password(page: Page, email: str, password: str) -> None:
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()


def set_up_app(page: Page) -> str:
    """Set up an authenticator app where a first sign-in asks for one; return its seed."""
    page.get_by_role("link", name="Use an authenticator app").click()
    page.get_by_text("Type it instead").click()
    seed = page.locator("#seed").inner_text()
    page.get_by_label("Code").fill(code_of(seed))
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    return seed
