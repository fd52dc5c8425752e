"""Journeys 6, 7 and 8 once more: by keyboard with what a screen reader gets, and on a phone in the dark."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import pytest
from playwright.sync_api import Locator, Page, expect

from dashboard.models import LinkedAccount

from .accounts import (
    FEED_CONNECTION,
    PLAIN_RECORD,
    account_with_id,
    apply_button,
    healthy_link,
    input_of,
    panel,
    path_of,
    plan_table,
)
from .browser import SignIn, axe_violations, heard, listen, nameless, sideways, tab_to
from .desk import Desk


@dataclass(frozen=True)
class Edit:
    """One change at one provider. `text` "" clears the field; `theirs` is the attribute that somebody else changes."""

    account: Callable[[], LinkedAccount]
    action: str
    field: str
    text: str
    theirs: int = 0

    @property
    def begin(self) -> str:
        return f"#account-tab form[action$='/operations/{self.action}/'] button"


EDITS = {
    "moneykit": Edit(healthy_link, "settings", "webhook", ""),
    "flxpoint": Edit(lambda: account_with_id("flxpoint", FEED_CONNECTION), "configs", "remote_path", "/second.csv"),
    "linkar": Edit(lambda: account_with_id("linkar", PLAIN_RECORD), "edit", "NAME", "Mine & Sons", theirs=5),
}
MERGE = "#conflict .btn.primary"


@pytest.fixture
def desk(shared_desk: Desk) -> Desk:
    return shared_desk


def heading(page: Page) -> Locator:
    return page.locator("#operation-panel-title")


def change_meanwhile(desk: Desk, edit: Edit, account: LinkedAccount, text: str) -> None:
    desk.emulator.linkar.change("ACCOUNTS", account.body["id"], {edit.theirs: text})


@pytest.mark.parametrize("slug", EDITS)
def test_an_edit_by_keyboard_alone(desk: Desk, sign_in: SignIn, slug: str) -> None:
    edit = EDITS[slug]
    account = edit.account()
    page = sign_in("agent")
    told: list[str] = []

    def arrive_at(shown: Locator) -> None:
        """Wait for a screen: the focus is at its heading, the heading is said, and all that it holds has a name."""
        expect(shown).to_be_visible()
        expect(heading(page)).to_be_focused()
        told.append(heading(page).inner_text().strip())
        assert nameless(page.locator("#main")) == []

    page.keyboard.press("/")
    page.keyboard.type(account.remote_id)
    page.keyboard.press("Enter")
    expect(page).to_have_url(desk.address(path_of(account)))
    listen(page)
    tab_to(page, "#tab-settings")
    page.keyboard.press("Enter")
    expect(page.locator("#tab-settings[aria-current]")).to_be_focused()
    tab_to(page, edit.begin)
    page.keyboard.press("Enter")
    arrive_at(input_of(page, edit.field))
    tab_to(page, f"[name='field-{edit.field}']")
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.press("Delete")
    page.keyboard.type(edit.text)
    expect(plan_table(page)).to_be_visible()
    expect(apply_button(page)).to_be_enabled()
    # The plan came while the person was in the field, and leaves them there.
    expect(input_of(page, edit.field)).to_be_focused()
    if edit.theirs:
        change_meanwhile(desk, edit, account, "555 100")
    tab_to(page, "[data-apply]")
    page.keyboard.press("Enter")
    if edit.theirs:
        arrive_at(panel(page).locator("#conflict"))
        tab_to(page, MERGE)
        page.keyboard.press("Enter")
        arrive_at(panel(page).locator("#joined"))
        tab_to(page, "[data-apply]")
        page.keyboard.press("Enter")
    arrive_at(panel(page).locator("#receipt"))

    said = heard(page)
    assert [words for words in said if words in told] == told, said
    assert all(before != after for before, after in pairwise(said)), said


@pytest.mark.parametrize("slug", EDITS)
def test_an_edit_on_a_phone_in_the_dark(desk: Desk, sign_in: SignIn, slug: str) -> None:
    edit = EDITS[slug]
    account = edit.account()
    page = sign_in("agent", f"{path_of(account)}?tab=settings", theme="dark", width=360)
    found: dict[str, object] = {}

    def look(name: str, shown: Locator) -> None:
        expect(shown).to_be_visible()
        # Something always lies half under the bar at the bottom of a phone, until the person scrolls.
        found[name] = (sideways(page), [each for each in axe_violations(page) if not each.startswith("target-size")])

    page.locator(edit.begin).click()
    input_of(page, edit.field).fill(edit.text and f"{edit.text} 2")
    look("plan", plan_table(page))
    if edit.theirs:
        change_meanwhile(desk, edit, account, "555 200")
    apply_button(page).click()
    if edit.theirs:
        look("conflict", panel(page).locator("#conflict"))
        page.locator(MERGE).click()
        look("put together", panel(page).locator("#joined"))
        apply_button(page).click()
    look("receipt", panel(page).locator("#receipt"))

    assert found == dict.fromkeys(found, (0, []))
