"""Whether anything may be done now: only while the log is kept as it is and reaches its last anchor.

Closed, nothing is sent and nothing is changed by people; what tells of something that has happened already (outcomes,
reads, refusals, the system's own work) is written all the same. It opens by itself when the cause is gone.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from datetime import timedelta

import structlog
from django.conf import settings
from django.db import connection
from django.utils import timezone

from dashboard.models import AuditAnchor, AuditEntry
from dashboard.models.audit import Kind
from dashboard.triggers import missing_triggers

from .anchor_sinks import BadAddress, configured

# A gate that was found open is not looked at again for so long; a closed one is looked at each time.
OPEN_FOR_S = 1.0
# What people are about to do. Signing in and looking after the log itself must stay possible.
_ACTS = frozenset({Kind.INTENT, Kind.EVENT})
_ALWAYS = ("session.", "audit.")

log = structlog.get_logger(__name__)

_open_until: dict[int, float] = {}


@dataclass(frozen=True, slots=True)
class Closed:
    """Why nothing may be done: a code for machines, a sentence for people."""

    code: str
    sentence: str


def is_held_back(kind: Kind | str, action: str) -> Closed | None:
    """Return why an entry of this kind may not be written now, so that what it tells of does not happen."""
    if kind not in _ACTS or action.startswith(_ALWAYS) or time.monotonic() < _open_until.get(os.getpid(), 0.0):
        return None
    closed = look()
    if closed is None:
        _open_until[os.getpid()] = time.monotonic() + OPEN_FOR_S
    return closed


def tell_at_start() -> None:
    """Leave a line in the log of a process that begins with a closed gate."""
    closed = look()
    if closed is not None:
        log.error("writes_refused", code=closed.code, cause=closed.sentence)


def look() -> Closed | None:
    """Look whether the gate is closed, and why."""
    missing = missing_triggers(connection)
    if missing:
        named = ", ".join(missing)
        return Closed("audit_triggers", f"The database lacks the triggers that keep the audit log as it is: {named}.")
    if not settings.AUDIT_ANCHORS:
        return None
    try:
        names = [sink.name for sink in configured()]
    except BadAddress as trouble:
        return Closed("audit_anchors", f"AUDIT_ANCHORS cannot be used: {trouble}")
    rows = {row.sink: row for row in AuditAnchor.objects.filter(sink__in=names)}
    for name in names:
        closed = _closed_by(name, rows.get(name))
        if closed is not None:
            return closed
    return None


def _closed_by(name: str, row: AuditAnchor | None) -> Closed | None:
    if row is not None and row.is_lost:
        told = f"The anchor sink {name} does not keep what it took: {row.finding}."
        doubt = "Nothing contradicts the audit log, and nobody vouches for its end."
        way_out = "Put the file back, or answer for it with verify_audit --accept-lost-anchors."
        return Closed("audit_anchor_lost", f"{told} {doubt} {way_out}")
    if row is not None and row.finding:
        told = f"The audit log is not the one that was anchored, by {name}: {row.finding}."
        return Closed("audit_rollback", f"{told} It was restored from a backup, cut or rewritten.")
    later = AuditEntry.objects.filter(seq__gt=row.seq if row else 0).order_by("seq")
    written = later.values_list("at", flat=True).first()
    limit = timezone.now() - timedelta(seconds=settings.AUDIT_ANCHOR_LIMIT_S)
    if written is None or written >= limit.strftime("%Y-%m-%dT%H:%M:%S.%fZ"):
        return None
    since = f"since {row.taken_at:%Y-%m-%d %H:%M} UTC" if row and row.taken_at else "yet"
    cause = f": {row.trouble}" if row and row.trouble else ""
    return Closed("audit_anchor_overdue", f"The anchor sink {name} has not taken an anchor {since}{cause}.")
