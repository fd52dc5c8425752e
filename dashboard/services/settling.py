"""Settling an operation on what the remote answered: mirror, state, receipt and audit entry in one transaction."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import DatabaseError, transaction
from django.utils import timezone

from providers.answers import Handover, LookupTable, Snapshot
from providers.base import Effect, Provider
from providers.outcomes import Accepted, Concern, Conflict, Gone, NeedsToken, Ok, Outcome, Unavailable
from providers.plan import Plan

from ..models import LinkedAccount, Operation, User
from ..models.operation import TRANSITIONS, State
from ..registry import pure
from ..text import storable
from . import conflicts, outcomes, receipts, sealing, snapshots
from .audit import SYSTEM, Actor, AuditUnavailable, Kind, Target, record
from .drafts import values_of
from .evidence import Reading, concern, confirms, effect_of, read_after
from .mirror import forget_cause, mark_gone, mark_stale, mirror, note_cause, reassess

# A known answer is worth waiting for a busy database: without it the operation would become an unknown.
TRY_AGAIN_AFTER_S = (0.5, 2.0)
CHECK_AFTER = timedelta(seconds=30)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Case:
    """What is known when an operation is settled. `reading` is None where nothing was read back."""

    operation: Operation
    account: LinkedAccount
    provider: Provider
    plan: Plan
    outcome: Outcome
    reading: Reading | None
    now: datetime

    @property
    def confirmed(self) -> bool | None:
        return confirms(self.provider, self.operation, self.plan, self.reading) if self.reading else None


@dataclass(slots=True)
class _Settlement:
    """What will be written to the operation."""

    state: State
    result: str
    outcome: dict[str, Any]
    receipt: dict[str, Any] = field(default_factory=dict)
    sealed: bytes | None = None
    sealed_until: datetime | None = None
    check_at: datetime | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    # What is kept sealed from now on, and so no longer beside it.
    moved: dict[str, Any] = field(default_factory=dict)


def settle(operation_id: Any, outcome: Outcome, provider: Provider) -> None:
    """Read back, then write down what came of an operation; a late answer is taken as far as it still counts."""
    operation = Operation.objects.select_related("account", "actor").get(pk=operation_id)
    reading = read_after(provider, operation.account.remote_id, outcome)
    for wait_s in (*TRY_AGAIN_AFTER_S, None):
        try:
            with transaction.atomic():
                _write_down(operation_id, outcome, provider, reading)
            return
        except (DatabaseError, AuditUnavailable):
            if wait_s is None:
                raise
            log.exception("operation_not_settled_yet", operation=str(operation_id))
            time.sleep(wait_s)


def refuse_unsent(operation: Operation, outcome: Conflict, *, actor: User) -> bool:
    """Let a draft end refused on what the mirror already knows, without a call; False if it is no draft any more."""
    with transaction.atomic(durable=True):
        locked = Operation.objects.select_for_update().get(pk=operation.pk)
        if locked.state != State.DRAFT:
            return False
        locked.move(State.DRAFT, actor=actor, actor_text=storable(str(actor), 300))
        _write_down(operation.pk, outcome, pure(operation.integration), None)
    return True


def actor_of(operation: Operation) -> Actor:
    """Return who started an operation, as the audit log names people."""
    return Actor.of(operation.actor) if operation.actor else Actor("", operation.actor_text, "")


def _write_down(operation_id: Any, outcome: Outcome, provider: Provider, reading: Reading | None) -> None:
    rows = Operation.objects.select_related("account", "actor").select_for_update(of=("self",))
    operation = rows.get(pk=operation_id)
    plan = Plan.from_json(operation.plan or {})
    now = timezone.now()
    account = _mirror(operation, outcome, reading)
    settlement = _decide(_Case(operation, account, provider, plan, outcome, reading, now))
    state = _reachable(State(operation.state), settlement.state)
    facts = _facts(operation, settlement, state, plan)
    if state is None or operation.closed_at is not None:
        _record(operation, settlement.result, facts | {"late": True})
        return
    operation.move(
        state,
        outcome=settlement.outcome,
        receipt=settlement.receipt,
        sealed=settlement.sealed,
        sealed_until=settlement.sealed_until,
        check_at=settlement.check_at,
        settled_at=now if not TRANSITIONS[state] else None,
        beat_at=None,
        **settlement.moved,
    )
    _judge_cause(operation, account, outcome, state)
    _record(operation, settlement.result, facts)


def _mirror(operation: Operation, outcome: Outcome, reading: Reading | None) -> LinkedAccount:
    account = operation.account
    if operation.sent_at is None:
        # Nothing was asked: what is in the mirror already is not stored again as if it were new.
        return account
    match outcome:
        case Gone():
            mark_gone(account, outcome)
            return account
        case Ok(value=Snapshot() as answered):
            answered_account = mirror(account.integration, answered)
            # What was made beside this account has a row of its own now.
            account = answered_account if answered_account.pk == account.pk else account
        case Conflict(theirs=Snapshot() as theirs):
            account = mirror(account.integration, theirs)
    if reading is None:
        return account
    if reading.snapshot is None and reading.gone is None:
        mark_stale(account)
    return reading.store(account)


def _judge_cause(operation: Operation, account: LinkedAccount, outcome: Outcome, state: State) -> None:
    """Let the account's badge follow: a refusal leaves its cause, a room that opened or closed shows."""
    if state not in (State.UNKNOWN, State.DONE) and not isinstance(outcome, Gone):
        note_cause(account, outcome, action=operation.action)
    reassess(account)


def _decide(case: _Case) -> _Settlement:
    meaning = outcomes.meaning_of(case.outcome)
    raw = outcomes.to_json(case.outcome, case.provider.name, case.now, codes_sent=case.operation.tokens_sent)
    settlement = _Settlement(meaning.state, meaning.result, raw)
    match case.outcome:
        case Ok(value=Handover() as handover):
            settlement.sealed, settlement.sealed_until = sealing.seal_handover(case.operation, handover)
            settlement.receipt = receipts.handed_over(case.plan, case.now, handover.expires_at)
        case Ok(value=LookupTable()):
            settlement.receipt = receipts.shown(case.plan, case.now)
        case Ok():
            _after_ok(settlement, case)
        case NeedsToken(challenge=challenge):
            settlement.sealed, settlement.sealed_until = sealing.seal_challenge(case.operation, challenge)
        case Conflict():
            _keep_versions(settlement, case)
        case Accepted(check_after_s=check_after_s):
            settlement.check_at = case.now + timedelta(seconds=max(1, check_after_s))
        case Unavailable(maybe_applied=True) if case.confirmed:
            settlement.state, settlement.result = State.DONE, "ok"
            _after_ok(settlement, case)
        case Unavailable(maybe_applied=True):
            settlement.check_at = case.now + CHECK_AFTER
    return settlement


def _keep_versions(settlement: _Settlement, case: _Case) -> None:
    """Seal the three versions of a conflict; the audit log gets their digests."""
    theirs = case.reading.snapshot if case.reading is not None else None
    if theirs is None and isinstance(case.outcome, Conflict):
        theirs = case.outcome.theirs
    if theirs is None:
        return
    schema = snapshots.schema_of(case.account)
    sections = conflicts.sections_of(
        case.operation, case.provider, case.plan, theirs, schema, values=values_of(case.operation)
    )
    if not sections:
        return
    settlement.sealed, settlement.sealed_until = sealing.seal_versions(case.operation, conflicts.to_json(sections))
    settlement.moved = {"before": {}, "values": {}}
    settlement.facts = {"conflict": conflicts.facts_of(sections)}


def _after_ok(settlement: _Settlement, case: _Case) -> None:
    """Write the receipt of a write that went through; a delete that is not through yet stays open."""
    forget_cause(case.account, action=case.operation.action)
    by, plan, reading = case.provider.name, case.plan, case.reading
    read_at = reading.at if reading is not None else case.now
    if (made := _made(case)) is not None:
        settlement.receipt = receipts.created(made, case.provider.noun, plan, case.now, by=by)
    elif effect_of(case.provider, plan.action) == Effect.DELETE:
        if case.confirmed:
            settlement.receipt = receipts.deleted(plan, read_at, by=by)
        else:
            settlement.state, settlement.result = State.ACCEPTED, "accepted"
            settlement.check_at = case.now + CHECK_AFTER
    elif reading is None or (reading.snapshot is None and reading.gone is None):
        why = f"{by} accepted it, but the {case.provider.noun} could not be read back. Check it in a minute."
        settlement.receipt = receipts.not_verifiable(plan, read_at, why)
    elif (found := raise_concern(case.provider, case.operation, case.account, plan, reading)) is not None:
        settlement.receipt = receipts.concerned(found, plan, read_at, case.account.attention, by=by)
    else:
        settlement.receipt = receipts.of_account(
            case.account, plan, case.confirmed, read_at, by=by, reports_state=not case.provider.state_from
        )


def _made(case: _Case) -> LinkedAccount | None:
    """Return what the remote made beside the account, if it answered with another object; it is mirrored by now."""
    answered = case.outcome.value if isinstance(case.outcome, Ok) else None
    if not isinstance(answered, Snapshot) or answered.remote_id == case.operation.account.remote_id:
        return None
    return LinkedAccount.objects.filter(integration=case.operation.integration, remote_id=answered.remote_id).first()


def raise_concern(
    provider: Provider, operation: Operation, account: LinkedAccount, plan: Plan, reading: Reading
) -> Concern | None:
    """Raise on the account what a write did beside what was meant, and return it."""
    found = concern(provider, operation, plan, reading)
    if found is not None:
        note_cause(account, found, action=plan.action)
    return found


def _reachable(current: State, wanted: State) -> State | None:
    """Return the state to go to, or None if the answer came too late to change it."""
    if wanted in TRANSITIONS[current]:
        return wanted
    if current == State.UNKNOWN and wanted == State.REFUSED:
        # An unknown cannot become a refusal by the table; what counts for people is that nothing was changed.
        return State.FAILED
    return None


def _facts(operation: Operation, settlement: _Settlement, state: State | None, plan: Plan) -> dict[str, Any]:
    raw = settlement.outcome
    return {
        "action": plan.action,
        "outcome": raw["type"],
        "rule": raw["rule"],
        "provider_status": raw["http_status"],
        "provider_code": raw["remote_code"],
        "provider_request_id": raw["request_id"],
        "state": (state or State(operation.state)).value,
        "receipt": settlement.receipt.get("verdict", ""),
        "attention": settlement.receipt.get("attention", ""),
        "codes_sent": operation.tokens_sent,
        **settlement.facts,
    }


def _record(operation: Operation, result: str, facts: dict[str, Any], actor: Actor | None = None) -> None:
    record(
        Kind.OUTCOME,
        "operation.outcome",
        actor=actor or actor_of(operation),
        target=Target.of(operation.account),
        integration=operation.integration,
        operation_id=str(operation.pk),
        result=result,
        facts=facts,
        approval=str(operation.approval_id or ""),
    )


def record_reconciled(operation: Operation, result: str, facts: dict[str, Any]) -> None:
    """Write an outcome that was found by reading back, not by the remote's own answer."""
    _record(operation, result, facts | {"source": "reconcile"}, SYSTEM)
