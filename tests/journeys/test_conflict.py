"""Journey 8: somebody else changed the Linkar record. What does not touch merges, what does asks, nothing is lost."""

from __future__ import annotations

import json
import re
import time

from playwright.sync_api import Locator, Page, expect

from dashboard.models import AuditEntry, LinkedAccount, Operation
from dashboard.services import sync
from providers.linkar.sandbox_files import AM, SM, VM

from .accounts import (
    PLAIN_RECORD,
    RACED_RECORD,
    account_with_id,
    apply_button,
    badge,
    begin,
    input_of,
    panel,
    path_of,
    primary_button,
)
from .browser import Hand, SignIn, Watch
from .desk import Desk

NAME, PHONE, SERVICE, SEATS, PRICE, RENEWAL, REMARK = 2, 5, 6, 7, 8, 9, 12


def record(desk: Desk, account: LinkedAccount) -> dict[int, str]:
    """Return the record as it lies in the database, by attribute, raw."""
    found = desk.emulator.linkar.world.find("ACCOUNTS", account.body["id"])
    assert found is not None
    return dict(enumerate(found.split(AM), 1))


def edit(page: Page, name: str, text: str) -> None:
    """Fill in one attribute and wait until the plan of it is there."""
    begin(page, "Edit record").click()
    expect(input_of(page, name)).to_be_visible()
    input_of(page, name).fill(text)
    expect(apply_button(page)).to_be_enabled()


def applied(page: Page) -> None:
    apply_button(page).click()
    expect(panel(page).locator("#receipt")).to_be_visible()


def choice(page: Page, whose: str) -> Locator:
    return panel(page).locator("#conflict").get_by_label(whose, exact=True)


def test_disjoint_changes_merge_in_two_clicks(desk: Desk, sign_in: SignIn) -> None:
    account = account_with_id("linkar", RACED_RECORD)
    page = sign_in("agent", path_of(account))
    edit(page, "NAME", "Mine & Sons")
    before = record(desk, account)
    # Somebody at the database changes the phone between our reading and our writing: only the lock can tell.
    desk.emulator.linkar.control("race", {"id": account.body["id"]})
    apply_button(page).click()
    expect(panel(page).locator("#conflict")).to_contain_text("The two changes do not touch each other")
    theirs = record(desk, account)
    assert theirs[NAME] == before[NAME]
    assert theirs[PHONE] != before[PHONE]
    hand = Hand(page)
    began = time.monotonic()

    hand.click(panel(page).get_by_role("button", name="Put mine on top of theirs"))
    hand.click(apply_button(page))
    expect(panel(page).locator("#receipt")).to_be_visible()

    assert (hand.clicks, hand.entries) == (2, 0)
    assert time.monotonic() - began < 20
    assert record(desk, account) == theirs | {NAME: "Mine & Sons"}


def test_two_agents_with_different_attributes_lose_nothing(desk: Desk, sign_in: SignIn, watch: Watch) -> None:
    watch.expects(409)
    account = account_with_id("linkar", PLAIN_RECORD)
    before = record(desk, account)
    first = sign_in("agent", path_of(account))
    second = sign_in("second-agent", path_of(account))
    edit(first, "NAME", "First agent")
    edit(second, "PHONE", "555 222")

    applied(first)
    hand = Hand(second)
    began = time.monotonic()
    hand.click(apply_button(second))
    expect(panel(second).get_by_role("alert").first).to_be_visible()
    expect(panel(second)).to_contain_text(re.compile("chang", re.IGNORECASE))
    hand.click(apply_button(second))
    expect(panel(second).locator("#receipt")).to_be_visible()

    assert (hand.clicks, hand.entries) == (2, 0)
    assert time.monotonic() - began < 20
    assert record(desk, account) == before | {NAME: "First agent", PHONE: "555 222"}


def test_two_agents_with_the_same_attribute_are_asked(desk: Desk, sign_in: SignIn, watch: Watch) -> None:
    watch.expects(409)
    account = account_with_id("linkar", PLAIN_RECORD)
    first = sign_in("agent", path_of(account))
    second = sign_in("second-agent", path_of(account))
    edit(first, "NAME", "First agent")
    edit(second, "NAME", "Second agent")

    applied(first)
    apply_button(second).click()

    # Our own mirror knows of the first change: the second one is asked before anything is sent.
    expect(panel(second).locator("#conflict")).to_contain_text("both of you changed it")
    expect(panel(second).locator("#conflict")).to_contain_text("First agent")
    choice(second, "Mine").check()
    panel(second).get_by_role("button", name="Continue with these").click()
    expect(input_of(second, "NAME")).to_have_value("Second agent")
    assert record(desk, account)[NAME] == "First agent"
    applied(second)
    assert record(desk, account)[NAME] == "Second agent"


def test_the_same_attribute_asks_and_takes_the_choice(desk: Desk, sign_in: SignIn, watch: Watch) -> None:
    watch.expects(422)
    account = account_with_id("linkar", PLAIN_RECORD)
    page = sign_in("agent", path_of(account))
    edit(page, "NAME", "Mine")
    desk.emulator.linkar.change("ACCOUNTS", account.body["id"], {NAME: "Theirs", PHONE: "555 999"})
    theirs = record(desk, account)

    apply_button(page).click()
    expect(panel(page).locator("#conflict")).to_contain_text("both of you changed it")
    panel(page).get_by_role("button", name="Continue with these").click()
    expect(panel(page)).to_contain_text("Choose one of them")
    assert record(desk, account) == theirs
    choice(page, "Mine").check()
    panel(page).get_by_role("button", name="Continue with these").click()
    expect(input_of(page, "NAME")).to_have_value("Mine")
    applied(page)

    assert record(desk, account) == theirs | {NAME: "Mine"}
    [refused, done] = Operation.objects.filter(account=account).order_by("created_at")
    assert done.previous == refused


def test_theirs_can_be_kept(desk: Desk, sign_in: SignIn) -> None:
    account = account_with_id("linkar", PLAIN_RECORD)
    page = sign_in("agent", path_of(account))
    edit(page, "NAME", "Mine")
    desk.emulator.linkar.change("ACCOUNTS", account.body["id"], {NAME: "Theirs"})

    apply_button(page).click()
    expect(panel(page).locator("#conflict")).to_be_visible()
    page.goto(desk.address(path_of(account)))
    expect(badge(page)).to_have_text("Conflict")
    page.get_by_role("link", name="Resolve").click()
    panel(page).get_by_role("button", name="Leave it as they made it").click()

    expect(badge(page)).not_to_have_text("Conflict")
    assert record(desk, account)[NAME] == "Theirs"
    assert desk.emulator.linkar.effects() == []


def test_values_and_sub_values_keep_their_order_and_marks(desk: Desk, sign_in: SignIn) -> None:
    account = account_with_id("linkar", PLAIN_RECORD)
    lines = {
        SERVICE: VM.join(("orders", "invoices", "returns")),
        SEATS: VM.join(("3", "1", "2")),
        PRICE: VM.join(("9.50", "1.00", "5.00")),
        RENEWAL: VM.join((SM.join(("20900", "20930")), "20800", SM.join(("20910", "20940", "20970")))),
        REMARK: f"a \\ b | c{VM}{VM}last{SM}sub",
    }
    desk.emulator.linkar.change("ACCOUNTS", account.body["id"], lines)
    sync.run("linkar")
    page = sign_in("agent", path_of(account))
    begin(page, "Edit record").click()
    expect(input_of(page, "SEATS")).to_have_value("3\n1\n2")
    expect(input_of(page, "RENEWAL")).to_have_value("20900|20930\n20800\n20910|20940|20970")

    input_of(page, "SEATS").fill("3\n4\n2")
    desk.emulator.linkar.change("ACCOUNTS", account.body["id"], {NAME: "Theirs"})
    apply_button(page).click()
    expect(panel(page).locator("#conflict")).to_be_visible()
    panel(page).get_by_role("button", name="Put mine on top of theirs").click()
    applied(page)

    after = record(desk, account)
    assert {number: after[number] for number in lines} == lines | {SEATS: VM.join(("3", "4", "2"))}
    assert after[NAME] == "Theirs"


def test_lines_that_belong_together_are_one_choice(desk: Desk, sign_in: SignIn) -> None:
    account = account_with_id("linkar", PLAIN_RECORD)
    before = record(desk, account)
    seats, prices = before[SEATS].split(VM), before[PRICE].split(VM)
    page = sign_in("agent", path_of(account))
    edit(page, "SEATS", "\n".join(["77", *seats[1:]]))
    desk.emulator.linkar.change("ACCOUNTS", account.body["id"], {PRICE: VM.join(["1.11", *prices[1:]])})

    apply_button(page).click()
    expect(panel(page).locator("#conflict")).to_contain_text("which belong together")
    choice(page, "Theirs").check()
    panel(page).get_by_role("button", name="Continue with these").click()
    expect(input_of(page, "SEATS")).to_have_value("\n".join(seats))

    assert record(desk, account)[PRICE].split(VM)[0] == "1.11"
    assert desk.emulator.linkar.effects() == []


def test_the_audit_entry_names_the_attributes_and_both_sides_by_digest(desk: Desk, sign_in: SignIn) -> None:
    account = account_with_id("linkar", PLAIN_RECORD)
    page = sign_in("agent", path_of(account))
    edit(page, "NAME", "Mine of the log")
    desk.emulator.linkar.change("ACCOUNTS", account.body["id"], {NAME: "Theirs of the log", PHONE: "555 999"})

    apply_button(page).click()
    expect(panel(page).locator("#conflict")).to_be_visible()

    operation = Operation.objects.get(account=account)
    entry = AuditEntry.objects.get(operation_id=str(operation.pk), action="operation.outcome")
    told = {each["field"]: each for each in json.loads(entry.body)["conflict"]}
    assert set(told) == {"NAME", "PHONE"}
    assert len({told["NAME"][side] for side in ("base", "mine", "theirs")}) == 3
    assert "of the log" not in str(entry.body)


def test_a_viewer_sees_the_conflict_and_cannot_resolve_it(desk: Desk, sign_in: SignIn) -> None:
    account = account_with_id("linkar", PLAIN_RECORD)
    page = sign_in("agent", path_of(account))
    edit(page, "NAME", "Mine")
    desk.emulator.linkar.change("ACCOUNTS", account.body["id"], {NAME: "Theirs"})
    apply_button(page).click()
    expect(panel(page).locator("#conflict")).to_be_visible()

    viewer = sign_in("viewer", path_of(account))
    expect(badge(viewer)).to_have_text("Conflict")
    viewer.get_by_role("link", name="Show both changes").click()

    expect(panel(viewer).locator("#conflict")).to_contain_text("Theirs")
    expect(panel(viewer).get_by_role("button")).to_have_count(0)
    expect(primary_button(viewer)).to_have_count(0)
