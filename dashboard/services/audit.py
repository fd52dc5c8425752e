"""The one way into the audit log: a chained entry, written in the transaction of the change that it tells of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import structlog
from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist
from django.db import Error as AnyDatabaseError
from django.db import connection, transaction
from django.utils import timezone

from dashboard.keyring import KeyRing, KeyRingProblem, parse_ring
from dashboard.models import AuditEntry, AuditHead, Customer, LinkedAccount, User
from dashboard.models.audit import Kind
from dashboard.roles import role_of

from . import audit_index
from .audit_bytes import CHAIN, TEXT_COLUMNS, NotPlain, canonical, clean, message, timestamp
from .audit_redaction import pseudonym, redact_changes
from .audit_verify import Finding, Verification, verify

__all__ = [
    "SYSTEM",
    "Actor",
    "AuditUnavailable",
    "Finding",
    "Kind",
    "Target",
    "Verification",
    "record",
    "redact_changes",
    "verify",
]

# How long an entry waits for the ones before it; on SQLite only where it is told to wait for less than the connection.
LOCK_TIMEOUT_MS = 10_000


class AuditUnavailable(Exception):
    """The entry could not be written: nothing may be done that it would have told of. The transaction rolls back."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, as text: it outlives the person's account."""

    id: str
    text: str
    role: str

    @classmethod
    def of(cls, user: Any) -> Actor:
        """Return a member of staff with the roles of this moment; a visitor who is not signed in has neither."""
        if not user.is_authenticated:
            return cls("", "Not signed in", "")
        return cls(str(user.pk), f"{user.name} <{user.email}>" if user.name else user.email, role_of(user))


SYSTEM = Actor("", "Linkdesk", "system")


@dataclass(frozen=True, slots=True)
class Target:
    """What is acted upon, as text. A customer is a pseudonym here: names must be erasable, the log is not."""

    id: str
    text: str

    @classmethod
    def of(cls, subject: LinkedAccount | Customer | User) -> Target:
        match subject:
            case LinkedAccount():
                return cls(str(subject.pk), f"{subject.integration}: {subject}")
            case Customer():
                return cls(str(subject.pk), f"Customer {pseudonym(subject.reference)}")
            case _:
                return cls(str(subject.pk), subject.email)


_NO_TARGET = Target("", "")
# How many characters each column takes.
_LIMITS = {column.name: column.max_length or 0 for column in AuditEntry._meta.concrete_fields}


def record(
    kind: Kind,
    action: str,
    *,
    actor: Actor,
    target: Target | None = None,
    integration: str = "",
    operation_id: str = "",
    result: str = "",
    facts: Mapping[str, Any] | None = None,
    approval: str = "",
    wait_ms: int | None = None,
) -> AuditEntry:
    """Append an entry and return it, or raise `AuditUnavailable` with the caller's transaction marked for rollback.

    Call it last in the transaction: from here to the commit every other writer of the log waits. `wait_ms` is for what
    may rather be left out than waited for; on SQLite it needs a transaction of its own. `approval` is the id of the
    request under which this was done.
    """
    target = target or _NO_TARGET
    texts = {
        "kind": kind,
        "action": action,
        "actor_id": actor.id,
        "actor": actor.text,
        "role": actor.role,
        "target_id": target.id,
        "target": target.text,
        "integration": integration,
        "operation_id": str(operation_id),
        "result": result,
    }
    try:
        # Without a savepoint: whatever goes wrong in here, the transaction around it must not commit.
        with _patience(wait_ms), transaction.atomic(savepoint=False):
            ring = parse_ring("AUDIT_KEYS", settings.AUDIT_KEYS)
            columns = {name: _column(name, value) for name, value in texts.items()}
            told = {**(facts or {}), "approval": approval} if approval else facts or {}
            body = canonical(_with_request_id(told))
            return _append(ring, {**columns, "body": body}, wait_ms or LOCK_TIMEOUT_MS)
    except (AnyDatabaseError, ObjectDoesNotExist, KeyRingProblem, NotPlain) as trouble:
        raise AuditUnavailable(f"{action}: the audit entry could not be written ({_cause(trouble)})") from trouble


@contextmanager
def _patience(wait_ms: int | None) -> Iterator[None]:
    """Let SQLite wait for its one lock for no longer than `wait_ms`."""
    if wait_ms is None or connection.vendor != "sqlite":
        yield
        return
    with connection.cursor() as cursor:
        [usual_ms] = cursor.execute("PRAGMA busy_timeout").fetchone()
        cursor.execute(f"PRAGMA busy_timeout = {int(wait_ms)}")
        try:
            yield
        finally:
            cursor.execute(f"PRAGMA busy_timeout = {int(usual_ms)}")


def _append(ring: KeyRing, columns: Mapping[str, str], wait_ms: int) -> AuditEntry:
    head = _lock_head(wait_ms)
    entry = AuditEntry(
        seq=head.seq + 1,
        chain=CHAIN,
        key_id=ring.writing.id,
        prev_mac=bytes(head.mac),
        at=timestamp(timezone.now()),
        **columns,
    )
    row = {name: getattr(entry, name) for name in ("seq", "chain", "key_id", "prev_mac", *TEXT_COLUMNS)}
    entry.mac = ring.writing.hmac(message(row))
    entry.save(force_insert=True)
    audit_index.write(entry)
    AuditHead.objects.filter(chain=CHAIN).update(seq=entry.seq, mac=entry.mac)
    return entry


def _lock_head(wait_ms: int) -> AuditHead:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", [f"{wait_ms}ms"])
    # SQLite has no row locks and needs none: every transaction of ours is IMMEDIATE, so we are alone in here.
    return AuditHead.objects.select_for_update().get(chain=CHAIN)


def _column(name: str, value: object) -> str:
    return clean(value, _LIMITS[name], where=name)


def _with_request_id(facts: Mapping[str, Any]) -> Mapping[str, Any]:
    """Add the id under which the web request stands in our logs, where there is one."""
    request_id = structlog.contextvars.get_contextvars().get("request_id")
    return {**facts, "web_request_id": str(request_id)} if request_id else facts


def _cause(trouble: Exception) -> str:
    """Return what may be told of the trouble: a database's message can quote a value, the others cannot."""
    return type(trouble).__name__ if isinstance(trouble, AnyDatabaseError) else str(trouble)
