"""Who looked at what: one entry for a person, a thing and a quarter of an hour."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import structlog
from django.db import DatabaseError, connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from dashboard.keyring import KeyRingProblem
from dashboard.models import AuditEntry, Customer

from .audit import Actor, AuditUnavailable, Kind, Target, record
from .audit_bytes import timestamp

log = structlog.get_logger(__name__)

# Pages are reloaded and poll by themselves; that is still one look.
ONE_LOOK = timedelta(minutes=15)
# Nobody on the phone waits longer for a page because of its entry in the log.
WAIT_MS = 2_000


# What takes a key to name is given as a function: reading goes on without one.
Seen = Target | Customer | Callable[[], Target | None] | None


def record_read(actor: Actor, seen: Seen, action: str) -> AuditEntry | None:
    """Record that a page was opened; None if the same look is on record already, or if nothing can be recorded now.

    Reading goes on while the log cannot be written: that is logged as a warning. Call it outside of a transaction, from
    the view of the whole page and not from the fragments that poll.
    """
    try:
        target = _named(seen)
        if _is_on_record(actor, target, action):
            return None
        return record(Kind.READ, action, actor=actor, target=target, wait_ms=WAIT_MS)
    except (AuditUnavailable, DatabaseError, KeyRingProblem) as trouble:
        log.warning("read_not_recorded", action=action, cause=type(trouble).__name__)
        return None


def _named(seen: Seen) -> Target | None:
    if isinstance(seen, Customer):
        return Target.of(seen)
    return seen() if callable(seen) else seen


def _is_on_record(actor: Actor, target: Target | None, action: str) -> bool:
    if connection.vendor != "postgresql":
        return _same(actor, target, action).exists()
    # A table that somebody has locked must not keep the page waiting. SQLite's readers wait for nobody.
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [f"{WAIT_MS}ms"])
        return _same(actor, target, action).exists()


def _same(actor: Actor, target: Target | None, action: str) -> QuerySet[AuditEntry]:
    same = AuditEntry.objects.filter(kind=Kind.READ, action=action, actor_id=actor.id)
    return same.filter(target_id=target.id if target else "", at__gte=timestamp(timezone.now() - ONE_LOOK))
