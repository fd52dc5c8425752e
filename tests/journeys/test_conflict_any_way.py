"""A conflict on a phone in the dark, by keyboard alone, without scripts, and when it happens again and again."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from dashboard.models import LinkedAccount
from providers.linkar.sandbox_files import VM

from .accounts import PLAIN_RECORD, account_with_id, apply_button, begin, input_of, panel, path_of
from .browser import SignIn, Watch, axe_violations, sideways, tab_to
from .desk import Desk
from .test_conflict import NAME, PHONE, PRICE, applied, choice, edit, record
from .test_without_javascript import wait_for


def somebody_changes(desk: Desk, account: LinkedAccount, number: int, value: str) -> None:
    desk.emulator.linkar.change("ACCOUNTS", account.body["id"], {number: value})


def continue_with_these(page: Page) -> None:
    panel(page).get_by_role("button", name="Continue with these").click()


def test_a_conflict_on_a_phone_in_the_dark(desk: Desk, sign_in: SignIn) -> None:
    account = account_with_id("linkar", PLAIN_RECORD)
    seats, prices = record(desk, account)[7].split(VM), record(desk, account)[PRICE].split(VM)
    page = sign_in("agent", path_of(account), theme="dark", width=360)
    edit(page, "SEATS", "\n".join(["77", *seats[1:]]))
    somebody_changes(desk, account, PRICE, VM.join(["1.11", *prices[1:]]))

    apply_button(page).click()
    conflict = panel(page).locator("#conflict")
    expect(conflict.locator("mark", has_text="77")).to_be_visible()
    expect(conflict.locator("mark", has_text="1.11")).to_be_visible()
    assert sideways(page) == 0
    assert axe_violations(page) == []
    box = choice(page, "Mine").locator("xpath=..").bounding_box()
    assert box and box["height"] >= 24
    choice(page, "Mine").check()
    continue_with_these(page)
    expect(panel(page).locator("#joined")).to_be_visible()
    assert sideways(page) == 0
    applied(page)

    after = record(desk, account)
    assert (after[7].split(VM)[0], after[PRICE].split(VM)) == ("77", prices)


def test_a_conflict_by_keyboard_alone(desk: Desk, sign_in: SignIn) -> None:
    account = account_with_id("linkar", PLAIN_RECORD)
    page = sign_in("agent", path_of(account))
    edit(page, "NAME", "Mine")
    somebody_changes(desk, account, NAME, "Theirs")

    tab_to(page, "[data-apply]")
    page.keyboard.press("Enter")
    expect(panel(page).locator("#conflict")).to_be_visible()
    expect(page.locator("#operation-panel-title")).to_be_focused()
    tab_to(page, "#conflict input[type=radio]")
    page.keyboard.press("ArrowDown")
    expect(choice(page, "Mine")).to_be_checked()
    page.keyboard.press("Tab")
    tab_to(page, "#conflict button.primary")
    page.keyboard.press("Enter")
    expect(panel(page).locator("#joined")).to_be_visible()
    tab_to(page, "[data-apply]")
    page.keyboard.press("Enter")

    expect(panel(page).locator("#receipt")).to_be_visible()
    assert record(desk, account)[NAME] == "Mine"


def test_a_conflict_without_scripts(desk: Desk, sign_in: SignIn, watch: Watch) -> None:
    watch.expects(422)
    account = account_with_id("linkar", PLAIN_RECORD)
    page = sign_in("agent", path_of(account), java_script_enabled=False)
    begin(page, "Edit record").click()
    input_of(page, "NAME").fill("Mine")
    panel(page).get_by_role("button", name="Review").click()
    somebody_changes(desk, account, NAME, "Theirs")

    apply_button(page).click()
    wait_for(page, "#conflict")
    continue_with_these(page)
    expect(panel(page)).to_contain_text("Choose one of them")
    choice(page, "Mine").check()
    continue_with_these(page)
    expect(input_of(page, "NAME")).to_have_value("Mine")
    apply_button(page).click()
    wait_for(page, "#receipt")

    assert record(desk, account)[NAME] == "Mine"


def test_a_conflict_that_comes_again_is_handled_again(desk: Desk, sign_in: SignIn) -> None:
    account = account_with_id("linkar", PLAIN_RECORD)
    page = sign_in("agent", path_of(account))
    edit(page, "NAME", "Mine")

    for number in range(3):
        somebody_changes(desk, account, PHONE, f"555 {number}")
        apply_button(page).click()
        expect(panel(page).locator("#conflict mark", has_text=f"555 {number}")).to_be_visible()
        again = panel(page).get_by_text(re.compile("three times in a row"))
        expect(again).to_have_count(int(number == 2))
        panel(page).get_by_role("button", name="Put mine on top of theirs").click()
        expect(panel(page).locator("#joined")).to_be_visible()
    applied(page)

    after = record(desk, account)
    assert (after[NAME], after[PHONE]) == ("Mine", "555 2")
