"""Starting an operation: agreed plan, one transaction, then one thread that sends it once."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from typing import Any

import structlog
from django.db import IntegrityError, transaction
from django.utils import timezone

from providers.base import Capability, Provider
from providers.errors import MET_BEFORE_SENDING
from providers.fields import FieldValue
from providers.outcomes import Conflict, Outcome, Unavailable
from providers.plan import Plan
from providers.secrets import Secret

from ..models import Operation, User
from ..models.operation import State
from ..registry import provider_for, pure
from ..text import storable, storable_json
from . import executor, snapshots
from .audit import Actor, Kind, Target, record, redact_changes
from .conflicts import sections_of
from .drafts import current_of, kept_values, on_top, plan_for, preview
from .outcomes import NOT_STARTED, OUR_FAULT
from .results import (
    AlreadySent,
    Busy,
    Held,
    InvalidValues,
    Met,
    Nothing,
    PlanChanged,
    Preview,
    Started,
    StartResult,
)
from .settling import refuse_unsent, settle

MAX_REASON_CHARS = 2_000

log = structlog.get_logger(__name__)


def start(
    operation: Operation,
    values: Mapping[str, FieldValue],
    secrets: Mapping[str, Secret],
    *,
    digest: str,
    actor: User,
    reason: str = "",
) -> StartResult:
    """Send the plan that the person agreed to, once.

    Everything but `Started` means that nothing was sent. `AuditUnavailable` is raised when the intent cannot be
    written: the draft stays a draft.
    """
    operation = _fresh(operation)
    if operation.state != State.DRAFT:
        return AlreadySent(operation)
    given = {name: secret for name, secret in secrets.items() if secret}
    shown = plan_for(operation, values, frozenset(given))
    meets = _meets_another_change(operation, shown, values)
    refused = None if meets else _not_as_agreed(operation, shown, digest)
    if meets or refused is not None:
        preview(operation, values, frozenset(given))
        return refused or _let_meet(operation, actor)
    assert shown.plan is not None  # noqa: S101 - _not_as_agreed has seen to it
    # From here on the operation stands on the account as it is now, so what was typed has to stand on it too.
    values = on_top(operation, values)
    slot = executor.reserve()
    if slot is None:
        return Busy()
    try:
        begun = _begin(operation, shown.plan, values, actor, reason)
    except BaseException:
        slot.release()
        raise
    if not isinstance(begun, Started):
        slot.release()
        return begun
    # After the commit, so that nothing is sent that is not on record.
    plan = shown.plan
    plain = dict(values)
    carry(slot, operation, lambda provider: provider.send(plan, plain, given))
    return begun


def carry(slot: executor.Slot, operation: Operation, ask: Callable[[Provider], Outcome]) -> None:
    """Do `ask` in the slot's thread and settle on its answer. What `ask` holds in secret ends with that thread."""
    try:
        slot.run(lambda: _perform(operation.pk, ask), operation_id=operation.pk)
    except RuntimeError:
        settle(operation.pk, Unavailable(NOT_STARTED), pure(operation.integration))


def _perform(operation_id: Any, ask: Callable[[Provider], Outcome]) -> None:
    operation = Operation.objects.select_related("account").get(pk=operation_id)
    provider = provider_for(operation.integration, account=operation.account, operation=operation)
    try:
        outcome = ask(provider)
    except Exception as fault:
        # The message is left out: it may quote what was being sent.
        where = traceback.format_list(traceback.extract_tb(fault.__traceback__))
        log.error("operation_broke", operation=str(operation_id), fault=type(fault).__name__, where="".join(where))
        outcome = Unavailable(OUR_FAULT, maybe_applied=True)
    settle(operation_id, outcome, provider)


def _let_meet(operation: Operation, actor: User) -> Met | AlreadySent:
    met = Conflict(MET_BEFORE_SENDING, theirs=operation.account.to_snapshot())
    is_refused = refuse_unsent(operation, met, actor=actor)
    return Met(_fresh(operation)) if is_refused else AlreadySent(_fresh(operation))


def _meets_another_change(operation: Operation, shown: Preview, values: Mapping[str, FieldValue]) -> bool:
    """Say whether somebody else has changed what this draft changes, and made something else of it.

    Told by what the person saw when the draft was opened: that a preview has shown theirs since is no choice.
    """
    if shown.plan is None or not operation.before or operation.account.is_gone:
        return False
    provider, now = pure(operation.integration), operation.account.to_snapshot()
    is_update = any(a.name == operation.action and a.capability is Capability.UPDATE for a in provider.actions)
    if not is_update or snapshots.from_json(operation.before).digest == now.digest:
        return False
    schema = snapshots.schema_of(operation.account)
    return any(section.is_open for section in sections_of(operation, provider, shown.plan, now, schema, values=values))


def _not_as_agreed(operation: Operation, shown: Preview, digest: str) -> PlanChanged | InvalidValues | Nothing | None:
    if shown.plan is None:
        return InvalidValues(shown)
    account = operation.account
    if shown.plan.is_empty and pure(account.integration).fields(
        operation.action, account.to_snapshot(), snapshots.schema_of(account)
    ):
        return Nothing()
    return None if shown.plan.digest == digest else PlanChanged(shown)


def _begin(
    operation: Operation, plan: Plan, values: Mapping[str, FieldValue], actor: User, reason: str
) -> Started | Held | AlreadySent:
    """Turn the draft into a running operation with its intent on record, in one transaction."""
    now = timezone.now()
    account = operation.account
    try:
        with transaction.atomic(durable=True):
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
                return AlreadySent(_fresh(operation))
            record(
                Kind.INTENT,
                "operation.intent",
                actor=Actor.of(actor),
                target=Target.of(account),
                integration=operation.integration,
                operation_id=str(operation.pk),
                facts=lambda: _intent(plan, operation),
                approval=str(operation.approval_id or ""),
            )
    except IntegrityError:
        holder = current_of(account)
        if holder is None or holder.pk == operation.pk:
            return AlreadySent(_fresh(operation))
        return Held(holder.actor_text, holder)
    return Started(operation)


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


def _fresh(operation: Operation) -> Operation:
    return Operation.objects.select_related("account", "account__customer", "actor").get(pk=operation.pk)
