"""Signing in in a real browser, with an authenticator of the browser's own: passkeys, codes, and asking once more."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from django.contrib.sessions.backends.db import SessionStore
from playwright.sync_api import Browser, Page, expect

from .accounts import PLAIN_INSTITUTION, account_at, apply_button, password_field, path_of, primary_button
from .browser import SignIn, Watch, axe_violations, sideways
from .desk import PASSWORD, Desk
from .second_factor import give_password, set_up_app

AGENT = "agent@desk.example"


def by_name(desk: Desk, path: str) -> str:
    """Return an address by the host's name: a browser takes no passkey for a number."""
    return f"http://localhost:{urlsplit(desk.url).port}{path}"


def make_stale(page: Page) -> None:
    """Let more than five minutes go by since the person proved themselves."""
    [key] = [cookie["value"] for cookie in page.context.cookies() if cookie["name"] == "sessionid"]
    session = SessionStore(key)
    for record in session["account_authentication_methods"]:
        record["at"] -= 301
    session.modified = True
    session.save()


@pytest.fixture
def page(browser: Browser, desk: Desk, watch: Watch) -> Iterator[Page]:
    """A page whose browser has an authenticator with a finger on it."""
    context = browser.new_context(viewport={"width": 360, "height": 780}, color_scheme="dark")
    watch.attach(context)
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    yield page
    context.close()


def test_a_passkey_is_set_up_and_signs_in_alone(desk: Desk, page: Page) -> None:
    page.goto(by_name(desk, "/account/login/"))
    give_password(page, AGENT, PASSWORD)
    assert axe_violations(page) == [] and sideways(page) == 0
    page.get_by_role("link", name="Use a passkey").click()
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    assert axe_violations(page) == [] and sideways(page) == 0
    page.get_by_role("link", name="I have them").click()
    expect(page.get_by_role("heading", name="Your account")).to_be_visible()
    assert axe_violations(page) == [] and sideways(page) == 0
    page.locator("#user-menu summary").click()
    page.get_by_role("button", name="Sign out").click()

    page.get_by_role("button", name="Use a passkey").click()

    expect(page.get_by_role("heading", name="Linked accounts")).to_be_visible()


def test_a_recovery_code_lets_in_whoever_lost_the_telephone(desk: Desk, page: Page) -> None:
    page.goto(by_name(desk, "/account/login/"))
    give_password(page, AGENT, PASSWORD)
    set_up_app(page)
    code = page.locator(".codes code").first.inner_text()
    page.context.clear_cookies()
    page.goto(by_name(desk, "/account/login/"))
    give_password(page, AGENT, PASSWORD)
    assert axe_violations(page) == [] and sideways(page) == 0

    page.get_by_label("Code").fill(code)
    page.get_by_role("button", name="Sign in", exact=True).click()

    expect(page.get_by_role("heading", name="Linked accounts")).to_be_visible()


def test_asking_once_more_keeps_what_was_typed(desk: Desk, sign_in: SignIn, watch: Watch) -> None:
    watch.expects(403)
    page = sign_in("agent", path_of(account_at(PLAIN_INSTITUTION, status="invalid")))
    primary_button(page).click()
    secret = password_field(page)
    secret.fill("typed_before_5m")
    expect(apply_button(page)).to_be_enabled()
    make_stale(page)
    apply_button(page).click()
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Confirm in a new tab").click()
    tab = opened.value
    tab.get_by_label("Password").fill(PASSWORD)
    tab.get_by_role("button", name="Confirm").click()
    expect(tab.get_by_role("heading", name="Confirmed")).to_be_visible()

    expect(secret).to_have_value("typed_before_5m")
    apply_button(page).click()

    expect(page.locator("#operation-progress, #receipt, #outcome-card, #mfa-room").first).to_be_visible()


def test_signing_out_everywhere_shuts_the_other_browser_at_its_next_click(desk: Desk, sign_in: SignIn) -> None:
    here = sign_in("", "/account/login/")
    give_password(here, AGENT, PASSWORD)
    set_up_app(here)
    code = here.locator(".codes code").first.inner_text()
    here.get_by_role("link", name="I have them").click()
    there = sign_in("", "/account/login/?next=/customers/", theme="dark")
    give_password(there, AGENT, PASSWORD)
    there.get_by_label("Code").fill(code)
    there.get_by_role("button", name="Sign in", exact=True).click()
    expect(there.get_by_role("heading", name="Customers")).to_be_visible()

    here.reload()
    here.get_by_role("link", name="Where you are signed in (2)").click()
    expect(here.get_by_role("row").filter(has_text="this one")).to_have_count(1)
    here.get_by_role("button", name="Sign out everywhere else").click()

    expect(here.get_by_role("rowheader")).to_have_count(1)
    there.get_by_role("link", name="Linked accounts").click()
    expect(there.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
    assert urlsplit(there.url).path == "/account/login/"
    here.get_by_role("link", name="Linked accounts").click()
    expect(here.get_by_role("heading", name="Linked accounts")).to_be_visible()
