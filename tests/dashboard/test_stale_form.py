"""A form that was opened before somebody else's change: what nobody touched in it must not undo that change."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from dashboard.models import AuditEntry, LinkedAccount, Operation
from dashboard.models.operation import State
from dashboard.registry import pure
from dashboard.services import operations, snapshots
from dashboard.services.conflicts import kept_sections
from dashboard.services.mirror import mark_gone
from dashboard.services.results import AlreadySent, Met, PlanChanged, Started
from dashboard.services.settling import refuse_unsent
from dashboard.services.timeline import timeline_of
from providers.attention import Attention
from providers.errors import MET_BEFORE_SENDING
from providers.merge import Side, Verdict
from providers.outcomes import Conflict
from tests import people

from . import factories as make
from .pages import client_of, words


@pytest.fixture
def ana(remote: Any) -> Any:
    make.synced("linkar")
    return make.agent()


@pytest.fixture
def draft(remote: Any, ana: Any) -> Operation:
    return make.draft(LinkedAccount.objects.get(remote_id="apidemo/ACCOUNTS/AC%2A1006"), ana, "edit")


def whole_form(draft: Operation, **typed: str) -> dict[str, Any]:
    """Return all that the form sends: what was typed, and every other field as it was shown."""
    account = draft.account
    fields = pure("linkar").fields("edit", account.to_snapshot(), snapshots.schema_of(account))
    return {field.name: field.initial for field in fields if not field.secret} | typed


def meanwhile(remote: Any, draft: Operation, number: int, value: str) -> None:
    """Let somebody else change an attribute, and our mirror hear of it."""
    remote.sandboxes["linkar"].change("ACCOUNTS", "AC*1006", {number: value})
    make.synced("linkar")
    draft.refresh_from_db()


def test_a_field_that_nobody_touched_is_theirs(remote: Any, ana: Any, draft: Operation) -> None:
    typed = whole_form(draft, NAME="Mine")
    agreed = operations.preview(draft, typed, frozenset()).plan
    meanwhile(remote, draft, 5, "their phone")

    late = operations.start(draft, typed, {}, digest=agreed.digest if agreed else "", actor=ana)
    assert isinstance(late, PlanChanged)
    plan = late.preview.plan
    assert plan is not None and [change.field for change in plan.changes] == ["NAME"]
    begun = operations.start(draft, typed, {}, digest=plan.digest, actor=ana)

    assert isinstance(begun, Started)
    assert make.settled(begun.operation).state == State.DONE
    record = (remote.sandboxes["linkar"].world.find("ACCOUNTS", "AC*1006") or "").split("\xfe")
    assert (record[1], record[4]) == ("Mine", "their phone")


def test_a_field_that_both_changed_is_shown_against_theirs(remote: Any, ana: Any, draft: Operation) -> None:
    typed = whole_form(draft, PHONE="my phone")
    meanwhile(remote, draft, 5, "their phone")

    plan = operations.preview(draft, typed, frozenset()).plan

    assert plan is not None
    assert [(change.before, change.after) for change in plan.changes] == [("their phone", "my phone")]


def test_what_both_changed_is_asked_before_anything_is_sent(remote: Any, ana: Any, draft: Operation) -> None:
    typed = whole_form(draft, PHONE="my phone", NAME="Mine")
    meanwhile(remote, draft, 5, "their phone")
    shown = operations.preview(draft, typed, frozenset()).plan
    bert = people.member("agent", email="bert@desk.example", name="Bert")

    late = operations.start(draft, typed, {}, digest=shown.digest if shown else "", actor=bert)

    assert isinstance(late, Met)
    refused = late.operation
    assert {section.name: section.verdict for section in kept_sections(refused)} == {
        "NAME": Verdict.MINE,
        "PHONE": Verdict.CHOOSE,
    }
    assert (refused.state, refused.outcome["rule"], refused.sent_at) == (State.REFUSED, "met_before_sending", None)
    assert (refused.values, refused.before) == ({}, {})
    [entry] = AuditEntry.objects.filter(operation_id=str(refused.pk))
    assert (entry.action, entry.result) == ("operation.outcome", "refused")
    assert entry.actor.startswith("Bert ")
    assert remote.sandboxes["linkar"].effects() == []
    account = LinkedAccount.objects.get(pk=draft.account_id)
    assert (account.attention, account.cause_code) == (Attention.CONFLICT, "met_before_sending")
    assert operations.conflict_of(account) == refused


def test_the_choice_is_put_on_top_and_sent(remote: Any, ana: Any, draft: Operation) -> None:
    typed = whole_form(draft, PHONE="my phone", NAME="Mine")
    meanwhile(remote, draft, 5, "their phone")
    met = operations.start(draft, typed, {}, digest="", actor=ana)
    assert isinstance(met, Met)

    joined = operations.begin_again(met.operation, actor=ana, choices={"PHONE": Side.MINE})
    assert isinstance(joined, Operation)
    begun = operations.start(joined, operations.values_of(joined), {}, digest=joined.plan_digest, actor=ana)

    assert isinstance(begun, Started)
    assert make.settled(begun.operation).state == State.DONE
    record = (remote.sandboxes["linkar"].world.find("ACCOUNTS", "AC*1006") or "").split("\xfe")
    assert (record[1], record[4]) == ("Mine", "my phone")


def test_the_same_change_on_both_sides_is_no_conflict(remote: Any, ana: Any, draft: Operation) -> None:
    typed = whole_form(draft, PHONE="same phone", NAME="Mine")
    meanwhile(remote, draft, 5, "same phone")
    shown = operations.preview(draft, typed, frozenset()).plan

    begun = operations.start(draft, typed, {}, digest=shown.digest if shown else "", actor=ana)

    assert isinstance(begun, Started)
    make.settled(begun.operation)


def test_a_sent_draft_is_not_refused_by_an_old_tab(remote: Any, ana: Any, draft: Operation) -> None:
    typed = whole_form(draft, PHONE="my phone")
    meanwhile(remote, draft, 5, "their phone")
    old = Operation.objects.select_related("account").get(pk=draft.pk)
    operations.cancel(draft, actor=ana)

    assert refuse_unsent(old, Conflict(MET_BEFORE_SENDING), actor=ana) is False
    assert isinstance(operations.start(old, typed, {}, digest="", actor=ana), AlreadySent)
    old.refresh_from_db()
    assert old.state == State.CANCELLED


def test_meeting_a_change_says_nothing_new_of_the_account(remote: Any, ana: Any, draft: Operation) -> None:
    typed = whole_form(draft, PHONE="my phone")
    meanwhile(remote, draft, 5, "their phone")
    LinkedAccount.objects.filter(pk=draft.account_id).update(stale_at=timezone.now())
    before = LinkedAccount.objects.get(pk=draft.account_id)

    assert isinstance(operations.start(draft, typed, {}, digest="", actor=ana), Met)

    after = LinkedAccount.objects.get(pk=draft.account_id)
    assert (after.checked_at, after.stale_at) == (before.checked_at, before.stale_at)


def test_a_deleted_account_is_not_brought_back_by_a_draft(remote: Any, ana: Any, draft: Operation) -> None:
    mark_gone(draft.account)

    assert refuse_unsent(draft, Conflict(MET_BEFORE_SENDING, theirs=draft.account.to_snapshot()), actor=ana)

    assert LinkedAccount.objects.get(pk=draft.account_id).is_gone


def test_the_history_tells_of_a_draft_that_met_a_change(remote: Any, ana: Any, draft: Operation) -> None:
    typed = whole_form(draft, PHONE="my phone")
    meanwhile(remote, draft, 5, "their phone")
    met = operations.start(draft, typed, {}, digest="", actor=ana)
    assert isinstance(met, Met)

    lines = timeline_of(LinkedAccount.objects.get(pk=draft.account_id)).lines
    page = words(client_of(ana).get(f"/operations/{draft.pk}/"))

    assert f"Yours was begun by {draft.actor_text}, 20" in page
    assert str(met.operation.pk) in {line.operation_id for line in lines}
