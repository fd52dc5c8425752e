"""The same journeys in a browser that runs no script: every action is a form or a link."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from .accounts import (
    CODE_INSTITUTION,
    GOOD_CODE,
    PLAIN_INSTITUTION,
    WRONG_CODE,
    account_at,
    apply_button,
    badge,
    code_field,
    panel,
    password_field,
    path_of,
    primary_button,
)
from .browser import SignIn, Watch
from .desk import Desk


@pytest.fixture
def plain(sign_in: SignIn) -> SignIn:
    return lambda *arguments, **options: sign_in(*arguments, java_script_enabled=False, **options)


def wait_for(page: Page, selector: str) -> None:
    """Press "Check again" until the screen is there, as a person would."""
    for _ in range(40):
        if panel(page).locator(selector).count():
            return
        page.wait_for_timeout(250)
        panel(page).get_by_role("link", name="Check again").click()
    raise AssertionError(f"{selector} did not come:\n{panel(page).inner_text()}")


def review_and_apply(page: Page, password: str) -> None:
    password_field(page).fill(password)
    panel(page).get_by_role("button", name="Review").click()
    expect(panel(page)).to_contain_text("a new one is given")
    expect(password_field(page)).to_have_value("")
    password_field(page).fill(password)
    apply_button(page).click()


def test_what_the_customer_says_opens_the_link(desk: Desk, plain: SignIn) -> None:
    account = account_at(CODE_INSTITUTION, status="token_required")
    assert account.customer
    page = plain("agent")

    page.get_by_label("Search linked accounts").fill(account.customer.email)
    page.get_by_label("Search linked accounts").press("Enter")

    expect(page).to_have_url(desk.address(path_of(account)))
    expect(page.locator("#diagnosis").get_by_role("heading")).to_have_text(account.headline)


def test_filters_apply_with_a_button(desk: Desk, plain: SignIn) -> None:
    page = plain("agent", "/linked-accounts/")

    page.get_by_label("Institution").select_option(CODE_INSTITUTION)
    page.get_by_role("button", name="Apply").click()

    expect(page).to_have_url(re.compile(f"institution={CODE_INSTITUTION}"))
    assert page.locator("tr[data-version]").count() > 0


def test_the_password_is_replaced_and_the_code_relayed(desk: Desk, plain: SignIn) -> None:
    account = account_at(CODE_INSTITUTION, status="invalid")
    page = plain("agent", path_of(account))

    primary_button(page).click()
    review_and_apply(page, "new_password")
    wait_for(page, "#mfa-room")
    code_field(page).fill(WRONG_CODE)
    panel(page).get_by_role("button", name="Send code").click()
    wait_for(page, "#mfa-room")
    expect(panel(page)).to_contain_text("did not accept that code")
    code_field(page).fill(GOOD_CODE)
    panel(page).get_by_role("button", name="Send code").click()
    wait_for(page, "#receipt")

    expect(panel(page).locator("#receipt")).to_contain_text(re.compile("verified healthy", re.IGNORECASE))
    page.goto(desk.address(path_of(account)))
    expect(badge(page)).to_have_text("Healthy")


def test_a_refusal_is_shown_and_begins_again(desk: Desk, plain: SignIn) -> None:
    account = account_at(PLAIN_INSTITUTION, status="invalid")
    page = plain("agent", path_of(account))

    primary_button(page).click()
    review_and_apply(page, "wrong")
    wait_for(page, "#outcome-card")
    panel(page).locator("#outcome-card").get_by_role("button").click()

    expect(password_field(page)).to_have_value("")


def test_a_blank_password_is_refused_beside_its_field(desk: Desk, plain: SignIn, watch: Watch) -> None:
    watch.expects(422)
    account = account_at(PLAIN_INSTITUTION, status="invalid")
    page = plain("agent", path_of(account))

    primary_button(page).click()
    panel(page).get_by_role("button", name="Review").click()

    expect(password_field(page)).to_be_visible()
    expect(apply_button(page)).to_be_disabled()


def test_the_theme_is_a_form(desk: Desk, plain: SignIn) -> None:
    page = plain("agent", "/linked-accounts/")

    page.locator("#user-menu summary").click()
    page.locator("#user-menu").get_by_role("button", name="Dark").click()

    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
