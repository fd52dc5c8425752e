"""What happened to one account, as one stream: what people did, what came of it, what the remote was asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import chain, takewhile

import structlog
from django.db import DatabaseError
from django.db.models import Q
from django.utils import timezone

from dashboard import registry
from dashboard.models import ApiCall, AuditEntry, LinkedAccount, Operation
from dashboard.models.operation import State

from .audit_bytes import timestamp

log = structlog.get_logger(__name__)

# Lines a page, before those that tell the same are put together.
LIMIT = 100


class LineKind(StrEnum):
    PEOPLE = "people"
    RESULTS = "results"
    CALLS = "calls"


@dataclass(frozen=True, slots=True)
class Line:
    """One line. `count` is how often the same happened in a row; then `since` is when it began."""

    at: datetime
    kind: LineKind
    icon: str
    text: str
    actor: str = ""
    detail: str = ""
    tone: str = "mute"
    operation_id: str = ""
    count: int = 1
    since: datetime | None = None

    def repeats(self, other: Line) -> bool:
        """Say whether `other` tells the same once more."""
        mine = (self.kind, self.text, self.actor, self.detail)
        return mine == (other.kind, other.text, other.actor, other.detail) and not self._stands_alone

    @property
    def _stands_alone(self) -> bool:
        return self.kind is LineKind.PEOPLE


@dataclass(frozen=True, slots=True)
class Timeline:
    """One page of the stream, newest first; what is older than `older_than` comes on the next one, if there is any."""

    lines: tuple[Line, ...]
    older_than: datetime | None


# What anybody who sees the account may know of the audit log; the rest is the auditor's.
_FACTS: dict[str, tuple[str, str]] = {
    "operation.token": ("sent a code to the institution", "shield-lock"),
    "operation.cancelled": ("cancelled", "x"),
    "operation.left": ("left it as somebody else made it", "git-merge"),
    "approval.requested": ("asked for a second person", "users"),
    "approval.approved": ("approved it", "check"),
    "approval.declined": ("declined it", "ban"),
    "approval.withdrawn": ("withdrew the request", "x"),
    "approval.expired": ("let the request expire: nobody decided in time", "clock"),
    "approval.void": ("voided the request", "circle-x"),
    "approval.broken_glass": ("went on alone, without a second person", "alert-triangle"),
    "handover.used": ("opened the repair link", "link"),
    "customer.created": ("added the customer", "user"),
    "customer.changed": ("changed the customer", "user"),
}
# Clocks of other hosts that write to the same database may be a little ahead of this one.
_AHEAD = timedelta(days=1)
_UNREADABLE = "The audit log cannot be read now: some of what people did is missing here."
_RESULTS: dict[str, tuple[str, str, str]] = {
    State.DONE: ("Done", "circle-check", "ok"),
    State.REFUSED: ("Refused, nothing changed", "alert-triangle", "warn"),
    State.FAILED: ("Failed", "alert-triangle", "bad"),
    State.UNKNOWN: ("Not known whether it was done", "help-circle", "warn"),
    State.CANCELLED: ("Cancelled", "x", "mute"),
    State.EXPIRED: ("The time for the code ran out", "clock", "warn"),
}


def timeline_of(
    account: LinkedAccount, *, kind: LineKind | None = None, older_than: datetime | None = None, limit: int = LIMIT
) -> Timeline:
    """Return a page of lines, newest first, the same thing in a row told once."""
    most, until = limit + 1, older_than or timezone.now() + _AHEAD
    sources: dict[LineKind, Callable[[], Iterable[Line]]] = {
        LineKind.PEOPLE: lambda: chain(_intents(account, until, most), _facts(account, until, most)),
        LineKind.RESULTS: lambda: _results(account, until, most),
        LineKind.CALLS: lambda: _calls(account, until, most),
    }
    wanted = [source() for name, source in sources.items() if kind in (None, name)]
    lines = sorted(chain.from_iterable(wanted), key=lambda line: line.at, reverse=True)
    shown = lines[:limit]
    # Of one moment all lines stand on one page: the next one begins strictly before it.
    shown += takewhile(lambda line: line.at == shown[-1].at, lines[limit:])
    return Timeline(tuple(_grouped(shown)), older_than=shown[-1].at if len(lines) > limit else None)


def lines_of(operation: Operation) -> tuple[Line, ...]:
    """Return what happened in one operation, oldest first."""
    label = _label(operation)
    calls = (_call_line(call) for call in operation.calls.order_by("-at")[:LIMIT])
    facts = AuditEntry.objects.filter(operation_id=str(operation.pk), action__in=_FACTS)[:LIMIT]
    own = [line for line in (_intent(operation, label), _result(operation, label)) if line is not None]
    return tuple(sorted(chain(own, calls, _told(facts)), key=lambda line: line.at))


def _intents(account: LinkedAccount, until: datetime, limit: int) -> Iterator[Line]:
    sent = account.operations.filter(started_at__lt=until).order_by("-started_at")[:limit]
    return filter(None, (_intent(operation, _label(operation)) for operation in sent))


def _intent(operation: Operation, label: str) -> Line | None:
    if operation.started_at is None:
        return None
    changes = ", ".join(change["label"] for change in (operation.plan or {}).get("changes", ()))
    return Line(
        operation.started_at, LineKind.PEOPLE, "edit", f"started “{label}”", operation.actor_text, changes,
        operation_id=str(operation.pk),
    )  # fmt: skip


def _results(account: LinkedAccount, until: datetime, limit: int) -> Iterator[Line]:
    # A draft that was given up is nobody's history; one that met another change before it was sent is.
    told = Q(started_at__isnull=False) | Q(state=State.REFUSED)
    settled = account.operations.filter(told, settled_at__lt=until).order_by("-settled_at")[:limit]
    return filter(None, (_result(operation, _label(operation)) for operation in settled))


def _result(operation: Operation, label: str) -> Line | None:
    at = operation.settled_at or operation.closed_at
    if at is None or operation.state not in _RESULTS:
        return None
    if operation.started_at is None and operation.approval_id:
        # How a request ended stands among what people did.
        return None
    word, icon, tone = _RESULTS[operation.state]
    sentence = operation.receipt.get("sentence") or operation.outcome.get("sentence") or ""
    return Line(at, LineKind.RESULTS, icon, f"{label}: {word}", "", sentence, tone, str(operation.pk))


def _facts(account: LinkedAccount, until: datetime, limit: int) -> list[Line]:
    targets = [str(account.pk), *([str(account.customer_id)] if account.customer_id else [])]
    entries = AuditEntry.objects.filter(target_id__in=targets, action__in=_FACTS, at__lt=timestamp(until))
    return _told(entries.order_by("-seq")[:limit])


def _told(entries: Iterable[AuditEntry]) -> list[Line]:
    """Return a line for each entry; where the log cannot be read, one line that says so: the page stays alive."""
    try:
        return [_fact_line(entry) for entry in entries]
    except DatabaseError:
        log.exception("audit_log_not_read")
        return [Line(timezone.now(), LineKind.PEOPLE, "alert-triangle", _UNREADABLE, tone="warn")]


def _fact_line(entry: AuditEntry) -> Line:
    text, icon = _FACTS[entry.action]
    at = datetime.fromisoformat(entry.at)
    # The log keeps name and address; the page has room for the name.
    actor = entry.actor.partition(" <")[0]
    return Line(at, LineKind.PEOPLE, icon, text, actor, operation_id=entry.operation_id)


def _calls(account: LinkedAccount, until: datetime, limit: int) -> Iterator[Line]:
    calls = account.calls.filter(at__lt=until).defer("request_body", "response_body")
    return map(_call_line, calls.order_by("-at")[:limit])


def _call_line(call: ApiCall) -> Line:
    answer = str(call.status) if call.status else call.failure or "no answer"
    is_fine = call.status is not None and call.status < 400
    text = f"{call.method} {call.path_template} answered {answer}"
    operation_id = str(call.operation_id) if call.operation_id else ""
    return Line(call.at, LineKind.CALLS, "arrows-diff", text, tone="mute" if is_fine else "warn",
                operation_id=operation_id)  # fmt: skip


def _grouped(lines: Iterable[Line]) -> Iterator[Line]:
    held: Line | None = None
    for line in lines:
        if held is not None and held.repeats(line):
            held = replace(held, count=held.count + 1, since=line.at)
            continue
        if held is not None:
            yield held
        held = line
    if held is not None:
        yield held


def _label(operation: Operation) -> str:
    """Return the action's label, or its bare name where the provider no longer has it."""
    config = registry.integrations().get(operation.integration)
    actions = config.provider.actions if config else ()
    return next((action.label for action in actions if action.name == operation.action), operation.action)
