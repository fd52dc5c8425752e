"""Operations without an answer: found by their missing beat, settled by reading back, never by sending again."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from providers.base import Effect, Provider
from providers.outcomes import Unavailable
from providers.plan import Plan

from ..models import LinkedAccount, Operation
from ..models.operation import State
from ..registry import UnknownIntegration, provider_class_of, provider_for
from . import outcomes, receipts
from .evidence import Reading, confirms, effect_of, read_back, time_is_over_at
from .executor import ORPHAN_AFTER
from .mirror import forget_cause, mark_stale, reassess
from .settling import raise_concern, record_reconciled

# When to look, in seconds after sending; the last look is when the remote can no longer be at work.
UNKNOWN_CHECKS_S = (0, 30, *range(120, 86_400, 120))
ACCEPTED_CHECKS_S = (30, 120, 600)
NEXT_STEP = "Look at the account with the customer. If it still does not work, begin again."

log = structlog.get_logger(__name__)


def find_orphans() -> int:
    """Make running operations whose process gave no sign of life for 30 s unknown. Returns how many."""
    silent = Operation.objects.select_related("account").filter(
        Q(beat_at__lt=timezone.now() - ORPHAN_AFTER) | Q(beat_at=None), state=State.RUNNING
    )
    found = 0
    for operation in silent:
        try:
            found += _abandon(operation)
        except Exception:
            # One that cannot be put on record now must not keep the others from being found.
            log.exception("operation_not_abandoned", operation=str(operation.pk))
    return found


def check_due(*, every_unknown: bool = False) -> int:
    """Read back every operation whose time has come. Returns how many were looked at.

    `every_unknown` are those too whose time has not come: whoever was to look may be gone, with the look counted.
    """
    is_due = Q(check_at__lte=timezone.now())
    if every_unknown:
        is_due |= Q(state=State.UNKNOWN)
    due = Operation.objects.filter(is_due, state__in=(State.ACCEPTED, State.UNKNOWN), closed_at=None)
    ids = list(due.order_by("check_at").values_list("pk", flat=True))
    for operation_id in ids:
        try:
            check_back(operation_id)
        except Exception:
            log.exception("operation_not_checked", operation=str(operation_id))
    return len(ids)


def check_back(operation_id: Any) -> Operation:
    """Read back an accepted or unknown operation, and settle it if that is evidence; else say when to look again."""
    operation = _fresh(operation_id)
    if operation.state not in (State.ACCEPTED, State.UNKNOWN) or operation.closed_at is not None:
        return operation
    # Whoever counts this look up makes it; another worker walks away.
    if not operation.move(
        State(operation.state), checks_made=operation.checks_made + 1, check_at=timezone.now() + timedelta(minutes=2)
    ):
        return _fresh(operation_id)
    try:
        provider = provider_for(operation.integration, account=operation.account, operation=operation)
    except UnknownIntegration:
        return operation
    reading = read_back(provider, operation.account.remote_id)
    with transaction.atomic():
        rows = Operation.objects.select_related("account", "actor").select_for_update(of=("self",))
        operation = rows.get(pk=operation_id)
        if operation.state in (State.ACCEPTED, State.UNKNOWN) and operation.closed_at is None:
            _settle(operation, provider, reading)
    return _fresh(operation_id)


def held_until(operation: Operation) -> datetime | None:
    """Return when the last look at an open accepted or unknown operation is due: until then it holds its account.

    None for any other operation, and where the integration is not configured any more.
    """
    if operation.state not in (State.ACCEPTED, State.UNKNOWN) or operation.closed_at is not None:
        return None
    try:
        return _last_look_at(provider_class_of(operation.integration), operation)
    except UnknownIntegration:
        return None


def _abandon(operation: Operation) -> bool:
    now = timezone.now()
    outcome = Unavailable(outcomes.INTERRUPTED, maybe_applied=True)
    with transaction.atomic():
        # The beat moves no version, so it is compared here: a process that woke up keeps its operation.
        still = Operation.objects.select_for_update().filter(pk=operation.pk, beat_at=operation.beat_at).exists()
        if not still or not operation.move(
            State.UNKNOWN,
            outcome=outcomes.to_json(outcome, _name(operation), now),
            sealed=None,
            sealed_until=None,
            beat_at=None,
            check_at=now,
        ):
            return False
        mark_stale(operation.account)
        reassess(operation.account)
        record_reconciled(operation, "unknown", {"action": operation.action, "rule": outcomes.INTERRUPTED.code})
    log.warning("operation_orphaned", operation=str(operation.pk), executor=operation.executor)
    return True


def _settle(operation: Operation, provider: Provider, reading: Reading) -> None:
    account = reading.store(operation.account)
    plan = Plan.from_json(operation.plan or {})
    confirmed = confirms(provider, operation, plan, reading)
    if confirmed:
        forget_cause(account, action=operation.action)
        _close(operation, State.DONE, "ok", _receipt(operation, account, provider, plan, reading))
    elif reading.gone is not None:
        why = f"the {provider.noun} no longer exists at {provider.name}."
        _close(operation, State.FAILED, "failed", receipts.not_verifiable(plan, reading.at, why))
    elif confirmed is False and reading.at >= time_is_over_at(provider, operation):
        # Sooner it is no evidence: the remote may still be at work.
        _close(operation, State.FAILED, "failed", receipts.not_done(account, plan, reading.at))
    else:
        _look_again(operation, provider, plan, reading)


def _receipt(
    operation: Operation, account: LinkedAccount, provider: Provider, plan: Plan, reading: Reading
) -> dict[str, Any]:
    if effect_of(provider, plan.action) == Effect.DELETE:
        return receipts.deleted(plan, reading.at, by=provider.name)
    if (found := raise_concern(provider, operation, account, plan, reading)) is not None:
        return receipts.concerned(found, plan, reading.at, account.attention, by=provider.name)
    return receipts.of_account(account, plan, True, reading.at, by=provider.name, reports_state=not provider.state_from)


def _look_again(operation: Operation, provider: Provider, plan: Plan, reading: Reading) -> None:
    """Say when to look next; when the remote's time is over, close the operation as not verifiable."""
    check_at = _next_check_at(operation, provider, reading.at)
    if check_at is not None:
        operation.move(State(operation.state), check_at=check_at)
        return
    if reading.snapshot is None:
        why = f"{provider.name} could not be asked. We do not know whether anything was changed."
    else:
        why = f"{provider.name} shows neither that it was done nor that it was not."
    receipt = receipts.not_verifiable(plan, reading.at, why)
    _close(operation, State.UNKNOWN, "unknown", receipt, next_step=NEXT_STEP)


def _next_check_at(operation: Operation, provider: Provider, now: datetime) -> datetime | None:
    sent_at = operation.sent_at or operation.created_at
    over_at = _last_look_at(provider, operation)
    schedule = ACCEPTED_CHECKS_S if operation.state == State.ACCEPTED else UNKNOWN_CHECKS_S
    if now >= over_at:
        return None
    times = (sent_at + timedelta(seconds=seconds) for seconds in schedule)
    return min(next((at for at in times if at > now), over_at), over_at)


def _last_look_at(provider: Provider | type[Provider], operation: Operation) -> datetime:
    over_at = time_is_over_at(provider, operation)
    if operation.state != State.ACCEPTED:
        return over_at
    sent_at = operation.sent_at or operation.created_at
    return max(over_at, sent_at + timedelta(seconds=ACCEPTED_CHECKS_S[-1]))


def _close(
    operation: Operation, state: State, result: str, receipt: dict[str, Any], *, next_step: str | None = None
) -> None:
    now = timezone.now()
    outcome = operation.outcome if next_step is None else {**operation.outcome, "next_step": next_step}
    operation.move(state, receipt=receipt, outcome=outcome, settled_at=now, closed_at=now, check_at=None)
    facts = {
        "action": operation.action,
        "state": state.value,
        "receipt": receipt["verdict"],
        "attention": receipt["attention"],
        "checks_made": operation.checks_made,
    }
    record_reconciled(operation, result, facts)


def _name(operation: Operation) -> str:
    try:
        return provider_class_of(operation.integration).name
    except UnknownIntegration:
        return "The provider"


def _fresh(operation_id: Any) -> Operation:
    return Operation.objects.select_related("account", "account__customer", "actor").get(pk=operation_id)
