"""The rows and audit entries of requests for a second person, and who carries them out; decided in `approvals.py`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from django.conf import settings
from django.utils import timezone

from ..models import Approval, User
from ..models.approval import ApprovalState
from ..text import storable, storable_json
from .audit import SYSTEM, Actor, Facts, Kind, Target, record

MAX_TEXT_CHARS = 2_000
CHANGED = "What this is about has changed since it was asked. It can be asked for again."


@dataclass(frozen=True, slots=True)
class Asked:
    """What a second person is asked to agree to; without secrets.

    `digest` is what is agreed to, `basis` the target as it is now. `shown` are the lines (label, before, after) that
    both people see, `facts` the same as the audit log may keep it. `is_two_step`: its secret is typed afterwards.
    """

    subject: str
    subject_id: str
    action: str
    target: Target
    digest: str
    basis: str = ""
    summary: str = ""
    payload: Mapping[str, Any] = field(default_factory=dict)
    shown: Sequence[Mapping[str, Any]] = ()
    facts: Facts = field(default_factory=dict)
    is_two_step: bool = False


class CannotPerform(Exception):
    """Why what was approved cannot be done now, as a sentence; the request stays as it was."""


class Performer(Protocol):
    """What a subject of approvals knows about itself."""

    permission: str  # the right that the requester needs, still when it is approved
    why_never_alone: str  # why nobody goes on alone with it, as a sentence; "" where that can be

    def basis(self, approval: Approval) -> str:
        """Return the digest of the target as it is now; another one than was asked about makes the request void."""

    def perform(self, approval: Approval, requester: User, approver: User | None) -> str:
        """Do it, in the transaction that approves it; return what came of it. Raises `CannotPerform`."""

    def close(self, approval: Approval) -> None:
        """Let go of what waited for a request that ended otherwise."""


_performers: dict[str, Performer] = {}


def register(subject: str, performer: Performer) -> None:
    """Say who carries out the requests of a subject."""
    _performers[subject] = performer


def performer_of(subject: str) -> Performer:
    return _performers[subject]


def ended_words(row: Approval) -> str:
    """Say what became of a request that can no longer be decided."""
    words = {
        ApprovalState.APPROVED: f"{row.decider_text} has approved this already.",
        ApprovalState.USED: f"{row.decider_text} has approved this already, and it was done.",
        ApprovalState.DECLINED: f"{row.decider_text} has declined this.",
        ApprovalState.WITHDRAWN: f"{row.requester_text} has withdrawn this.",
        ApprovalState.EXPIRED: "Nobody decided in time. It can be asked for again.",
        ApprovalState.VOID: row.result or "This is void.",
    }
    if row.is_broken_glass and row.state in (ApprovalState.APPROVED, ApprovalState.USED):
        return f"{row.requester_text} has gone on alone."
    return words.get(ApprovalState(row.state), "This still waits for a decision.")


def end_if_over(row: Approval) -> str:
    """End a request that does not stand any more; return why, or ""."""
    if row.is_over_time:
        end(row, ApprovalState.EXPIRED, "", None)
        return ended_words(row)
    if has_changed(row):
        end(row, ApprovalState.VOID, CHANGED, None)
        return CHANGED
    return ""


def end_if_not_standing(row: Approval) -> str:
    """End a request that is over, whose target changed, or whose requester may not do it any more; return why."""
    if ended := end_if_over(row):
        return ended
    requester = person_now(row.requester_id)
    if requester is not None and requester.has_perm(performer_of(row.subject).permission):
        return ""
    why = f"{row.requester_text} may not do this any more."
    end(row, ApprovalState.VOID, why, None)
    return why


def has_changed(row: Approval) -> bool:
    """Say whether the target is another than was asked about; writes nothing."""
    return performer_of(row.subject).basis(row) != row.basis


def end(
    row: Approval, state: ApprovalState, result: str, actor: User | None, *, note: str = "", decider: User | None = None
) -> None:
    now = timezone.now()
    columns: dict[str, Any] = {"closed_at": now, "result": kept_text(result)}
    if decider is not None:
        columns |= {"decider": decider, "decider_text": name_of(decider), "decided_at": now, "note": kept_text(note)}
    row.move(state, **columns)
    performer_of(row.subject).close(row)
    record_step(row, str(state), actor)


def make(asked: Asked, actor: User, reason: str, ticket: str) -> Approval:
    return Approval.objects.create(
        subject=asked.subject,
        subject_id=asked.subject_id,
        action=asked.action,
        summary=storable(asked.summary, 300),
        target_id=storable(asked.target.id, 80),
        target=storable(asked.target.text, 600),
        payload=storable_json(dict(asked.payload)),
        shown=storable_json(list(asked.shown)),
        digest=asked.digest,
        basis=asked.basis,
        is_two_step=asked.is_two_step,
        requester=actor,
        requester_text=name_of(actor),
        reason=kept_text(reason),
        ticket=storable(ticket.strip(), 100),
        expires_at=expiry(),
    )


def asked_facts(approval: Approval, asked: Asked) -> Facts:
    """Return what the log keeps of a request; what takes making is made by the log itself."""

    def facts() -> Mapping[str, Any]:
        told = asked.facts() if callable(asked.facts) else asked.facts
        return {**told, "basis": asked.basis, "expires_at": approval.expires_at.isoformat()}

    return facts


def record_step(
    row: Approval,
    step: str,
    actor: User | None,
    *,
    facts: Facts | None = None,
    kind: Kind = Kind.EVENT,
    result: str = "",
) -> None:
    told = {
        "subject": row.subject,
        "action": row.action,
        "digest": row.digest,
        "reason": row.reason,
        "requester": row.requester_text,
        "decider": row.decider_text,
        "note": row.note,
        "result": row.result,
        "ticket": row.ticket,
    }

    def all_facts() -> Mapping[str, Any]:
        more = (facts() if callable(facts) else facts) or {}
        return {name: value for name, value in {**told, **more}.items() if value}

    record(
        kind if actor is not None else Kind.SYSTEM,
        f"approval.{step}",
        actor=Actor.of(actor) if actor is not None else SYSTEM,
        target=Target(row.target_id, row.target),
        operation_id=row.subject_id if row.subject == "operation" else "",
        result=result,
        facts=all_facts,
        approval=str(row.pk),
    )


def locked(approval: Approval) -> Approval:
    return Approval.objects.select_for_update(of=("self",)).get(pk=approval.pk)


def person_now(user_id: Any) -> User | None:
    """Return a person as the database has them now: roles and state may have changed since the page was shown."""
    return User.objects.filter(pk=user_id, is_active=True).first()


def expiry() -> datetime:
    return timezone.now() + timedelta(hours=settings.APPROVAL_EXPIRES_H)


def name_of(user: User) -> str:
    return storable(Actor.of(user).text, 300)


def kept_text(value: str) -> str:
    return storable(value.strip(), MAX_TEXT_CHARS)
