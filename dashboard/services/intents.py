"""The moment before sending: an operation becomes a running one, and its intent goes on record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from providers.fields import FieldValue
from providers.plan import Plan

from ..models import Approval, Operation, User
from ..models.operation import State
from ..text import storable, storable_json
from . import executor, snapshots
from .audit import Actor, Kind, Target, record, redact_changes
from .drafts import kept_values

MAX_REASON_CHARS = 2_000


def run_now(
    operation: Operation,
    plan: Plan,
    values: Mapping[str, FieldValue],
    *,
    actor: User,
    reason: str,
    approval: Approval | None = None,
) -> bool:
    """Move to running and write the intent, in the caller's transaction; False if somebody else was faster."""
    now = timezone.now()
    account = operation.account
    won = operation.move(
        State.RUNNING,
        actor=actor,
        actor_text=storable(str(actor), 300),
        reason=storable(reason, MAX_REASON_CHARS),
        values=kept_values(operation, values),
        secret_names=list(plan.secret_names),
        plan=storable_json(plan.to_json()),
        plan_digest=plan.digest,
        before=snapshots.to_json(account.to_snapshot()),
        executor=executor.name(),
        beat_at=now,
        started_at=now,
        sent_at=now,
    )
    if not won:
        return False
    record(
        Kind.INTENT,
        "operation.intent",
        actor=Actor.of(actor),
        target=Target.of(account),
        integration=operation.integration,
        operation_id=str(operation.pk),
        approval=str(operation.approval_id or ""),
        facts=lambda: _intent(plan, operation) | _agreement(approval),
    )
    return True


def _intent(plan: Plan, operation: Operation) -> dict[str, Any]:
    return {
        "action": plan.action,
        "changes": redact_changes(plan),
        "fields": [change.field for change in plan.changes],
        "secrets_given": list(plan.secret_names),
        "request": {"method": plan.call.method, "path": plan.call.path},
        "plan_digest": plan.digest,
        "reason": operation.reason,
        "previous": str(operation.previous_id) if operation.previous_id else "",
    }


def _agreement(approval: Approval | None) -> dict[str, Any]:
    """Return who agreed; what one person did alone says so."""
    if approval is None:
        return {}
    if approval.is_broken_glass:
        return {"approver": "", "alone": True}
    return {"approver": approval.decider_text, "ticket": approval.ticket}
