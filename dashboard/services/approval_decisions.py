"""The decision on a request for a second person: by another one, or by the requester who withdraws or goes on alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from django.db import IntegrityError, transaction
from django.utils import timezone

from dashboard import roles

from ..models import Approval, AuditEntry, User
from ..models.approval import MIN_GLASS_CHARS, ApprovalState
from .approval_rows import (
    CannotPerform,
    end,
    end_if_not_standing,
    ended_words,
    expiry,
    kept_text,
    locked,
    name_of,
    performer_of,
    person_now,
    record_step,
)
from .audit import Kind
from .audit_bytes import timestamp

OWN = "You asked for this yourself. It takes a second person."
NO_RIGHT = "Your role does not let you approve what others ask for."
LET_IN = "{} has lately given you a link or opened your account. Somebody else has to decide."
OWN_RIGHTS = "This is about yourself: nobody goes on alone with that."
# Who let somebody in within this time is not their second person.
LET_IN_COUNTS = timedelta(days=7)
LETS_IN = ("staff.invited", "staff.invited_again", "staff.enabled", "staff.factor_reset")
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Decided:
    approval: Approval


@dataclass(frozen=True, slots=True)
class NotDecided:
    """Nothing was decided by this attempt, and why, as a sentence; the request may have ended by itself."""

    approval: Approval
    why: str


def approve(approval: Approval, *, actor: User, note: str = "") -> Decided | NotDecided:
    """Agree to a request, and have it done in the same transaction unless a secret is still to be typed."""
    return _unless_in_the_way(approval, lambda: _approve(approval, actor, note))


def decline(approval: Approval, *, actor: User, note: str = "") -> Decided | NotDecided:
    """Refuse a request, with a note for the requester."""
    with transaction.atomic():
        row = locked(approval)
        if refused := _why_not_decide(row, actor):
            return NotDecided(row, refused)
        end(row, ApprovalState.DECLINED, "", actor, note=note, decider=actor)
    return Decided(row)


def withdraw(approval: Approval, *, actor: User, why: str = "") -> Decided | NotDecided:
    """Take one's own request back, also after it was approved as long as it was not used."""
    with transaction.atomic():
        row = locked(approval)
        if not row.is_pending:
            return NotDecided(row, ended_words(row))
        if row.requester_id != actor.pk:
            return NotDecided(row, _denied(row, actor, f"Only {row.requester_text} can withdraw this."))
        end(row, ApprovalState.WITHDRAWN, why, actor)
    return Decided(row)


def go_alone(approval: Approval, *, actor: User, reason: str) -> Decided | NotDecided:
    """Let the requester of an open request go on without a second person, because nobody can be reached.

    Loud: every approver, auditor and admin sees it on their pages, and it lands in the review queue.
    """
    _refuse_thin(reason)
    return _unless_in_the_way(approval, lambda: _go_alone(approval, actor, reason))


def why_never_alone(approval: Approval) -> str:
    """Say why its requester cannot go on with this alone, whatever the need, or ""."""
    if approval.target_id == str(approval.requester_id):
        return OWN_RIGHTS
    return performer_of(approval.subject).why_never_alone


def _unless_in_the_way(approval: Approval, decide: Callable[[], Decided | NotDecided]) -> Decided | NotDecided:
    """Decide in a transaction of its own; where it cannot be done now, nothing was decided."""
    try:
        with transaction.atomic(durable=True):
            return decide()
    except CannotPerform as trouble:
        return NotDecided(Approval.objects.get(pk=approval.pk), str(trouble))
    except IntegrityError:
        return NotDecided(Approval.objects.get(pk=approval.pk), "Something else is under way there. Try again later.")


def _approve(approval: Approval, actor: User, note: str) -> Decided | NotDecided:
    row = locked(approval)
    if refused := _why_not_decide(row, actor):
        return NotDecided(row, refused)
    if ended := end_if_not_standing(row):
        return NotDecided(row, ended)
    decided = {"decider": actor, "decider_text": name_of(actor), "note": kept_text(note)}
    _carry_out(row, "approved", actor, decided)
    return Decided(row)


def _go_alone(approval: Approval, actor: User, reason: str) -> Decided | NotDecided:
    row = locked(approval)
    if row.state != ApprovalState.OPEN:
        return NotDecided(row, ended_words(row))
    if row.requester_id != actor.pk:
        return NotDecided(row, _denied(row, actor, f"Only {row.requester_text} can go on with this."))
    if why_not := why_never_alone(row):
        return NotDecided(row, _denied(row, actor, why_not))
    if ended := end_if_not_standing(row):
        return NotDecided(row, ended)
    _carry_out(row, "broken_glass", actor, {"note": kept_text(reason), "is_broken_glass": True})
    log.warning("glass_broken", approval=str(row.pk), action=row.action)
    return Decided(row)


def _carry_out(row: Approval, step: str, actor: User, decided: dict[str, Any]) -> None:
    """Write the decision down and have it done, unless its secret is still to be typed."""
    now = timezone.now()
    decided |= {"decided_at": now}
    if row.is_two_step:
        row.move(ApprovalState.APPROVED, expires_at=expiry(), **decided)
        record_step(row, step, actor)
        return
    row.move(ApprovalState.USED, closed_at=now, **decided)
    record_step(row, step, actor)
    requester = person_now(row.requester_id)
    assert requester is not None  # noqa: S101 - end_if_not_standing has seen to it
    if result := performer_of(row.subject).perform(row, requester, row.decider):
        row.result = kept_text(result)
        row.save(update_fields=("result",))


def _why_not_decide(row: Approval, actor: User) -> str:
    """Return why this person cannot decide this request, judged on what the database says now."""
    if row.state != ApprovalState.OPEN:
        return ended_words(row)
    fresh = person_now(actor.pk)
    if fresh is None or not fresh.has_perm(roles.APPROVE):
        return _denied(row, fresh or actor, NO_RIGHT)
    if row.requester_id == fresh.pk:
        return _denied(row, fresh, OWN)
    if _was_let_in_by(row.requester_id, fresh):
        return _denied(row, fresh, LET_IN.format(row.requester_text))
    return ""


def _denied(row: Approval, actor: User, why: str) -> str:
    """Put on record that this person may not do it, with the sentence that they are told; return that."""
    record_step(row, "refused", actor, facts={"because": why}, kind=Kind.DENIED, result="refused")
    return why


def _was_let_in_by(requester_id: Any, decider: User) -> bool:
    """Say whether the requester could be the decider: whoever makes a person's link can use it themselves."""
    since = timestamp(timezone.now() - LET_IN_COUNTS)
    entries = AuditEntry.objects.filter(target_id=str(decider.pk), action__in=LETS_IN, at__gte=since)
    return entries.filter(actor_id=str(requester_id)).exists()


def _refuse_thin(reason: str) -> None:
    if len(reason.strip()) < MIN_GLASS_CHARS:
        raise ValueError(f"breaking the glass needs a reason of {MIN_GLASS_CHARS} characters")
