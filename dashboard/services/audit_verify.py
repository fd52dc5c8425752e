"""The whole chain walked in our own database; what is looked for stands in `dashboard/audit_verifier.py`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import structlog
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import Max

from dashboard import signing
from dashboard.audit_verifier import CHAIN, COLUMNS, Finding, Point, Verification, Walk, read_anchors
from dashboard.keyring import parse_ring
from dashboard.models import AuditAnchor, AuditCheck, AuditEntry

from .anchor_sinks import SinkDown, configured

__all__ = ["Finding", "Verification", "verify"]

log = structlog.get_logger(__name__)

BATCH_ROWS = 1000
_END_SQL = (
    "SELECT last.seq, head.seq, head.mac FROM (SELECT coalesce(max(seq), 0) AS seq FROM dashboard_auditentry) last"
    " LEFT JOIN dashboard_audithead head ON head.chain = %s"
)


def verify(start: Point = (0, b""), *, anchors: str = "") -> Verification:
    """Walk the chain in order, in constant memory; go on after the first finding. Reads only.

    `start` is a checkpoint: number and MAC of an entry that was verified before; without it the whole chain is walked.
    It is compared with what the sinks of AUDIT_ANCHORS keep, where they can be asked, and with the notes in `anchors`.
    """
    begins_at = _first_seq()
    found = _verify(start, anchors)
    # A segment that left meanwhile looks like a gap, or like entries that were put back.
    return found if _first_seq() == begins_at else _verify(start, anchors)


def _verify(start: Point, anchors: str) -> Verification:
    walk = _walk(start, anchors)
    while True:
        for row in _rows_after(walk.seq):
            walk.look_at(row)
        head, last_seq = _end()
        if not isinstance(last_seq, int) or last_seq <= walk.seq:
            break
    walk.look_at_end(head)
    # What was anchored or looked at meanwhile is no row that points past the end.
    walk.look_at_pointers({name: seq for name, seq in _named().items() if seq > _last_seq()})
    walk.look_for_orphans(datetime.now(UTC))
    return walk.result()


def verify_stretch(start: Point, last_seq: int) -> Verification:
    """Walk from a checkpoint up to an entry; what follows it is not looked at."""
    walk = _walk(start)
    for row in _rows_after(walk.seq):
        if not isinstance(row["seq"], int) or row["seq"] > last_seq:
            break
        walk.look_at(row)
    if walk.seq != last_seq:
        walk.note("missing_tail", walk.seq + 1, f"entries {walk.seq + 1} to {last_seq} are missing")
    return walk.result()


def _first_seq() -> int | None:
    return AuditEntry.objects.order_by("seq").values_list("seq", flat=True).first()


def _walk(start: Point, anchors: str = "") -> Walk:
    ring = parse_ring("AUDIT_KEYS", settings.AUDIT_KEYS)
    texts = [*_kept_by_sinks(is_whole=not start[0]), anchors]
    keys = {key.id: key.reveal() for key in ring}
    walk = Walk(keys, start=start, public_keys=signing.public_keys())
    for text in texts:
        _take_anchors(walk, text)
    return walk


def _kept_by_sinks(*, is_whole: bool) -> Iterator[str]:
    """Yield what the sinks keep: all of it, or the newest."""
    for sink in configured():
        try:
            yield "\n".join((sink.all_kept() if is_whole else sink.kept()) or ())
        except SinkDown as down:
            log.warning("anchors_not_read", sink=sink.name, cause=str(down))


def _take_anchors(walk: Walk, text: str) -> None:
    found, bad = read_anchors(text, signing.public_keys())
    walk.anchors = {**walk.anchors, **{seq: mac for seq, mac in found.items() if seq > walk.seq}}
    for finding in bad:
        walk.note(finding.kind, finding.seq, finding.text)


def _named() -> dict[str, int]:
    """Return the greatest entry that our own memory of anchors and looks names."""
    greatest = {model: model.objects.aggregate(seq=Max("seq"))["seq"] or 0 for model in (AuditAnchor, AuditCheck)}
    return {model._meta.db_table: seq for model, seq in greatest.items()}


def _last_seq() -> int:
    seq = _end()[1]
    return seq if isinstance(seq, int) else 0


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
