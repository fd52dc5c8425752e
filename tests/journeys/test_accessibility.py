"""axe finds nothing on any page or open dialog; a keyboard and a narrow screen are enough."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from dashboard.models import Customer, LinkedAccount
from providers.attention import Attention

from .accounts import (
    CODE_INSTITUTION,
    GOOD_CODE,
    PLAIN_INSTITUTION,
    account_at,
    apply_button,
    code_field,
    panel,
    password_field,
    path_of,
    primary_button,
)
from .browser import Watch, axe_violations
from .desk import Desk

SignIn = Callable[..., Page]
NOWHERE = "/linked-accounts/00000000-0000-0000-0000-000000000000/"


def still_pages() -> dict[str, tuple[str, str]]:
    """Return role and address of every page that can simply be opened, by what it shows."""
    account = account_at(PLAIN_INSTITUTION, status="invalid")
    customer = Customer.objects.filter(linked_accounts=account).get()
    pages = {
        "sign-in": ("", "/account/login/"),
        "list": ("agent", "/linked-accounts/"),
        "list, filtered": ("agent", "/linked-accounts/?attention=needs_code"),
        "list, grouped": ("agent", "/linked-accounts/?q=example.org"),
        "list, empty": ("agent", "/linked-accounts/?q=nobody-at-all&attention=needs_code"),
        "customers": ("agent", "/customers/"),
        "customer": ("agent", f"/customers/{customer.pk}/"),
        "customer, edit": ("agent", f"/customers/{customer.pk}/edit/"),
        "customer, new": ("agent", "/customers/new/"),
        "audit log": ("auditor", "/audit/"),
        "audit entry": ("auditor", "/audit/1/"),
        "password": ("agent", "/account/password/"),
        "sign-out": ("agent", "/account/logout/"),
        "not allowed": ("viewer", "/audit/"),
        "not found": ("agent", NOWHERE),
    }
    for attention in Attention:
        if found := LinkedAccount.objects.filter(attention=attention).first():
            pages[f"link, {attention.value}"] = ("agent", path_of(found))
    for tab in ("settings", "calls", "history"):
        pages[f"link, {tab}"] = ("agent", f"{path_of(account)}?tab={tab}")
    pages["link, as viewer"] = ("viewer", path_of(account))
    return pages


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_on_any_page(desk: Desk, sign_in: SignIn, watch: Watch, theme: str) -> None:
    watch.expects(403, 404)
    people = {role: sign_in(role, "/healthz", theme=theme) for role in ("", "agent", "viewer", "auditor")}

    found = {}
    for name, (role, path) in still_pages().items():
        people[role].goto(desk.address(path))
        found[name] = axe_violations(people[role])

    assert {name: violations for name, violations in found.items() if violations} == {}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_along_a_repair(desk: Desk, sign_in: SignIn, theme: str) -> None:
    page = sign_in("agent", path_of(account_at(CODE_INSTITUTION, status="invalid")), theme=theme)
    found = {}

    page.locator("#user-menu summary").click()
    found["menu"] = axe_violations(page)
    page.locator("#user-menu summary").click()
    primary_button(page).click()
    expect(password_field(page)).to_be_visible()
    panel(page).get_by_text("Advanced", exact=True).click()
    found["form"] = axe_violations(page)
    password_field(page).fill("new_password")
    expect(apply_button(page)).to_be_enabled()
    found["plan"] = axe_violations(page)
    apply_button(page).click()
    expect(code_field(page)).to_be_visible()
    found["room"] = axe_violations(page)
    code_field(page).fill("333333")
    panel(page).get_by_role("button", name="Send code").click()
    expect(panel(page)).to_contain_text("did not accept that code")
    found["wrong code"] = axe_violations(page)
    code_field(page).fill(GOOD_CODE)
    panel(page).get_by_role("button", name="Send code").click()
    expect(panel(page).locator("#receipt")).to_be_visible()
    found["receipt"] = axe_violations(page)
    page.goto(desk.address(path_of(account_at(PLAIN_INSTITUTION, status="invalid"))))
    primary_button(page).click()
    password_field(page).fill("wrong")
    apply_button(page).click()
    expect(panel(page).locator("#outcome-card")).to_be_visible()
    found["outcome"] = axe_violations(page)
    page.evaluate("document.getElementById('signed-out').showModal()")
    found["dialog"] = axe_violations(page)

    assert {name: violations for name, violations in found.items() if violations} == {}


def test_axe_would_find_something(desk: Desk, sign_in: SignIn) -> None:
    page = sign_in("agent", "/linked-accounts/")

    page.evaluate("document.getElementById('search').removeAttribute('aria-label')")
    page.evaluate("document.getElementById('search').removeAttribute('placeholder')")

    assert any("label" in violation for violation in axe_violations(page))


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
    people = {role: sign_in(role, "/healthz", width=360) for role in ("", "agent", "viewer", "auditor")}

    found = {}
    for name, (role, path) in still_pages().items():
        people[role].goto(desk.address(path))
        found[name] = sideways(people[role])

    assert {name: pixels for name, pixels in found.items() if pixels} == {}


def test_a_viewer_sees_no_way_to_write_and_is_refused(desk: Desk, sign_in: SignIn, watch: Watch) -> None:
    watch.expects(403)
    account = account_at(PLAIN_INSTITUTION, status="invalid")
    page = sign_in("viewer", path_of(account))

    assert page.locator("form[action*='/operations/']").count() == 0
    token = page.locator("input[name='csrfmiddlewaretoken']").first.get_attribute("value")
    answer = page.request.post(
        desk.address(f"{path_of(account)}operations/credentials/"),
        form={"csrfmiddlewaretoken": str(token)},
        headers={"Referer": page.url},
    )

    assert answer.status == 403
    assert "repair linked accounts" in answer.text()
    assert "Agent Person" in answer.text()
    assert desk.emulator.belvo.effects() == []


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


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until that control has the focus."""
    for _ in range(60):
        if page.evaluate("selector => document.activeElement?.matches(selector)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab never reached {selector}.")


def sideways(page: Page) -> int:
    """Return by how many pixels the page is wider than its window."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))
