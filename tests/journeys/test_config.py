"""Journey 7: change one config of a Flxpoint connection; the form is the schema's, the request carries the full set."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page, expect

from dashboard.models import LinkedAccount

from .accounts import (
    FEED_CONNECTION,
    SHOP_CONNECTION,
    account_with_id,
    apply_button,
    badge,
    begin,
    input_of,
    panel,
    path_of,
    plan_table,
    primary_button,
)
from .browser import Hand, SignIn
from .desk import Desk

MASK = "********"
# Source: sample 48377 of the contract.
PASSWORD = "S4mple-Only-Pw"
# Source: sample 48377 of the contract, by `sortOrder`.
SHOWN = [
    "Name of the connection",
    "Connection Method",
    "Host",
    "Port",
    "Username",
    "Password",
    "Remote Path",
    "Delimiter",
    "File Has Header Row",
]
FOLDED = ["Private Key", "Refresh Interval", "Character Encoding", "Notes", "Legacy Connector ID"]


def open_form(page: Page) -> Hand:
    hand = Hand(page)
    hand.click(page.get_by_role("link", name="Settings", exact=True))
    hand.click(page.locator("#account-settings").get_by_role("button", name="Edit configs"))
    expect(panel(page).locator(".operation-fields")).to_be_visible()
    return hand


def labels(page: Page, within: str) -> list[str]:
    texts = panel(page).locator(f"{within} > .field").locator("> :first-child").all_inner_texts()
    return [text.removesuffix("(optional)").strip() for text in texts]


def put_to(desk: Desk, connection: str) -> dict[str, Any]:
    """Return the one update that arrived: what it held in clear, and the keyed hash of each secret in it."""
    [effect] = [each for each in desk.emulator.flxpoint.effects() if each["subject"] == connection]
    assert effect["method"] == "PUT"
    return effect


def test_the_form_is_made_of_the_schema(desk: Desk, sign_in: SignIn) -> None:
    page = sign_in("agent", path_of(account_with_id("flxpoint", FEED_CONNECTION)))
    open_form(page)
    fold = panel(page).locator(".operation-fields > details")

    assert labels(page, ".operation-fields") == SHOWN
    expect(fold).not_to_have_attribute("open", "")
    fold.locator("summary").click()
    assert labels(page, ".operation-fields > details > .form") == FOLDED
    expect(panel(page)).not_to_contain_text("Internal Flags")
    locked = panel(page).locator(".field.locked")
    expect(locked).to_have_count(1)
    expect(locked).to_contain_text("A-1017")
    method = panel(page).get_by_label("Connection Method")
    assert method.locator("option").all_inner_texts() == ["Not set", "FTP", "SFTP", "HTTP download"]
    expect(method).to_have_value("sftp")
    expect(input_of(page, "port")).to_have_attribute("inputmode", "decimal")
    expect(input_of(page, "password")).to_have_attribute("type", "password")
    expect(input_of(page, "password")).to_have_value("")
    expect(input_of(page, "encoding")).to_have_value("")
    expect(input_of(page, "encoding")).to_have_attribute("placeholder", "UTF-8")
    expect(input_of(page, "notes")).to_have_value("Acme nightly feed.\nAsk for Dana when it stops.")
    # Required is what the schema says; the rest says that it is optional.
    optional = panel(page).locator(".field", has=page.locator(".optional"))
    assert "Host" not in optional.locator("> label").all_inner_texts()


def test_the_page_shows_what_it_feeds_and_no_secret(desk: Desk, sign_in: SignIn) -> None:
    page = sign_in("agent", path_of(account_with_id("flxpoint", FEED_CONNECTION)))
    overview = page.locator("#account-overview")

    expect(overview).to_contain_text("Source “Acme Supply - inventory feed”")
    expect(overview).to_contain_text("get inventory primary")
    expect(overview.locator("dt", has_text="Password").locator("+ dd")).to_have_text("set")
    expect(overview).to_contain_text("not set (default: UTF-8)")
    open_form(page)

    assert PASSWORD not in page.content()


def test_changing_one_config_sends_the_full_set(desk: Desk, sign_in: SignIn) -> None:
    page = sign_in("agent", path_of(account_with_id("flxpoint", FEED_CONNECTION)))
    before = desk.emulator.flxpoint.world.connections[int(FEED_CONNECTION)]
    password = before.config("password")
    assert password

    hand = open_form(page)
    hand.type(input_of(page, "remote_path"), "/outbound/second.csv")
    expect(plan_table(page).locator("tbody tr")).to_have_count(1)
    hand.click(apply_button(page))
    expect(panel(page).locator("#receipt")).to_be_visible()

    assert (hand.clicks, hand.entries) == (3, 1)
    effect = put_to(desk, FEED_CONNECTION)
    held = {one["handle"] for one in before.configs if one["editable"] and one["value"] is not None}
    assert held <= {*effect["changes"], *effect["secrets"]}
    assert effect["changes"]["remote_path"] == "/outbound/second.csv"
    # Kept, though no page and no row ever held it.
    assert effect["secrets"]["password"] == desk.emulator.flxpoint.fingerprint(password["value"])
    assert MASK not in effect["changes"].values()
    account = account_with_id("flxpoint", FEED_CONNECTION)
    assert {one["handle"]: one["value"] for one in account.body["configs"]}["remote_path"] == "/outbound/second.csv"


def test_a_masked_secret_is_never_sent(desk: Desk, sign_in: SignIn) -> None:
    page = sign_in("agent", path_of(account_with_id("flxpoint", SHOP_CONNECTION)))

    hand = open_form(page)
    hand.type(input_of(page, "store_url"), "second-demo.myshopify.com")
    expect(panel(page)).to_contain_text("Flxpoint does not show")
    hand.click(apply_button(page))
    expect(panel(page).locator("#receipt")).to_be_visible()

    effect = put_to(desk, SHOP_CONNECTION)
    box = desk.emulator.flxpoint
    assert box.fingerprint(MASK) not in effect["secrets"].values()
    assert MASK not in effect["changes"].values()
    kept = box.world.connections[int(SHOP_CONNECTION)].config("access_token")
    assert kept and kept["value"] == "shpat_sample_only"
    assert (hand.clicks, hand.entries) == (3, 1)


def test_a_value_that_is_not_offered_any_more_stays(desk: Desk, sign_in: SignIn) -> None:
    world = desk.emulator.flxpoint.world
    number = next(
        str(number)
        for number, each in world.connections.items()
        if (config := each.config("refresh_minutes")) and config["value"] == "30" and not each.case
    )
    page = sign_in("agent", path_of(account_with_id("flxpoint", number)))

    open_form(page)
    panel(page).get_by_text("Advanced", exact=True).click()
    expect(input_of(page, "refresh_minutes")).to_have_value("30")
    input_of(page, "encoding").fill("ISO-8859-1")
    apply_button(page).click()
    expect(panel(page).locator("#receipt")).to_be_visible()

    assert put_to(desk, number)["changes"]["refresh_minutes"] == "30"


def test_somebody_elses_change_is_seen_before_anything_is_replaced(desk: Desk, sign_in: SignIn) -> None:
    account = account_with_id("flxpoint", FEED_CONNECTION)
    page = sign_in("agent", path_of(account))

    open_form(page)
    input_of(page, "host").fill("sftp2.acme-supply.example")
    expect(apply_button(page)).to_be_enabled()
    desk.emulator.flxpoint.control("change", {"id": FEED_CONNECTION, "handle": "remote_path", "value": "/theirs.csv"})
    apply_button(page).click()
    expect(panel(page).locator("#conflict")).to_contain_text("/theirs.csv")
    assert desk.emulator.flxpoint.effects() == []
    panel(page).get_by_role("button", name="Put mine on top of theirs").click()
    apply_button(page).click()
    expect(panel(page).locator("#receipt")).to_be_visible()

    changes = put_to(desk, FEED_CONNECTION)["changes"]
    assert (changes["host"], changes["remote_path"]) == ("sftp2.acme-supply.example", "/theirs.csv")


def test_two_values_for_one_config_ask_and_take_the_choice(desk: Desk, sign_in: SignIn) -> None:
    page = sign_in("agent", path_of(account_with_id("flxpoint", FEED_CONNECTION)))
    box = desk.emulator.flxpoint

    open_form(page)
    input_of(page, "host").fill("mine.example")
    expect(apply_button(page)).to_be_enabled()
    for handle, value in (("host", "theirs.example"), ("password", "theirs-Only-Pw")):
        box.control("change", {"id": FEED_CONNECTION, "handle": handle, "value": value})
    apply_button(page).click()
    conflict = panel(page).locator("#conflict")
    expect(conflict).to_contain_text("both of you changed it")
    for shown in ("sftp.acme-supply.example", "mine.example", "theirs.example", "changed by them, never shown"):
        expect(conflict).to_contain_text(shown)
    assert "Only-Pw" not in page.content()
    assert box.effects() == []
    conflict.get_by_label("Mine", exact=True).check()
    panel(page).get_by_role("button", name="Continue with these").click()
    expect(input_of(page, "host")).to_have_value("mine.example")
    apply_button(page).click()
    expect(panel(page).locator("#receipt")).to_be_visible()

    effect = put_to(desk, FEED_CONNECTION)
    assert effect["changes"]["host"] == "mine.example"
    assert effect["secrets"]["password"] == box.fingerprint("theirs-Only-Pw")


def test_another_value_that_moved_is_raised_on_the_account(desk: Desk, sign_in: SignIn) -> None:
    account = LinkedAccount.objects.get(integration="flxpoint", title="Case: moves another config")
    page = sign_in("agent", path_of(account))

    open_form(page)
    input_of(page, "remote_path").fill("/second.csv")
    apply_button(page).click()

    expect(panel(page).locator("#receipt")).to_contain_text("Character Encoding")
    expect(badge(page)).to_have_text("Conflict")
    expect(page.locator("#diagnosis")).to_contain_text("Flxpoint also changed configs that were not to be changed")
    expect(page.locator("#diagnosis")).to_contain_text("You, by deciding what stands.")
    expect(primary_button(page)).to_have_text("Edit configs")
    page.goto(desk.address("/linked-accounts/?integration=flxpoint&attention=conflict"))
    expect(page.locator("tr[data-version]")).to_have_count(1)


def test_a_new_connection_is_made_of_what_its_type_asks_for(desk: Desk, sign_in: SignIn) -> None:
    page = sign_in("agent", "/linked-accounts/new/")

    page.get_by_role("button", name="New connection of the kind CSV/XLSX File").click()
    expect(panel(page).locator(".operation-fields")).to_be_visible()
    assert labels(page, ".operation-fields") == SHOWN
    expect(input_of(page, "port")).to_have_value("")
    expect(input_of(page, "port")).to_have_attribute("placeholder", "22")
    panel(page).get_by_label("Name of the connection").fill("Globex - price file")
    for name, value in (("host", "globex.example"), ("username", "flx")):
        input_of(page, name).fill(value)
    input_of(page, "password").fill("new-Only-Pw")
    apply_button(page).click()
    expect(panel(page).locator("#receipt")).to_contain_text("Globex - price file")

    [made] = desk.emulator.flxpoint.effects()
    assert (made["method"], made["what"]) == ("POST", "create")
    assert made["changes"] == {"host": "globex.example", "username": "flx"}
    assert made["secrets"]["password"] == desk.emulator.flxpoint.fingerprint("new-Only-Pw")
    assert LinkedAccount.objects.get(integration="flxpoint", remote_id=made["subject"]).title == "Globex - price file"


def test_the_limit_is_kept_while_people_work(desk: Desk, sign_in: SignIn) -> None:
    page = sign_in("agent", path_of(account_with_id("flxpoint", FEED_CONNECTION)))

    for path in ("/a.csv", "/b.csv", "/c.csv"):
        begin(page, "Edit configs").click()
        input_of(page, "remote_path").fill(path)
        apply_button(page).click()
        expect(panel(page).locator("#receipt")).to_be_visible()

    box = desk.emulator.flxpoint
    assert len(box.effects()) == 3
    assert box.arrivals.most_within(1.0) <= 2
    assert all(row["status"] != 429 for row in box.requests())
    assert LinkedAccount.objects.get(remote_id=FEED_CONNECTION).status
