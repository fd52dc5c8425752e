"""The desk itself: it opens, people sign in by form, and trouble on a page is seen."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from .desk import PASSWORD, Desk


@pytest.mark.parametrize("role", ["agent"])
def test_staff_sign_in_by_form_and_out_again(desk: Desk, sign_in: Callable[..., Page], role: str) -> None:
    page = sign_in("", "/account/login/")

    page.get_by_label("E-mail address").fill(f"{role}@desk.example")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()

    expect(page.get_by_role("heading", name="Linked accounts")).to_be_visible()
