"""A reviewer works the queue by keyboard, on a phone, in the dark."""

from __future__ import annotations

from playwright.sync_api import expect

from dashboard.models import AuditReview
from dashboard.services import audit, audit_review_walk
from dashboard.services.audit import Actor, Kind, Target

from .browser import SignIn, Watch, axe_violations, nameless, sideways
from .desk import Desk

ANA = Actor("901", "Ana Souza <ana@desk.example>", "agent")


def test_the_queue_is_worked_by_keyboard(desk: Desk, sign_in: SignIn, watch: Watch) -> None:
    watch.expects(422)
    change = {"class": "public", "label": "Access mode", "before": "recurrent", "after": "single"}
    for name in ("first", "second"):
        facts = {"action": "delete", "changes": [change]}
        audit.record(Kind.INTENT, "operation.intent", actor=ANA, target=Target(name, f"belvo: {name}"), facts=facts)
    glass = audit.record(Kind.EVENT, "approval.broken_glass", actor=ANA, facts={"reason": "nobody else at night"})
    audit_review_walk.walk()
    page = sign_in("auditor", "/audit/reviews/", theme="dark", width=360)
    found = {"queue": axe_violations(page)}
    assert (sideways(page), nameless(page.locator("main"))) == (0, [])

    page.get_by_role("link", name="Review the next one").focus()
    page.keyboard.press("Enter")
    # The glass first; the focus is on what it is about.
    expect(page.locator("#review-title")).to_be_focused()
    expect(page.locator("main")).to_contain_text("Broke the glass")
    assert page.url.endswith(f"/{glass.seq}/")
    found["entry"] = axe_violations(page)
    assert (sideways(page), nameless(page.locator("main"))) == (0, [])
    page.get_by_role("button", name="Flag").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#id_comment")).to_be_focused()
    expect(page.get_by_role("alert")).to_contain_text("Nothing was decided")
    found["refused"] = axe_violations(page)
    page.keyboard.type("Where was the second person?")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    # The next one follows, and the focus with it.
    expect(page.locator("#review-title")).to_be_focused()
    expect(page.locator("#messages")).to_contain_text(f"Entry {glass.seq} is flagged")
    for _ in range(2):
        page.get_by_role("button", name="Reviewed").focus()
        page.keyboard.press("Enter")
        page.wait_for_load_state()
    expect(page.locator("main")).to_contain_text("Nothing waits for a review")
    found["empty"] = axe_violations(page)
    page.goto(desk.address("/audit/reviews/?state=all"))
    found["all"] = axe_violations(page)
    page.goto(desk.address(f"/audit/reviews/{glass.seq}/"))
    found["decided"] = axe_violations(page)
    assert sideways(page) == 0

    assert {name: violations for name, violations in found.items() if violations} == {}
    assert set(AuditReview.objects.values_list("state", flat=True)) == {"reviewed", "flagged"}
