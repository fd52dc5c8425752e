"""The whole chain walked in our own database; what is looked for stands in `dashboard/audit_verifier.py`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection

from dashboard.audit_verifier import CHAIN, COLUMNS, Finding, Point, Verification, Walk
from dashboard.keyring import parse_ring
from dashboard.models import AuditEntry

__all__ = ["Finding", "Verification", "verify"]

BATCH_ROWS = 1000
_END_SQL = (
    "SELECT last.seq, head.seq, head.mac FROM (SELECT coalesce(max(seq), 0) AS seq FROM dashboard_auditentry) last"
    " LEFT JOIN dashboard_audithead head ON head.chain = %s"
)


def verify(start: Point = (0, b"")) -> Verification:
    """Walk the chain in order, in constant memory; go on after the first finding. Reads only.

    `start` is a checkpoint: number and MAC of an entry that was verified before; without it the whole chain is walked.
    """
    ring = parse_ring("AUDIT_KEYS", settings.AUDIT_KEYS)
    walk = Walk({key.id: key.reveal() for key in ring}, start=start)
    while True:
        for row in _rows_after(walk.seq):
            walk.look_at(row)
        head, last_seq = _end()
        if not isinstance(last_seq, int) or last_seq <= walk.seq:
            break
    walk.look_at_end(head)
    walk.look_for_orphans(datetime.now(UTC))
    return walk.result()


def _rows_after(seq: int) -> Iterator[dict[str, Any]]:
    """Yield the stored columns in order. A row that cannot be read as text comes with its number alone."""
    while True:
        later = AuditEntry.objects.filter(seq__gt=seq).order_by("seq")
        try:
            rows = list(later.values(*COLUMNS)[:BATCH_ROWS])
        except DatabaseError:
            # SQLite keeps bytes that are no text in a text column, and gives up on the whole batch.
            rows = [_readable(number) for number in later.values_list("seq", flat=True)[:BATCH_ROWS]]
        if not rows:
            return
        yield from rows
        seq = rows[-1]["seq"]
        if not isinstance(seq, int):
            return


def _readable(seq: int) -> dict[str, Any]:
    try:
        return dict(AuditEntry.objects.filter(seq=seq).values(*COLUMNS).get())
    except DatabaseError:
        return {"seq": seq}


def _end() -> tuple[Point | None, object]:
    """Return the head and the number of the last entry, both of the same moment: one statement reads them.

    Plain SQL, because the ORM stumbles over a number that is none.
    """
    with connection.cursor() as cursor:
        cursor.execute(_END_SQL, [CHAIN])
        last_seq, seq, mac = cursor.fetchone()
    known = isinstance(mac, bytes | memoryview)
    return ((seq, bytes(mac) if known else b"") if isinstance(seq, int) else None), last_seq
