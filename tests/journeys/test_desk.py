"""The desk itself: it opens, people sign in by form, and trouble on a page is seen."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from .desk import PASSWORD, Desk
from .second_factor import give_password, set_up_app


@pytest.mark.parametrize("role", ["agent"])
def test_staff_sign_in_by_form_and_out_again(desk: Desk, sign_in: Callable[..., Page], role: str) -> None:
    page = sign_in("", "/account/login/")

    give_password(page, f"{role}@desk.example", PASSWORD)
    set_up_app(page)
    page.goto(desk.url)

    expect(page.get_by_role("heading", name="Linked accounts")).to_be_visible()
