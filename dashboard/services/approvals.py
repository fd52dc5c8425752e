"""A second person: asked for, used once, looked after; decided in `approval_decisions.py`.

Each step is on record in the transaction that makes it.
"""

from __future__ import annotations

from collections.abc import Callable

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from ..models import Approval, User
from ..models.approval import PENDING, ApprovalState
from .approval_decisions import (
    NO_RIGHT,
    OWN,
    Decided,
    NotDecided,
    approve,
    decline,
    go_alone,
    why_never_alone,
    withdraw,
)
from .approval_rows import (
    Asked,
    CannotPerform,
    Performer,
    asked_facts,
    end,
    end_if_not_standing,
    end_if_over,
    ended_words,
    has_changed,
    locked,
    make,
    record_step,
    register,
)

# How many pending requests one look of the worker takes.
LOOKED_OVER = 500

log = structlog.get_logger(__name__)


def is_needed(action: str) -> bool:
    """Say whether the settings want a second person for an action."""
    return action in settings.APPROVALS


def pending_of(subject: str, subject_id: str) -> Approval | None:
    return Approval.objects.pending().filter(subject=subject, subject_id=subject_id).first()


def request(
    asked: Asked, *, actor: User, reason: str, ticket: str = "", then: Callable[[Approval], None] | None = None
) -> Approval:
    """Ask for a second person; `IntegrityError` where the same is asked for already.

    `then` is done in the same transaction, before it is put on record.
    """
    with transaction.atomic():
        approval = make(asked, actor, reason, ticket)
        if then is not None:
            then(approval)
        record_step(approval, "requested", actor, facts=asked_facts(approval, asked))
    return approval


def void(approval: Approval, why: str, *, actor: User | None = None) -> bool:
    """End a request whose subject is not what it was; False if it had ended already."""
    with transaction.atomic():
        row = locked(approval)
        if not row.is_pending:
            return False
        end(row, ApprovalState.VOID, why, actor)
    return True


def use(approval: Approval, digest: str, *, actor: User) -> str:
    """Spend an approved request, in the caller's transaction; return "" or why that cannot be."""
    row = locked(approval)
    if row.state != ApprovalState.APPROVED:
        return ended_words(row)
    if row.requester_id != actor.pk:
        return f"This was approved for {row.requester_text}."
    if ended := end_if_not_standing(row):
        return ended
    if row.digest != digest:
        return "This is not what was approved."
    row.move(ApprovalState.USED, closed_at=timezone.now())
    record_step(row, "used", actor)
    return ""


def why_not_standing(approval: Approval) -> str:
    """Say why a pending request can no longer be agreed to, or ""; writes nothing, so a page may ask."""
    if not approval.is_pending:
        return ""
    if approval.is_over_time:
        return "Its time is over."
    return "What this is about has changed since it was asked." if has_changed(approval) else ""


def look_over(approval: Approval) -> Approval:
    """End a pending request whose time is over or whose target changed; return it as it is then."""
    if not approval.is_pending:
        return approval
    with transaction.atomic():
        row = locked(approval)
        if row.is_pending:
            end_if_over(row)
    return row


def expire_due() -> int:
    """End every pending request whose time is over. Returns how many."""
    over = Approval.objects.pending().filter(expires_at__lte=timezone.now())
    return sum(not look_over(approval).is_pending for approval in over[:LOOKED_OVER])


def look_after() -> int:
    """End every pending request that does not stand any more, so that nobody finds out by trying. Returns how many."""
    count = 0
    for approval in Approval.objects.pending().order_by("created_at")[:LOOKED_OVER]:
        try:
            if why_not_standing(approval):
                count += not look_over(approval).is_pending
        except Exception:
            log.exception("approval_not_looked_over", approval=str(approval.pk))
    return count


__all__ = [
    "NO_RIGHT",
    "OWN",
    "PENDING",
    "Asked",
    "CannotPerform",
    "Decided",
    "NotDecided",
    "Performer",
    "approve",
    "decline",
    "ended_words",
    "expire_due",
    "go_alone",
    "has_changed",
    "is_needed",
    "look_after",
    "look_over",
    "pending_of",
    "register",
    "request",
    "use",
    "void",
    "why_never_alone",
    "why_not_standing",
    "withdraw",
]
