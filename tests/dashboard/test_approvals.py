"""A second person: who may decide, what ends a request, and that it is carried out once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction
from django.utils import timezone

from dashboard import roles
from dashboard.models import Approval, AuditEntry, User
from dashboard.services import approval_decisions, approval_rows, approvals, staff
from dashboard.services.approvals import Asked, Decided, NotDecided
from dashboard.services.audit import Target
from tests import people

pytestmark = pytest.mark.django_db


class Parcel:
    """Something that can be asked for: it counts how often it was done."""

    permission = roles.REPAIR
    why_never_alone = ""

    def __init__(self) -> None:
        self.now = "as it was"
        self.done: list[str] = []
        self.closed: list[str] = []
        self.refuses = ""

    def basis(self, approval: Approval) -> str:
        return self.now

    def perform(self, approval: Approval, requester: User, approver: User | None) -> str:
        if self.refuses:
            raise approvals.CannotPerform(self.refuses)
        self.done.append(approval.subject_id)
        return "delivered"

    def close(self, approval: Approval) -> None:
        self.closed.append(approval.state)


@pytest.fixture
def parcel() -> Iterator[Parcel]:
    made = Parcel()
    approvals.register("parcel", made)
    yield made
    del approval_rows._performers["parcel"]


@pytest.fixture
def agent() -> User:
    return people.member("agent")


@pytest.fixture
def approver() -> User:
    return people.member("approver")


def ask(agent: User, **more: Any) -> Approval:
    asked = Asked("parcel", "7", "send", Target("7", "Parcel 7"), "digest-1", basis="as it was", **more)
    return approvals.request(asked, actor=agent, reason="The customer asked.", ticket="T-1")


def steps() -> list[str]:
    entries = AuditEntry.objects.filter(action__startswith="approval.").order_by("seq")
    return [entry.action.partition(".")[2] for entry in entries]


def refusals() -> list[tuple[str, str]]:
    """Return the role of everybody who was refused on record, and why."""
    entries = AuditEntry.objects.filter(action="approval.refused", kind="denied").order_by("seq")
    return [(entry.role, json.loads(entry.body)["because"]) for entry in entries]


def test_approved_it_is_done_once_and_both_are_on_record(parcel: Parcel, agent: User, approver: User) -> None:
    asked = ask(agent)

    first = approvals.approve(asked, actor=approver, note="Looks right.")
    second = approvals.approve(asked, actor=people.member("approver", email="other@desk.example"))

    assert isinstance(first, Decided) and first.approval.state == "used" and first.approval.result == "delivered"
    assert isinstance(second, NotDecided) and "Approver Person" in second.why
    assert parcel.done == ["7"]
    assert steps() == ["requested", "approved"]
    body = json.loads(AuditEntry.objects.get(action="approval.approved").body)
    assert body["approval"] == str(asked.pk) and body["digest"] == "digest-1"
    assert "Agent Person" in body["requester"] and "Approver Person" in body["decider"]


def test_nobody_approves_their_own(parcel: Parcel, approver: User) -> None:
    asked = ask(approver)

    answer = approvals.approve(asked, actor=approver)

    assert isinstance(answer, NotDecided) and answer.why == approvals.OWN
    assert parcel.done == [] and Approval.objects.get().state == "open"
    assert refusals() == [("approver", approvals.OWN)]


def test_who_let_the_decider_in_is_not_asked_back(parcel: Parcel, approver: User) -> None:
    admin = people.member("admin")
    admin.groups.add(Group.objects.get(name="agent"))
    staff.invite_again(approver, actor=admin)
    asked = ask(admin)

    answer = approvals.approve(asked, actor=approver)

    assert isinstance(answer, NotDecided) and "Somebody else has to decide" in answer.why
    assert refusals() == [("approver", answer.why)]
    with time_machine.travel(timezone.now() + timedelta(days=8), tick=False):
        assert not approval_decisions._was_let_in_by(admin.pk, approver)


@pytest.mark.parametrize("role", ["viewer", "agent", "auditor", "admin"])
def test_only_the_role_decides(parcel: Parcel, agent: User, role: str) -> None:
    other = people.member(role, email="other@desk.example")

    for decide in (approvals.approve, approvals.decline):
        assert isinstance(
            decide(ask(agent) if not Approval.objects.exists() else Approval.objects.get(), actor=other), NotDecided
        )

    assert parcel.done == []
    assert refusals() == [(role, approvals.NO_RIGHT)] * 2


def test_a_role_that_was_taken_away_since_the_page_was_shown_cannot_approve(
    parcel: Parcel, agent: User, approver: User
) -> None:
    asked = ask(agent)
    assert approver.has_perm(roles.APPROVE), "as this object remembers it"
    approver.groups.remove(Group.objects.get(name="approver"))

    assert isinstance(approvals.approve(asked, actor=approver), NotDecided)
    assert parcel.done == []
    assert refusals() == [("", approvals.NO_RIGHT)]


def test_somebody_disabled_cannot_decide_either_and_is_named(parcel: Parcel, agent: User, approver: User) -> None:
    asked = ask(agent)
    User.objects.filter(pk=approver.pk).update(is_active=False)

    assert isinstance(approvals.decline(asked, actor=approver), NotDecided)
    assert refusals() == [("approver", approvals.NO_RIGHT)]


def test_a_requester_who_lost_the_right_makes_it_void(parcel: Parcel, agent: User, approver: User) -> None:
    asked = ask(agent)
    User.objects.filter(pk=agent.pk).update(is_active=False)

    answer = approvals.approve(asked, actor=approver)

    assert isinstance(answer, NotDecided) and "may not do this any more" in answer.why
    assert parcel.done == [] and parcel.closed == ["void"]


def test_a_target_that_changed_makes_it_void(parcel: Parcel, agent: User, approver: User) -> None:
    asked = ask(agent)
    parcel.now = "another"

    answer = approvals.approve(asked, actor=approver)

    assert isinstance(answer, NotDecided) and "has changed since" in answer.why
    assert Approval.objects.get().state == "void" and parcel.done == []
    assert steps() == ["requested", "void"]


def test_it_expires_by_itself_and_when_somebody_comes_too_late(parcel: Parcel, agent: User, approver: User) -> None:
    asked = ask(agent)

    with time_machine.travel(timezone.now() + timedelta(hours=24, seconds=1), tick=False):
        answer = approvals.approve(asked, actor=approver)
        assert approvals.expire_due() == 0

    assert isinstance(answer, NotDecided) and "in time" in answer.why
    assert Approval.objects.get().state == "expired" and parcel.done == []


def test_the_worker_ends_what_nobody_decided(parcel: Parcel, agent: User) -> None:
    ask(agent)

    assert approvals.expire_due() == 0
    with time_machine.travel(timezone.now() + timedelta(hours=25), tick=False):
        assert approvals.expire_due() == 1

    assert AuditEntry.objects.get(action="approval.expired").kind == "system"


def test_what_cannot_be_done_now_leaves_the_request_open(parcel: Parcel, agent: User, approver: User) -> None:
    asked = ask(agent)
    parcel.refuses = "Linkdesk is busy."

    answer = approvals.approve(asked, actor=approver)

    assert isinstance(answer, NotDecided) and answer.why == "Linkdesk is busy."
    assert Approval.objects.get().state == "open" and steps() == ["requested"]


def test_with_a_secret_it_is_approved_first_and_spent_after(parcel: Parcel, agent: User, approver: User) -> None:
    asked = ask(agent, is_two_step=True)

    approvals.approve(asked, actor=approver)
    assert Approval.objects.get().state == "approved" and parcel.done == []

    with transaction.atomic():
        assert "not what was approved" in approvals.use(asked, "digest-2", actor=agent)
        assert "was approved for" in approvals.use(asked, "digest-1", actor=approver)
        assert approvals.use(asked, "digest-1", actor=agent) == ""
        assert "it was done" in approvals.use(asked, "digest-1", actor=agent)
    assert steps() == ["requested", "approved", "used"]


def test_only_the_requester_withdraws(parcel: Parcel, agent: User, approver: User) -> None:
    asked = ask(agent)

    assert isinstance(approvals.withdraw(asked, actor=approver), NotDecided)
    assert isinstance(approvals.withdraw(asked, actor=agent), Decided)
    assert isinstance(approvals.approve(asked, actor=approver), NotDecided)
    assert parcel.done == [] and parcel.closed == ["withdrawn"]
    assert refusals() == [("approver", f"Only {asked.requester_text} can withdraw this.")]


def test_only_the_requester_goes_on_alone(parcel: Parcel, agent: User, approver: User) -> None:
    asked = ask(agent)

    answer = approvals.go_alone(asked, actor=approver, reason="Nobody answers, the bank closes at six.")

    assert isinstance(answer, NotDecided) and parcel.done == []
    assert refusals() == [("approver", f"Only {asked.requester_text} can go on with this.")]


def test_the_same_is_not_asked_for_twice_at_once(parcel: Parcel, agent: User, approver: User) -> None:
    asked = ask(agent)

    with pytest.raises(IntegrityError), transaction.atomic():
        ask(agent)
    approvals.decline(asked, actor=approver, note="No.")

    assert ask(agent).state == "open"


def test_breaking_the_glass_needs_a_reason_and_is_loud(parcel: Parcel, agent: User) -> None:
    asked = ask(agent)

    with pytest.raises(ValueError, match="needs a reason"):
        approvals.go_alone(asked, actor=agent, reason="  ")
    assert isinstance(approvals.go_alone(asked, actor=agent, reason="Nobody answers, the bank closes at six."), Decided)

    made = Approval.objects.get()
    assert made.is_broken_glass and made.state == "used"
    assert "bank closes" in AuditEntry.objects.get(action="approval.broken_glass").body
