"""An admin invites a person, an approver agrees to the roles, the person joins and is asked for a second factor."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from pytest_django import DjangoDbBlocker

from dashboard.models import AuditEntry, User

from .desk import Desk, open_desk
from .second_factor import give_password, set_up_app


@pytest.fixture
def desk(tmp_path: Path, django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Desk]:
    with django_db_blocker.unblock(), open_desk(tmp_path, APPROVALS="roles") as desk:
        yield desk


def test_inviting_takes_two_people_and_the_third_joins(desk: Desk, sign_in: Callable[..., Page]) -> None:
    admin = sign_in("admin", "/staff/new/", theme="dark", width=360)
    admin.get_by_label("Name").fill("Nina New")
    admin.get_by_label("E-mail address").fill("nina@desk.example")
    admin.get_by_label("Agent").check()
    admin.get_by_label("Reason").fill("Starts on Monday")
    admin.get_by_role("button", name="Invite").click()
    expect(admin.get_by_text("Their roles wait for a second person")).to_be_visible()
    address = admin.locator("#invitation-address").inner_text()

    guest = sign_in("", address.removeprefix(desk.url.rstrip("/")))
    guest.get_by_label("Password", exact=True).fill("short")
    guest.get_by_role("button", name="Set the password").click()
    expect(guest.get_by_text("at least 12 characters").first).to_be_visible()
    for label in ("Password", "The same once more"):
        guest.get_by_label(label, exact=True).fill("a long password of hers")
    guest.get_by_role("button", name="Set the password").click()

    approver = sign_in("approver", "/approvals/")
    asked = approver.get_by_role("article").filter(has_text="Change the roles of Nina New")
    expect(asked).to_contain_text("Starts on Monday")
    asked.get_by_role("button", name="Approve").click()
    expect(approver.locator("#messages")).not_to_be_empty()

    give_password(guest, "nina@desk.example", "a long password of hers")
    set_up_app(guest)
    guest.goto(desk.address("/linked-accounts/"))
    expect(guest.get_by_role("heading", name="Linked accounts")).to_be_visible()
    nina = User.objects.get(email="nina@desk.example")
    assert [group.name for group in nina.groups.all()] == ["agent"]
    assert AuditEntry.objects.filter(action="staff.joined", actor_id=str(nina.pk)).exists()
