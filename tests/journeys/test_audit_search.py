"""The reviewer's screen: asked by keyboard, read in the drawer, a history that goes back, with and without scripts."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from dashboard.models import AuditEntry, LinkedAccount
from dashboard.services import audit
from dashboard.services.audit import Actor, Kind, Target

from .accounts import healthy_link
from .browser import SignIn, axe_violations, heard, listen, nameless, sideways, tab_to
from .desk import Desk

ANA = Actor("1", "Ana Souza-Villanueva de la Concepción y Todos los Santos <ana.souza@desk.example>", "agent")


def change(account: LinkedAccount, field: str, before: str, after: str) -> AuditEntry:
    one = {"field": field, "class": "public", "label": field.title(), "before": before, "after": after}
    on = {"actor": ANA, "target": Target.of(account), "integration": account.integration, "operation_id": f"op-{field}"}
    meant = audit.record(Kind.INTENT, "operation.intent", facts={"changes": [one], "reason": "asked for"}, **on)
    audit.record(Kind.OUTCOME, "operation.outcome", result="ok", facts={"state": "done"}, **on)
    return meant


def entries() -> tuple[AuditEntry, AuditEntry]:
    account = healthy_link()
    return change(account, "webhook", "old-place", "new-place"), change(account, "interval", "6h", "12h")


def test_who_changed_it_by_keyboard_alone(desk: Desk, sign_in: SignIn) -> None:
    webhook, interval = entries()
    page = sign_in("auditor", "/audit/")
    listen(page)
    query, drawer = page.locator("#id_q"), page.locator("#audit-drawer")
    options = page.locator("#audit-completions [role=option]")

    # Completion: the qualifier, then a value that the log knows.
    page.keyboard.press("/")
    expect(query).to_be_focused()
    page.keyboard.type("fi")
    expect(options).to_have_text(re.compile("field:"))
    assert nameless(page.locator("#audit-query")) == []
    assert axe_violations(page) == []
    page.keyboard.press("ArrowDown")
    expect(query).to_have_attribute("aria-activedescendant", "completion-1")
    page.keyboard.press("Enter")
    expect(query).to_have_value("field:")
    expect(options.get_by_text("webhook", exact=True)).to_be_visible()
    page.keyboard.type("w")
    expect(options).to_have_count(1)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(query).to_have_value("field:webhook ")
    page.keyboard.type("ki")
    expect(options).to_have_count(1)
    page.keyboard.press("Escape")
    expect(options).to_have_count(0)
    expect(query).to_have_value("field:webhook ki")
    assert "1 completion." in heard(page)
    query.fill("operation.intent actor:souza-villanueva")
    page.keyboard.press("Enter")
    expect(page).to_have_url(desk.address("/audit/?q=operation.intent+actor%3Asouza-villanueva"))

    # The drawer: what changed first, and the focus where the reading is.
    tab_to(page, f"#entry-{interval.seq}")
    page.keyboard.press("Enter")
    expect(drawer.locator("#entry-title")).to_be_focused()
    expect(page).to_have_url(desk.address(f"/audit/{interval.seq}/"))
    expect(drawer.locator("table.diff")).to_contain_text("12h")
    assert nameless(drawer) == []
    assert axe_violations(page) == []
    page.keyboard.press("j")
    expect(drawer.locator("table.diff")).to_contain_text("new-place")
    expect(page).to_have_url(desk.address(f"/audit/{webhook.seq}/"))
    page.keyboard.press("Escape")

    # One step back, whatever was read meanwhile; the focus is on the row, the search as it was.
    expect(drawer).to_be_hidden()
    expect(page).to_have_url(re.compile(r"/audit/\?q=operation"))
    expect(page.locator(f"#entry-{webhook.seq}")).to_be_focused()


def test_the_address_of_the_drawer_is_a_page_and_back_closes_it(desk: Desk, sign_in: SignIn) -> None:
    webhook, _ = entries()
    page = sign_in("auditor", "/audit/?q=field:webhook")
    drawer = page.locator("#audit-drawer")

    page.locator(f"#entry-{webhook.seq}").click()
    expect(drawer.locator("table.diff")).to_contain_text("new-place")
    drawer.get_by_role("link", name=f"#{webhook.seq + 1}").click()
    expect(drawer.get_by_role("heading", level=1)).to_have_text("Learned the outcome")
    page.go_back()
    expect(drawer).to_be_hidden()
    page.go_forward()
    expect(drawer.get_by_role("heading", level=1)).to_have_text("Learned the outcome")
    page.reload()

    expect(page.locator("main h1")).to_have_text("Learned the outcome")
    expect(page.locator("#audit-drawer")).to_have_count(0)
    page.go_back()
    expect(page.locator("#id_q")).to_have_value("field:webhook")


def test_it_all_works_on_a_dark_phone(desk: Desk, sign_in: SignIn) -> None:
    webhook, _ = entries()
    page = sign_in("auditor", "/audit/?q=foo:bar", theme="dark", width=360)
    found = {"not understood": axe_violations(page)}
    assert sideways(page) == 0
    expect(page.locator("#audit-status")).to_be_visible()

    page.locator("#id_q").fill("field:webhook")
    page.keyboard.press("Enter")
    page.get_by_text("Saved queries", exact=True).first.click()
    page.get_by_label("Name", exact=True).fill("Every webhook of this house that was ever changed by anybody")
    found["kept queries"] = axe_violations(page)
    assert sideways(page) == 0
    page.get_by_role("button", name="Keep it").click()
    expect(page.locator("#messages")).to_contain_text("is saved")
    page.get_by_text("How to search", exact=True).click()
    page.get_by_text("Filters", exact=True).click()
    found["all open"] = axe_violations(page)
    assert sideways(page) == 0
    page.locator(f"#entry-{webhook.seq}").click()
    expect(page.locator("#audit-drawer table.diff")).to_contain_text("new-place")
    found["drawer"] = axe_violations(page)
    assert sideways(page) == 0
    page.get_by_role("link", name="Close").click()
    expect(page.locator("#audit-drawer")).to_be_hidden()
    page.goto(desk.address("/audit/status/"))
    found["status"] = axe_violations(page)
    assert sideways(page) == 0
    page.goto(desk.address("/audit/queries/"))
    found["kept queries, page"] = axe_violations(page)

    assert {name: violations for name, violations in found.items() if violations} == {}


def test_without_scripts_the_same_links_are_pages(desk: Desk, sign_in: SignIn) -> None:
    webhook, _ = entries()
    page = sign_in("auditor", "/audit/", java_script_enabled=False)

    page.locator("#id_q").fill("field:webhook")
    page.get_by_role("button", name="Search").click()
    page.locator(f"#entry-{webhook.seq}").click()
    expect(page.locator("table.diff")).to_contain_text("new-place")
    page.get_by_role("link", name="Audit log").last.click()
    page.get_by_text("Filters", exact=True).click()
    page.get_by_label("Kind").select_option("intent")
    page.get_by_role("button", name="Add to the query").click()
    expect(page.locator("#id_q")).to_have_value("kind:intent")
    page.get_by_role("link", name="State of the chain").click()
    expect(page.locator("main h1")).to_have_text("State of the chain")
