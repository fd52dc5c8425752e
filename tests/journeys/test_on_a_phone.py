"""360 pixels wide: nothing scrolls sideways, and a repair works in the dark."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from .accounts import (
    CODE_INSTITUTION,
    GOOD_CODE,
    account_at,
    apply_button,
    code_field,
    panel,
    password_field,
    path_of,
    primary_button,
)
from .browser import SignIn, Watch, sideways
from .desk import Desk
from .still_pages import still_pages


@pytest.fixture
def desk(shared_desk: Desk) -> Desk:
    return shared_desk


def test_a_repair_on_a_phone_in_the_dark(desk: Desk, sign_in: SignIn) -> None:
    account = account_at(CODE_INSTITUTION, status="invalid")
    page = sign_in("agent", "/linked-accounts/", theme="dark", width=360)
    assert sideways(page) == 0

    page.goto(desk.address(path_of(account)))
    assert sideways(page) == 0
    primary_button(page).click()
    expect(password_field(page)).to_be_visible()
    assert sideways(page) == 0
    password_field(page).fill("new_password")
    apply_button(page).click()
    expect(code_field(page)).to_be_visible()
    assert sideways(page) == 0
    box = code_field(page).bounding_box()
    assert box and box["height"] >= 48
    code_field(page).fill(GOOD_CODE)
    panel(page).get_by_role("button", name="Send code").click()
    expect(panel(page).locator("#receipt")).to_be_visible()
    assert sideways(page) == 0


def test_no_page_scrolls_sideways_on_a_phone(desk: Desk, sign_in: SignIn, watch: Watch) -> None:
    watch.expects(403, 404)
    people = {role: sign_in(role, "/healthz", width=360) for role in ("", "agent", "viewer", "auditor", "admin")}

    found = {}
    for name, (role, path) in still_pages().items():
        people[role].goto(desk.address(path))
        found[name] = sideways(people[role])

    assert {name: pixels for name, pixels in found.items() if pixels} == {}
