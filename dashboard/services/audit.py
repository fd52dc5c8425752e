"""The one way into the audit log: a chained entry, written in the transaction of the change that it tells of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from dashboard.keyring import KeyRing, KeyRingProblem, parse_ring
from dashboard.models import AuditEntry, AuditHead, Customer, LinkedAccount, User
from dashboard.models.audit import Kind
from dashboard.roles import role_of
from providers.fields import AuditClass
from providers.registry import UnknownProvider, provider_class

from . import anchoring, audit_gate, audit_index, known_names
from .audit_bytes import CHAIN, TEXT_COLUMNS, NotPlain, canonical, clean, message, timestamp
from .audit_guard import Unguarded, guard
from .audit_redaction import Pseudonym, pseudonym, redact_changes
from .audit_verify import Finding, Verification, verify
from .patience import patience

__all__ = [
    "ON_THE_SERVER",
    "SYSTEM",
    "Actor",
    "AuditClosed",
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


class AuditClosed(AuditUnavailable):
    """Nothing may be done now, though the entry could be written; `closed` says why."""

    def __init__(self, action: str, closed: audit_gate.Closed) -> None:
        super().__init__(f"{action}: {closed.sentence}")
        self.closed = closed


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
# Whoever runs a command there: the log knows no name, and says so.
ON_THE_SERVER = Actor("", "Somebody on the server", "server")


@dataclass(frozen=True, slots=True)
class Target:
    """What is acted upon, as text. A customer is a pseudonym here: names must be erasable, the log is not.

    What `pseudonym` stands for is kept beside the log, for the customer with this id.
    """

    id: str
    text: str
    customer_id: str = ""
    pseudonym: Pseudonym | None = field(default=None, repr=False)

    @classmethod
    def of(cls, subject: LinkedAccount | Customer | User) -> Target:
        match subject:
            case LinkedAccount():
                owner = str(subject.customer_id or "")
                return cls(str(subject.pk), f"{subject.integration}: {_name_of(subject)}", owner)
            case Customer():
                try:
                    known_as = pseudonym(subject.reference)
                    return cls(str(subject.pk), f"Customer {known_as}", str(subject.pk), known_as)
                except KeyRingProblem as problem:
                    raise AuditUnavailable(f"A customer cannot be named in the audit log ({problem})") from problem
            case _:
                return cls(str(subject.pk), subject.email)


def _name_of(account: LinkedAccount) -> str:
    """Return an account's title and remote id; without the title where it could name a person."""
    try:
        keeps_title = provider_class(account.provider).title_audit == AuditClass.PUBLIC
    except UnknownProvider:
        keeps_title = False
    return str(account) if keeps_title else f"{account.schema_key} {account.remote_id}".strip()


_NO_TARGET = Target("", "")
Facts = Mapping[str, Any] | Callable[[], Mapping[str, Any]]
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
    facts: Facts | None = None,
    approval: str = "",
    wait_ms: int | None = None,
) -> AuditEntry:
    """Append an entry and return it, or raise `AuditUnavailable` with the caller's transaction marked for rollback.

    Call it last in the transaction: from here to the commit every other writer of the log waits. `wait_ms` is for what
    may rather be left out than waited for; on SQLite it needs a transaction of its own. `approval` is the id of the
    request under which this was done. Facts that take making (redaction) are given as a function: whatever breaks in
    there is trouble of the log as well.
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
        with patience(wait_ms), transaction.atomic(savepoint=False):
            closed = audit_gate.is_held_back(kind, action)
            if closed is not None:
                raise AuditClosed(action, closed)
            ring = parse_ring("AUDIT_KEYS", settings.AUDIT_KEYS)
            columns = {name: _column(name, value) for name, value in texts.items()}
            told = (facts() if callable(facts) else facts) or {}
            body = canonical(_with_request_id({**told, "approval": approval} if approval else told))
            names = known_names.names_in(target.pseudonym, told)
            entry = _append(ring, {**columns, "body": body}, wait_ms or LOCK_TIMEOUT_MS)
            # After the lock of the chain's end: two writers of the same name never wait for each other here.
            known_names.keep(names, entry.target_id, target.customer_id)
            return entry
    except AuditUnavailable:
        raise
    # Whatever it is: an entry that cannot be made is one that is missing.
    except Exception as trouble:
        raise AuditUnavailable(f"{action}: the audit entry could not be written ({_cause(trouble)})") from trouble


def _append(ring: KeyRing, columns: Mapping[str, str], wait_ms: int) -> AuditEntry:
    head = _lock_head(wait_ms)
    guard(ring, head)
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
    anchoring.after_append()
    return entry


def _lock_head(wait_ms: int) -> AuditHead:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", [f"{wait_ms}ms"])
    # SQLite has no row locks and needs none: every transaction of ours is IMMEDIATE, so we are alone in here.
    head = AuditHead.objects.select_for_update().filter(chain=CHAIN).first()
    if head is None:
        raise AuditHead.DoesNotExist("the end of the chain is not on record")
    return head


def _column(name: str, value: object) -> str:
    return clean(value, _LIMITS[name], where=name)


def _with_request_id(facts: Mapping[str, Any]) -> Mapping[str, Any]:
    """Add the id under which the web request stands in our logs, where there is one."""
    request_id = structlog.contextvars.get_contextvars().get("request_id")
    return {**facts, "web_request_id": str(request_id)} if request_id else facts


def _cause(trouble: Exception) -> str:
    """Return what may be told of the trouble: only of our own do we know that the message quotes no value."""
    return str(trouble) if isinstance(trouble, KeyRingProblem | NotPlain | Unguarded) else type(trouble).__name__
