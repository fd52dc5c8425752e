"""Journey 10: delete a link with a second person; nobody approves their own, a changed target voids, it runs once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from pytest_django import DjangoDbBlocker

from dashboard.models import Approval, AuditEntry, LinkedAccount, Operation
from dashboard.models.operation import State

from .accounts import PLAIN_INSTITUTION, begin, healthy_link, input_of, panel, path_of
from .browser import Hand, SignIn, axe_violations, nameless, sideways, tab_to
from .desk import Desk, open_desk

WHY = "The customer closes the account and asked for it in writing."


@pytest.fixture
def desk(tmp_path: Path, django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Desk]:
    """A desk as it is installed: with a second person."""
    with django_db_blocker.unblock(), open_desk(tmp_path, APPROVALS="delete,webhook_host") as desk:
        yield desk


def working_link() -> LinkedAccount:
    found = LinkedAccount.objects.filter(schema_key=PLAIN_INSTITUTION, status="valid", gone_at=None)
    account = found.exclude(external_id__startswith="case-").order_by("remote_id").first()
    assert account is not None
    return account


def deletions(desk: Desk) -> int:
    return sum(effect["method"] == "DELETE" for effect in desk.emulator.belvo.effects())


def ask_for_deletion(page: Page, account: LinkedAccount) -> Hand:
    hand = Hand(page)
    hand.click(page.get_by_role("link", name="Settings", exact=True))
    hand.click(begin(page, "Delete link"))
    hand.type(panel(page).locator("input[name='confirm_name']"), account.title)
    hand.type(panel(page).get_by_label("Reason"), WHY)
    hand.click(panel(page).get_by_role("button", name="Ask for approval"))
    expect(panel(page)).to_contain_text("waits for a second person")
    return hand


def test_two_people_delete_a_link_and_both_are_in_the_chain(desk: Desk, sign_in: SignIn) -> None:
    account = working_link()
    agent = sign_in("agent", path_of(account))

    hand = ask_for_deletion(agent, account)
    assert (hand.clicks, hand.entries) == (3, 2)
    assert deletions(desk) == 0
    asked_diff = panel(agent).locator(".diff").inner_text()

    approver = sign_in("approver", "/customers/")
    deciding = Hand(approver)
    deciding.click(approver.get_by_role("link", name="Approvals 1 waiting for you"))
    card = approver.get_by_role("article")
    expect(card).to_contain_text(WHY)
    assert card.locator(".diff").inner_text() == asked_diff
    deciding.click(card.get_by_role("button", name="Approve"))
    expect(approver.locator("#messages")).to_contain_text("it is carried out now")
    assert deciding.clicks == 2

    # The requester's page follows by itself.
    expect(panel(agent)).not_to_contain_text("waits for a second person")
    operation = Operation.objects.get(account=account)
    assert operation.state in (State.RUNNING, State.ACCEPTED, State.DONE) and deletions(desk) == 1
    approval = Approval.objects.get()
    intent = AuditEntry.objects.get(action="operation.intent", operation_id=str(operation.pk))
    facts: dict[str, Any] = json.loads(intent.body)
    assert "agent@desk.example" in intent.actor and "approver@desk.example" in facts["approver"]
    assert facts["plan_digest"] == approval.digest and facts["approval"] == str(approval.pk)

    approver.go_back()
    approver.reload()
    expect(approver.get_by_role("article")).to_have_count(0)
    assert deletions(desk) == 1


def test_nobody_approves_their_own_and_a_changed_target_voids(desk: Desk, sign_in: SignIn) -> None:
    account = working_link()
    page = sign_in("approver", path_of(account))
    ask_for_deletion(page, account)

    page.get_by_role("link", name="The whole request").click()
    expect(page.get_by_text("somebody else has to approve it")).to_be_visible()
    expect(page.get_by_role("button", name="Approve")).to_have_count(0)

    # What a sync would have written meanwhile.
    LinkedAccount.objects.filter(pk=account.pk).update(status="token_required")
    page.reload()
    expect(page.locator("#approval")).to_contain_text("has changed since it was asked")
    assert deletions(desk) == 0


def test_a_webhook_to_a_new_host_is_told_while_typing_and_decided_by_keyboard_on_a_phone(
    desk: Desk, sign_in: SignIn
) -> None:
    account = healthy_link()
    agent = sign_in("agent", path_of(account))
    agent.get_by_role("link", name="Settings", exact=True).click()
    begin(agent, "Edit webhook and tags").click()
    input_of(agent, "webhook").fill("https://hooks.newcomer.example/linked")
    expect(panel(agent)).to_contain_text("a host that no account of this customer has had")
    panel(agent).get_by_label("Reason").fill(WHY)
    panel(agent).get_by_role("button", name="Ask for approval").click()
    expect(panel(agent)).to_contain_text("waits for a second person")

    phone = sign_in("approver", "/approvals/", theme="dark", width=360)
    assert sideways(phone) <= 0 and axe_violations(phone) == [] and nameless(phone.locator("main")) == []
    tab_to(phone, "main article form button")
    phone.keyboard.press("Enter")
    expect(phone.locator("#approval-state")).to_contain_text("Approved and done")
    assert sideways(phone) <= 0 and axe_violations(phone) == []

    expect(panel(agent).locator("#receipt")).to_be_visible()
    account.refresh_from_db()
    assert account.body["webhook"] == "https://hooks.newcomer.example/linked"


def test_going_on_alone_is_asked_twice_and_shown_to_the_others(desk: Desk, sign_in: SignIn) -> None:
    account = working_link()
    page = sign_in("agent", path_of(account))
    ask_for_deletion(page, account)

    page.get_by_role("link", name="The whole request").click()
    page.get_by_role("link", name="Nobody can be reached").click()
    page.get_by_label("Why nobody can be asked").fill("Nobody answers, and money leaves the account now.")
    page.get_by_label("I tried to reach an approver").check()
    assert axe_violations(page) == []
    page.get_by_role("button", name="Go on alone").click()
    expect(page.locator("#approval-state")).to_contain_text("Done by one person alone")

    auditor = sign_in("auditor", "/linked-accounts/")
    expect(auditor.get_by_role("note", name="Done by one person alone")).to_contain_text("went on alone")
    assert axe_violations(auditor) == []
    assert deletions(desk) == 1
