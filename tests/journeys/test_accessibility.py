"""axe finds nothing on any page or open dialog, light and dark."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from .accounts import (
    CODE_INSTITUTION,
    FEED_CONNECTION,
    GOOD_CODE,
    PLAIN_INSTITUTION,
    PLAIN_RECORD,
    account_at,
    account_with_id,
    apply_button,
    begin,
    code_field,
    healthy_link,
    input_of,
    panel,
    password_field,
    path_of,
    plan_table,
    primary_button,
)
from .browser import SignIn, Watch, axe_violations
from .desk import Desk
from .still_pages import still_pages


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_on_any_page(desk: Desk, sign_in: SignIn, watch: Watch, theme: str) -> None:
    watch.expects(403, 404)
    people = {role: sign_in(role, "/healthz", theme=theme) for role in ("", "agent", "viewer", "auditor", "admin")}

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


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_on_the_forms_of_each_provider(desk: Desk, sign_in: SignIn, theme: str) -> None:
    page = sign_in("agent", f"{path_of(healthy_link())}?tab=settings", theme=theme)
    found = {}

    begin(page, "Edit webhook and tags").click()
    input_of(page, "webhook").fill("")
    expect(plan_table(page)).to_be_visible()
    found["webhook removed"] = axe_violations(page)
    apply_button(page).click()
    expect(panel(page).locator("#receipt")).to_be_visible()
    found["receipt of a link"] = axe_violations(page)
    page.goto(desk.address(path_of(account_with_id("flxpoint", FEED_CONNECTION))))
    begin(page, "Edit configs").click()
    panel(page).get_by_text("Advanced", exact=True).click()
    input_of(page, "remote_path").fill("/second.csv")
    expect(plan_table(page)).to_be_visible()
    found["configs"] = axe_violations(page)

    assert {name: violations for name, violations in found.items() if violations} == {}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_along_a_conflict(desk: Desk, sign_in: SignIn, watch: Watch, theme: str) -> None:
    watch.expects(422)
    account = account_with_id("linkar", PLAIN_RECORD)
    page = sign_in("agent", path_of(account), theme=theme)
    found = {}

    begin(page, "Edit record").click()
    input_of(page, "NAME").fill("Mine")
    expect(plan_table(page)).to_be_visible()
    found["record"] = axe_violations(page)
    desk.emulator.linkar.change("ACCOUNTS", account.body["id"], {2: "Theirs", 5: "555 999"})
    apply_button(page).click()
    expect(panel(page).locator("#conflict")).to_be_visible()
    found["conflict"] = axe_violations(page)
    panel(page).get_by_role("button", name="Continue with these").click()
    expect(panel(page)).to_contain_text("Choose one of them")
    found["nothing chosen"] = axe_violations(page)
    panel(page).get_by_label("Mine", exact=True).check()
    panel(page).get_by_role("button", name="Continue with these").click()
    expect(panel(page).locator("#joined")).to_be_visible()
    found["put together"] = axe_violations(page)
    page.goto(desk.address(path_of(account)))
    found["record with a conflict"] = axe_violations(page)

    assert {name: violations for name, violations in found.items() if violations} == {}


def test_axe_would_find_something(desk: Desk, sign_in: SignIn) -> None:
    page = sign_in("agent", "/linked-accounts/")

    page.evaluate("document.getElementById('search').removeAttribute('aria-label')")
    page.evaluate("document.getElementById('search').removeAttribute('placeholder')")

    assert any("label" in violation for violation in axe_violations(page))
