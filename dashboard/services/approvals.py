"""A second person: asked, decided, used once. Each step is on record in the transaction that makes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from dashboard import roles

from ..models import Approval, User
from ..models.approval import PENDING, ApprovalState
from ..text import storable, storable_json
from .audit import Actor, Kind, Target, record

OWN = "You asked for this yourself. It takes a second person."
MAX_TEXT_CHARS = 2_000

log = structlog.get_logger(__name__)


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
    facts: Mapping[str, Any] = field(default_factory=dict)
    is_two_step: bool = False


class CannotPerform(Exception):
    """Why what was approved cannot be done now, as a sentence; the request stays as it was."""


class Performer(Protocol):
    """What a subject of approvals knows about itself."""

    permission: str  # the right that the requester needs, still when it is approved

    def basis(self, approval: Approval) -> str:
        """Return the digest of the target as it is now; another one than was asked about makes the request void."""

    def perform(self, approval: Approval, requester: User, approver: User | None) -> str:
        """Do it, in the transaction that approves it; return what came of it. Raises `CannotPerform`."""

    def close(self, approval: Approval) -> None:
        """Let go of what waited for a request that ended otherwise."""


@dataclass(frozen=True, slots=True)
class Decided:
    approval: Approval


@dataclass(frozen=True, slots=True)
class NotDecided:
    """Nothing was decided by this attempt, and why, as a sentence; the request may have ended by itself."""

    approval: Approval
    why: str


_performers: dict[str, Performer] = {}


def register(subject: str, performer: Performer) -> None:
    """Say who carries out the requests of a subject."""
    _performers[subject] = performer


def performer_of(subject: str) -> Performer:
    return _performers[subject]


def is_needed(action: str) -> bool:
    """Say whether the settings want a second person for an action."""
    return action in settings.APPROVALS


def pending_of(subject: str, subject_id: str) -> Approval | None:
    return Approval.objects.pending().filter(subject=subject, subject_id=subject_id).first()


def request(asked: Asked, *, actor: User, reason: str, ticket: str = "") -> Approval:
    """Ask for a second person. `IntegrityError` where the same is asked for already."""
    with transaction.atomic():
        approval = _make(asked, actor, reason, ticket)
        _record(approval, "requested", actor, facts=_asked_facts(approval, asked))
    return approval


def approve(approval: Approval, *, actor: User, note: str = "") -> Decided | NotDecided:
    """Agree to a request, and have it done in the same transaction unless a secret is still to be typed."""
    try:
        with transaction.atomic():
            return _approve(approval, actor, note)
    except CannotPerform as trouble:
        return NotDecided(Approval.objects.get(pk=approval.pk), str(trouble))
    except IntegrityError:
        return NotDecided(Approval.objects.get(pk=approval.pk), "Something else is under way there. Try again later.")


def decline(approval: Approval, *, actor: User, note: str = "") -> Decided | NotDecided:
    """Refuse a request, with a note for the requester."""
    with transaction.atomic():
        row = _locked(approval)
        if refused := _why_not_decide(row, actor):
            return NotDecided(row, refused)
        _end(row, ApprovalState.DECLINED, "", actor, note=note, decider=actor)
    return Decided(row)


def withdraw(approval: Approval, *, actor: User, why: str = "") -> Decided | NotDecided:
    """Take one's own request back, also after it was approved as long as it was not used."""
    with transaction.atomic():
        row = _locked(approval)
        if not row.is_pending:
            return NotDecided(row, ended_words(row))
        if row.requester_id != actor.pk:
            return NotDecided(row, f"Only {row.requester_text} can withdraw this.")
        _end(row, ApprovalState.WITHDRAWN, why, actor)
    return Decided(row)


def void(approval: Approval, why: str, *, actor: User | None = None) -> bool:
    """End a request whose subject is not what it was; False if it had ended already."""
    with transaction.atomic():
        row = _locked(approval)
        if not row.is_pending:
            return False
        _end(row, ApprovalState.VOID, why, actor)
    return True


def use(approval: Approval, digest: str, *, actor: User) -> str:
    """Spend an approved request, in the caller's transaction; return "" or why that cannot be."""
    row = _locked(approval)
    if row.state != ApprovalState.APPROVED:
        return ended_words(row)
    if row.requester_id != actor.pk:
        return f"This was approved for {row.requester_text}."
    if ended := _end_if_over(row):
        return ended
    if row.digest != digest:
        return "This is not what was approved."
    row.move(ApprovalState.USED, closed_at=timezone.now())
    _record(row, "used", actor)
    return ""


def break_glass(asked: Asked, *, actor: User, reason: str, ticket: str = "") -> Approval:
    """Note, in the caller's transaction, that one person goes on alone; the caller then does it.

    Loud: every approver, auditor and admin sees it on their pages, and it lands in the review queue.
    """
    if not reason.strip():
        raise ValueError("breaking the glass needs a reason")
    approval = _make(asked, actor, reason, ticket, state=ApprovalState.USED, is_broken_glass=True)
    _record(approval, "broken_glass", actor, facts=_asked_facts(approval, asked))
    log.warning("glass_broken", approval=str(approval.pk), action=asked.action)
    return approval


def look_over(approval: Approval) -> Approval:
    """End a pending request whose time is over or whose target changed; return it as it is then."""
    if not approval.is_pending:
        return approval
    with transaction.atomic():
        row = _locked(approval)
        if row.is_pending:
            _end_if_over(row)
    return row


def expire_due() -> int:
    """End every pending request whose time is over. Returns how many."""
    over = Approval.objects.pending().filter(expires_at__lte=timezone.now())
    return sum(not look_over(approval).is_pending for approval in over[:500])


def ended_words(row: Approval) -> str:
    """Say what became of a request that can no longer be decided."""
    words = {
        ApprovalState.APPROVED: f"{row.decider_text} has approved this already.",
        ApprovalState.USED: f"{row.decider_text or row.requester_text} has approved this already, and it was done.",
        ApprovalState.DECLINED: f"{row.decider_text} has declined this.",
        ApprovalState.WITHDRAWN: f"{row.requester_text} has withdrawn this.",
        ApprovalState.EXPIRED: "Nobody decided in time. It can be asked for again.",
        ApprovalState.VOID: row.result or "This is void.",
    }
    return words.get(ApprovalState(row.state), "This still waits for a decision.")


def _approve(approval: Approval, actor: User, note: str) -> Decided | NotDecided:
    row = _locked(approval)
    if refused := _why_not_decide(row, actor):
        return NotDecided(row, refused)
    if ended := _end_if_over(row):
        return NotDecided(row, ended)
    requester = _fresh(row.requester_id)
    performer = performer_of(row.subject)
    if requester is None or not requester.has_perm(performer.permission):
        why = f"{row.requester_text} may not do this any more."
        _end(row, ApprovalState.VOID, why, None)
        return NotDecided(row, why)
    now = timezone.now()
    decided = {"decider": actor, "decider_text": _name(actor), "decided_at": now, "note": _text(note)}
    if row.is_two_step:
        row.move(ApprovalState.APPROVED, expires_at=_expiry(), **decided)
        _record(row, "approved", actor)
        return Decided(row)
    row.move(ApprovalState.USED, closed_at=now, **decided)
    _record(row, "approved", actor)
    if result := performer.perform(row, requester, actor):
        row.result = _text(result)
        row.save(update_fields=("result",))
    return Decided(row)


def _why_not_decide(row: Approval, actor: User) -> str:
    """Return why this person cannot decide this request, judged on what the database says now."""
    if row.state != ApprovalState.OPEN:
        return ended_words(row)
    fresh = _fresh(actor.pk)
    if fresh is None or not fresh.has_perm(roles.APPROVE):
        return "Your role does not let you approve what others ask for."
    if row.requester_id == fresh.pk:
        _record(row, "refused", actor, kind=Kind.DENIED, result="refused")
        return OWN
    return ""


def _end_if_over(row: Approval) -> str:
    if row.is_over_time:
        _end(row, ApprovalState.EXPIRED, "", None)
        return ended_words(row)
    if performer_of(row.subject).basis(row) != row.basis:
        why = "What this is about has changed since it was asked. It can be asked for again."
        _end(row, ApprovalState.VOID, why, None)
        return why
    return ""


def _end(
    row: Approval, state: ApprovalState, result: str, actor: User | None, *, note: str = "", decider: User | None = None
) -> None:
    now = timezone.now()
    columns: dict[str, Any] = {"closed_at": now, "result": _text(result)}
    if decider is not None:
        columns |= {"decider": decider, "decider_text": _name(decider), "decided_at": now, "note": _text(note)}
    row.move(state, **columns)
    performer_of(row.subject).close(row)
    _record(row, str(state), actor)


def _make(asked: Asked, actor: User, reason: str, ticket: str, **columns: Any) -> Approval:
    now = timezone.now()
    if columns:
        columns["closed_at"] = now
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
        requester_text=_name(actor),
        reason=_text(reason),
        ticket=storable(ticket.strip(), 100),
        created_at=now,
        expires_at=_expiry(),
        **columns,
    )


def _asked_facts(approval: Approval, asked: Asked) -> dict[str, Any]:
    expires = {} if approval.is_broken_glass else {"expires_at": approval.expires_at.isoformat()}
    return {**asked.facts, "basis": asked.basis, "ticket": approval.ticket, **expires}


def _record(
    row: Approval,
    step: str,
    actor: User | None,
    *,
    facts: Mapping[str, Any] | None = None,
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
        **(facts or {}),
    }
    record(
        kind if actor is not None else Kind.SYSTEM,
        f"approval.{step}",
        actor=Actor.of(actor) if actor is not None else Actor("", "Linkdesk", "system"),
        target=Target(row.target_id, row.target),
        operation_id=row.subject_id if row.subject == "operation" else "",
        result=result,
        facts={name: value for name, value in told.items() if value},
        approval=str(row.pk),
    )


def _locked(approval: Approval) -> Approval:
    return Approval.objects.select_for_update(of=("self",)).get(pk=approval.pk)


def _fresh(user_id: Any) -> User | None:
    """Return a person as the database has them now: roles and state may have changed since the page was shown."""
    return User.objects.filter(pk=user_id, is_active=True).first()


def _expiry() -> Any:
    return timezone.now() + timedelta(hours=settings.APPROVAL_EXPIRES_H)


def _name(user: User) -> str:
    return storable(Actor.of(user).text, 300)


def _text(value: str) -> str:
    return storable(value.strip(), MAX_TEXT_CHARS)


__all__ = [
    "PENDING",
    "Asked",
    "CannotPerform",
    "Decided",
    "NotDecided",
    "Performer",
    "approve",
    "break_glass",
    "decline",
    "expire_due",
    "is_needed",
    "look_over",
    "pending_of",
    "register",
    "request",
    "use",
    "void",
    "withdraw",
]
