"""Starting an operation: agreed plan, one transaction, then one thread that sends it once."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import structlog
from django.db import IntegrityError, transaction

from providers.base import Capability, Provider
from providers.errors import MET_BEFORE_SENDING
from providers.fields import FieldValue
from providers.outcomes import Conflict, Outcome, Unavailable
from providers.plan import Plan
from providers.secrets import Secret

from ..models import Operation, User
from ..models.approval import ApprovalState
from ..models.operation import State
from ..registry import provider_for, pure
from . import approval_policy, approvals, executor, snapshots
from .conflicts import sections_of
from .drafts import current_of, on_top, plan_for, preview, values_of
from .intents import run_now
from .outcomes import NOT_STARTED, OUR_FAULT
from .results import (
    AlreadySent,
    Busy,
    Held,
    InvalidValues,
    Met,
    NeedsApproval,
    NotApproved,
    Nothing,
    PlanChanged,
    Preview,
    Started,
    StartResult,
    Unfit,
)
from .settling import refuse_unsent, settle

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
    given = {name: secret for name, secret in secrets.items() if secret}
    if operation.state == State.AWAITING_APPROVAL:
        return _start_approved(operation, given, actor)
    plan = agreed(operation, values, frozenset(given), digest=digest, actor=actor)
    if not isinstance(plan, Plan):
        return plan
    if key := approval_policy.needed_for(operation.account, plan):
        return NeedsApproval(Preview(plan), key)
    # From here on the operation stands on the account as it is now, so what was typed has to stand on it too.
    values = on_top(operation, values)
    begin = partial(run_now, operation, plan, values, actor=actor, reason=reason)
    return _in_a_slot(operation, plan, values, given, begin)


def agreed(
    operation: Operation, values: Mapping[str, FieldValue], given: frozenset[str], *, digest: str, actor: User
) -> Plan | Unfit:
    """Return the plan of a draft if it is the one that the person agreed to, or why it is not."""
    if operation.state != State.DRAFT:
        return AlreadySent(operation)
    shown = plan_for(operation, values, given)
    meets = _meets_another_change(operation, shown, values)
    refused = None if meets else _not_as_agreed(operation, shown, digest)
    if meets or refused is not None:
        preview(operation, values, given)
        return refused or _let_meet(operation, actor)
    assert shown.plan is not None  # noqa: S101 - _not_as_agreed has seen to it
    return shown.plan


def _start_approved(operation: Operation, given: Mapping[str, Secret], actor: User) -> StartResult:
    """Send what a second person has agreed to, now that its secret is there. Only secrets count of what is typed."""
    approval = operation.approval
    if approval is None or approval.state != ApprovalState.APPROVED:
        return NotApproved(operation, approvals.ended_words(approval) if approval else "")
    typed = values_of(operation)
    shown = plan_for(operation, typed, frozenset(given))
    missing = [name for name in operation.secret_names if name not in given]
    if missing:
        needed = ("This belongs to what was approved: type it.",)
        return InvalidValues(Preview(None, dict.fromkeys(missing, needed)))
    if shown.plan is None:
        return InvalidValues(shown)
    plan, values = shown.plan, on_top(operation, typed)

    def begin() -> bool | NotApproved:
        if why := approvals.use(approval, plan.digest, actor=actor):
            return NotApproved(_fresh(operation), why)
        return run_now(operation, plan, values, actor=actor, reason=operation.reason, approval=approval)

    return _in_a_slot(operation, plan, values, given, begin)


def _in_a_slot(
    operation: Operation,
    plan: Plan,
    values: Mapping[str, FieldValue],
    secrets: Mapping[str, Secret],
    begin: Callable[[], bool | NotApproved],
) -> StartResult:
    """Begin in a transaction of its own, and send after it; without a free place nothing is begun."""
    slot = executor.reserve()
    if slot is None:
        return Busy()
    try:
        begun = _begin(operation, begin)
    except BaseException:
        slot.release()
        raise
    if not isinstance(begun, Started):
        slot.release()
        return begun
    # After the commit, so that nothing is sent that is not on record.
    plain = dict(values)
    carry(slot, operation, lambda provider: provider.send(plan, plain, secrets))
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


class _Lost(Exception):
    """Somebody else was faster: the transaction rolls back."""


def _begin(operation: Operation, begin: Callable[[], bool | NotApproved]) -> Started | Held | AlreadySent | NotApproved:
    """Turn the operation into a running one with its intent on record, in one transaction."""
    try:
        with transaction.atomic(durable=True):
            begun = begin()
            if isinstance(begun, NotApproved):
                return begun
            if not begun:
                raise _Lost
    except _Lost:
        return AlreadySent(_fresh(operation))
    except IntegrityError:
        holder = current_of(operation.account)
        if holder is None or holder.pk == operation.pk:
            return AlreadySent(_fresh(operation))
        return Held(holder.actor_text, holder)
    return Started(operation)


def _fresh(operation: Operation) -> Operation:
    return Operation.objects.select_related("account", "account__customer", "actor", "approval").get(pk=operation.pk)
