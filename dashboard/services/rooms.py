"""The MFA room: answering, leaving and losing an open challenge, and beginning again."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction
from django.utils import timezone

from providers.merge import Side
from providers.secrets import Secret
from providers.versions import merged, unchosen

from ..models import Operation, User
from ..models.operation import State
from . import executor
from .audit import SYSTEM, Actor, Kind, Target, record
from .conflicts import kept_sections
from .drafts import held_by, open_draft, values_on_top
from .mirror import forget_cause, reassess
from .operation_approvals import void_by_edit, withdraw
from .results import AnswerResult, Busy, Nothing, OpenRefused, RoomClosed, Started, Unchosen
from .sealing import LAST_MOMENT, challenge_of
from .sending import carry

OVER = "The time for the code is over. Nothing was sent. Begin again with the password."
NOT_OPEN = "No code is awaited here any more. Nothing was sent."


def answer(  # noqa: PLR0911 - each answer is one reason not to send
    operation: Operation, token: Secret | None, *, actor: User, attempt: int | None = None
) -> AnswerResult:
    """Send the code, once. Everything but `Started` means that it was not sent.

    `attempt` is `tokens_sent` as the room showed it: with it, a code that was typed for an earlier challenge is not
    sent to the next one. `AuditUnavailable` is raised, and nothing sent, when the entry cannot be written.
    """
    operation = _fresh(operation)
    if operation.state == State.RUNNING and operation.tokens_sent:
        return Started(operation, repeated=True)
    if operation.state != State.AWAITING_TOKEN:
        return RoomClosed(operation, OVER if operation.state == State.EXPIRED else NOT_OPEN)
    challenge = challenge_of(operation)
    if challenge is None or operation.sealed_until - timezone.now() <= LAST_MOMENT:  # type: ignore[operator]
        expire(operation)
        return RoomClosed(_fresh(operation), OVER)
    if attempt is not None and attempt != operation.tokens_sent:
        return RoomClosed(operation, "That code was typed for an earlier challenge. It was not sent.")
    if challenge.expects_input and not token:
        return Nothing()
    slot = executor.reserve()
    if slot is None:
        return Busy()
    try:
        won = _go_on(operation, actor, challenge.kind)
    except BaseException:
        slot.release()
        raise
    if not won:
        slot.release()
        return answer(operation, token, actor=actor, attempt=operation.tokens_sent)
    carry(slot, operation, lambda provider: provider.resume(challenge, token if challenge.expects_input else None))
    return Started(operation)


def cancel(operation: Operation, *, actor: User) -> bool:
    """Give up a draft, a request or the room; False if it is too late for that. Nothing is sent to the remote."""
    operation = _fresh(operation)
    if operation.state == State.AWAITING_APPROVAL:
        return withdraw(operation, actor=actor)
    return _leave(operation, actor)


def _leave(operation: Operation, actor: User) -> bool:
    if operation.state not in (State.DRAFT, State.AWAITING_TOKEN):
        return False
    was_sent = operation.state == State.AWAITING_TOKEN
    with transaction.atomic():
        if not operation.move(State.CANCELLED, sealed=None, sealed_until=None, settled_at=timezone.now()):
            return False
        if was_sent:
            reassess(operation.account)
        _record(operation, "operation.cancelled", "cancelled", Actor.of(actor))
    return True


def begin_again(
    operation: Operation, *, actor: User, choices: Mapping[str, Side] | None = None
) -> Operation | OpenRefused | Unchosen:
    """Open a new draft with what was typed, secrets aside; an open room is left and one's own request voided first.

    After a conflict what was typed is put on top of what is there now; `choices` say which version stands where both
    sides changed something.
    """
    operation = _fresh(operation)
    if operation.state == State.AWAITING_TOKEN:
        if challenge_of(operation) is None:
            expire(operation)
        else:
            _leave(operation, actor)
        operation.refresh_from_db(fields=("state", "version", "closed_at"))
    if operation.state == State.AWAITING_APPROVAL and (why := void_by_edit(operation, actor=actor)):
        return OpenRefused(why, operation)
    if operation.is_holding:
        return OpenRefused(held_by(operation), operation)
    sections = kept_sections(operation)
    if missing := unchosen(sections, choices or {}):
        return Unchosen(missing)
    values = merged(sections, choices or {}) if sections else values_on_top(operation)
    return open_draft(operation.account, operation.action, actor=actor, previous=operation, values=values)


def leave_as_it_is(operation: Operation, *, actor: User) -> bool:
    """Give up a change that met another one; False if there is nothing to give up. Nothing is sent to the remote."""
    operation = _fresh(operation)
    if operation.state != State.REFUSED or operation.outcome.get("type") != "conflict":
        return False
    with transaction.atomic():
        forget_cause(operation.account, action=operation.action)
        _record(operation, "operation.left", "cancelled", Actor.of(actor))
    return True


def expire(operation: Operation) -> bool:
    """Close a room whose time is over and wipe what was sealed; False if somebody else already did."""
    with transaction.atomic():
        if not operation.move(State.EXPIRED, sealed=None, sealed_until=None, settled_at=timezone.now()):
            return False
        reassess(operation.account)
        _record(operation, "operation.outcome", "expired", SYSTEM)
    return True


def expire_rooms() -> int:
    """Close every room, and wipe every handover, whose time is over. Returns how many."""
    over = Operation.objects.select_related("account").filter(sealed_until__lte=timezone.now())
    count = 0
    for operation in over:
        if operation.state == State.AWAITING_TOKEN:
            count += expire(operation)
        else:
            count += operation.move(State(operation.state), sealed=None, sealed_until=None)
    return count


def _go_on(operation: Operation, actor: User, kind: str) -> bool:
    """Leave the room with a code in hand: the challenge is wiped, the attempt is on record, and never the code."""
    now = timezone.now()
    with transaction.atomic(durable=True):
        won = operation.move(
            State.RUNNING,
            sealed=None,
            sealed_until=None,
            tokens_sent=operation.tokens_sent + 1,
            executor=executor.name(),
            beat_at=now,
            sent_at=now,
        )
        if won:
            facts = {"attempt": operation.tokens_sent, "challenge": kind, "action": operation.action}
            _record(operation, "operation.token", "", Actor.of(actor), kind=Kind.INTENT, facts=facts)
    return won


def _record(
    operation: Operation,
    action: str,
    result: str,
    actor: Actor,
    *,
    kind: Kind = Kind.OUTCOME,
    facts: dict[str, object] | None = None,
) -> None:
    record(
        kind,
        action,
        actor=actor,
        target=Target.of(operation.account),
        integration=operation.integration,
        operation_id=str(operation.pk),
        result=result,
        facts=facts or {"action": operation.action, "state": operation.state, "codes_sent": operation.tokens_sent},
        approval=str(operation.approval_id or ""),
    )


def _fresh(operation: Operation) -> Operation:
    return Operation.objects.select_related("account", "account__customer", "actor", "approval").get(pk=operation.pk)
