"""An operation that needs a second person: asked, agreed, sent once, and every way in which it is not."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Group
from django.utils import timezone

from dashboard.models import Approval, AuditEntry, AuditReview, LinkedAccount, Operation, User
from dashboard.models.operation import State
from dashboard.services import approvals, audit_review_walk, executor, operations
from dashboard.services.approvals import Decided, NotDecided
from dashboard.services.results import AlreadySent, AskedAlready, NeedsApproval, NotNeeded, Waiting
from tests import people

from . import factories as make
from .test_races import at_once

WHY = "The customer asked for it on the phone."


@pytest.fixture
def ana(belvo: Any, settings: Any) -> User:
    settings.APPROVALS = ["delete", "webhook_host"]
    belvo.rate_limit = None
    make.synced()
    return make.agent()


@pytest.fixture
def bea(ana: User) -> User:
    return people.member("approver", email="bea@desk.example", name="Bea Prado")


def deletion(actor: User) -> Operation:
    """Open a draft on an account that nothing has happened to yet."""
    fresh = LinkedAccount.objects.filter(schema_key=make.PLAIN, status="valid", operations=None)
    return make.draft(fresh.order_by("remote_id")[0], actor, "delete")


def asked(draft: Operation, actor: User) -> Approval:
    answer = operations.ask(draft, {}, frozenset(), digest=draft.plan_digest, actor=actor, reason=WHY, ticket="T-7")
    assert isinstance(answer, Waiting), answer
    return answer.approval


def deleted(belvo: Any) -> int:
    return sum(effect["method"] == "DELETE" for effect in belvo.effects())


def state_of(operation: Operation) -> str:
    return Operation.objects.get(pk=operation.pk).state


def test_a_deletion_is_not_sent_by_one_person(ana: User, belvo: Any) -> None:
    draft = deletion(ana)

    answer = operations.start(draft, {}, {}, digest=draft.plan_digest, actor=ana)

    assert isinstance(answer, NeedsApproval) and answer.key == "delete"
    assert state_of(draft) == State.DRAFT and deleted(belvo) == 0


def test_agreed_it_is_sent_once_and_both_names_and_the_digest_are_in_the_log(ana: User, bea: User, belvo: Any) -> None:
    draft = deletion(ana)
    approval = asked(draft, ana)
    assert state_of(draft) == State.AWAITING_APPROVAL and deleted(belvo) == 0

    answer = approvals.approve(approval, actor=bea, note="Checked with the customer.")

    assert isinstance(answer, Decided) and answer.approval.state == "used"
    assert make.settled(draft).state in (State.ACCEPTED, State.DONE)
    assert deleted(belvo) == 1
    intent = AuditEntry.objects.get(action="operation.intent", operation_id=str(draft.pk))
    facts = json.loads(intent.body)
    assert "Ana Souza" in intent.actor and "Bea Prado" in facts["approver"]
    assert facts["plan_digest"] == approval.digest == draft.plan_digest and facts["ticket"] == "T-7"
    entries = AuditEntry.objects.filter(operation_id=str(draft.pk))
    assert {json.loads(entry.body).get("approval") for entry in entries} == {str(approval.pk)}
    assert {"approval.requested", "approval.approved", "operation.intent"} <= {entry.action for entry in entries}


def test_waiting_holds_nobody_and_cannot_be_started_past_the_second_person(ana: User, bea: User, belvo: Any) -> None:
    draft = deletion(ana)
    asked(draft, ana)

    for person in (ana, bea):
        answer = operations.start(draft, {}, {}, digest=draft.plan_digest, actor=person)
        assert not isinstance(answer, operations.Started), answer
    assert isinstance(
        operations.ask(draft, {}, frozenset(), digest=draft.plan_digest, actor=ana, reason=WHY), AlreadySent
    )

    assert deleted(belvo) == 0 and state_of(draft) == State.AWAITING_APPROVAL
    assert operations.current_of(draft.account) is None


def test_the_same_is_asked_for_once(ana: User, bea: User) -> None:
    first = deletion(ana)
    asked(first, ana)
    second = make.draft(first.account, bea, "delete")

    answer = operations.ask(second, {}, frozenset(), digest=second.plan_digest, actor=bea, reason=WHY)

    assert isinstance(answer, AskedAlready) and answer.by == "Ana Souza"
    assert state_of(second) == State.DRAFT


def test_what_needs_nobody_is_not_asked_for(ana: User, settings: Any, belvo: Any) -> None:
    draft = deletion(ana)
    settings.APPROVALS = []

    answer = operations.ask(draft, {}, frozenset(), digest=draft.plan_digest, actor=ana, reason=WHY)

    assert isinstance(answer, NotNeeded) and not Approval.objects.exists() and deleted(belvo) == 0


def test_nobody_approves_their_own(bea: User, belvo: Any) -> None:
    draft = deletion(bea)

    answer = approvals.approve(asked(draft, bea), actor=bea)

    assert isinstance(answer, NotDecided) and answer.why == approvals.OWN
    assert state_of(draft) == State.AWAITING_APPROVAL and deleted(belvo) == 0


def test_a_target_that_changed_makes_it_void(ana: User, bea: User, belvo: Any) -> None:
    draft = deletion(ana)
    approval = asked(draft, ana)
    LinkedAccount.objects.filter(pk=draft.account_id).update(status="token_required")
    assert "has changed" in approvals.why_not_standing(approval)

    answer = approvals.approve(approval, actor=bea)

    assert isinstance(answer, NotDecided) and "has changed" in answer.why
    assert Approval.objects.get().state == "void" and state_of(draft) == State.CANCELLED and deleted(belvo) == 0


def test_a_mere_refresh_of_the_target_voids_nothing(ana: User, bea: User) -> None:
    approval = asked(deletion(ana), ana)
    LinkedAccount.objects.update(last_success_at=timezone.now(), checked_at=timezone.now())

    assert approvals.look_after() == 0
    assert isinstance(approvals.approve(approval, actor=bea), Decided)


def test_the_worker_voids_what_a_sync_has_changed(ana: User) -> None:
    draft = deletion(ana)
    asked(draft, ana)
    LinkedAccount.objects.filter(pk=draft.account_id).update(status="unconfirmed")

    assert approvals.look_after() == 1
    assert Approval.objects.get().state == "void" and state_of(draft) == State.CANCELLED


def test_editing_while_it_waits_voids_it(ana: User, bea: User, belvo: Any) -> None:
    draft = deletion(ana)
    approval = asked(draft, ana)

    refused = operations.begin_again(draft, actor=bea)
    edited = operations.begin_again(draft, actor=ana)

    assert isinstance(refused, operations.OpenRefused) and "only they can edit" in refused.why
    assert isinstance(edited, Operation) and edited.previous_id == draft.pk
    assert isinstance(approvals.approve(approval, actor=bea), NotDecided)
    assert Approval.objects.get().state == "void" and deleted(belvo) == 0


def test_withdrawn_declined_and_expired_end_the_operation_unsent(ana: User, bea: User, belvo: Any) -> None:
    ends = []
    for number in range(3):
        draft = deletion(ana)
        approval = asked(draft, ana)
        if number == 0:
            assert not operations.cancel(draft, actor=bea) and operations.cancel(draft, actor=ana)
        elif number == 1:
            approvals.decline(approval, actor=bea, note="Wrong customer.")
        else:
            with time_machine.travel(timezone.now() + timedelta(hours=25), tick=False):
                assert approvals.look_after() == 1
        assert isinstance(approvals.approve(approval, actor=bea), NotDecided)
        ends.append((Approval.objects.get(pk=approval.pk).state, state_of(draft)))

    assert ends == [("withdrawn", "cancelled"), ("declined", "cancelled"), ("expired", "expired")]
    assert deleted(belvo) == 0


def test_a_requester_without_the_role_makes_it_void(ana: User, bea: User, belvo: Any) -> None:
    approval = asked(deletion(ana), ana)
    ana.groups.set(Group.objects.filter(name="viewer"))

    assert isinstance(approvals.approve(approval, actor=bea), NotDecided)
    assert Approval.objects.get().state == "void" and deleted(belvo) == 0


def test_a_held_account_and_a_full_executor_leave_the_request_open(
    ana: User, bea: User, belvo: Any, settings: Any
) -> None:
    draft = deletion(ana)
    approval = asked(draft, ana)
    free = executor._own_crew().slots._value  # type: ignore[attr-defined]
    other = Operation.objects.create(
        account=draft.account, integration="belvo", action="refresh", actor=ana, actor_text="Ana", state=State.RUNNING
    )

    held = approvals.approve(approval, actor=bea)
    Operation.objects.filter(pk=other.pk).update(closed_at=timezone.now())
    assert executor._own_crew().slots._value == free, "what was rolled back gives its place back"  # type: ignore[attr-defined]
    slots = [slot for slot in (executor.reserve() for _ in range(settings.EXECUTOR_THREADS)) if slot]
    busy = approvals.approve(approval, actor=bea)
    for slot in slots:
        slot.release()

    assert isinstance(held, NotDecided) and isinstance(busy, NotDecided) and "as many operations" in busy.why
    assert Approval.objects.get().state == "open" and deleted(belvo) == 0
    assert isinstance(approvals.approve(approval, actor=bea), Decided)


def test_a_crash_after_the_approval_is_found_as_an_orphan_and_never_sent_twice(
    ana: User, bea: User, belvo: Any, monkeypatch: Any
) -> None:
    draft = deletion(ana)
    approval = asked(draft, ana)
    # The process ends between its commit and the thread that sends.
    monkeypatch.setattr("dashboard.services.operation_approvals.carry", lambda slot, *_: slot.release())
    assert isinstance(approvals.approve(approval, actor=bea), Decided)
    assert state_of(draft) == State.RUNNING

    with time_machine.travel(timezone.now() + timedelta(seconds=31), tick=False):
        assert operations.find_orphans() == 1

    assert state_of(draft) == State.UNKNOWN and deleted(belvo) == 0
    assert isinstance(approvals.approve(approval, actor=bea), NotDecided)


def test_twenty_approvals_at_once_send_it_once(ana: User, bea: User, belvo: Any) -> None:
    others = [people.member("approver", email=f"approver{n}@desk.example") for n in range(19)]
    draft = deletion(ana)
    approval = asked(draft, ana)

    answers = at_once(*(lambda who=who: approvals.approve(approval, actor=who) for who in (bea, *others)))

    assert sum(isinstance(answer, Decided) for answer in answers) == 1, answers
    assert sum(isinstance(answer, NotDecided) for answer in answers) == 19, answers
    make.settled(draft)
    assert deleted(belvo) == 1
    assert AuditEntry.objects.filter(action="operation.intent").count() == 1
    assert AuditEntry.objects.filter(action="approval.approved").count() == 1


def test_approving_withdrawing_and_editing_at_once_is_one_of_them(ana: User, bea: User, belvo: Any) -> None:
    for _ in range(3):
        draft = deletion(ana)
        approval = asked(draft, ana)
        before = deleted(belvo)

        at_once(
            lambda approval=approval: approvals.approve(approval, actor=bea),
            lambda draft=draft: operations.cancel(draft, actor=ana),
            lambda draft=draft: operations.begin_again(draft, actor=ana),
        )

        state = Approval.objects.get(pk=approval.pk).state
        make.settled(draft)
        assert deleted(belvo) - before == (1 if state == "used" else 0), state


def test_alone_it_is_sent_marked_and_loud(ana: User, bea: User, belvo: Any) -> None:
    draft = deletion(ana)
    approval = asked(draft, ana)
    reason = "Nobody answers and the account is being emptied."

    with pytest.raises(ValueError, match="needs a reason"):
        approvals.go_alone(approval, actor=ana, reason="urgent")
    assert isinstance(approvals.go_alone(approval, actor=bea, reason=reason), NotDecided)
    answer = approvals.go_alone(approval, actor=ana, reason=reason)

    assert isinstance(answer, Decided) and answer.approval.is_broken_glass
    make.settled(draft)
    assert deleted(belvo) == 1
    entry = AuditEntry.objects.get(action="approval.broken_glass")
    assert reason in entry.body and "Ana Souza" in entry.actor
    assert json.loads(AuditEntry.objects.get(action="operation.intent").body)["alone"] is True
    audit_review_walk.walk()
    review = AuditReview.objects.get(pk=entry.seq)
    assert review.is_urgent and "break_glass" in review.rules.values_list("rule", flat=True)
