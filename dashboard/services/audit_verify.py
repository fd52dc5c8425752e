"""The whole chain walked in our own database; what is looked for stands in `dashboard/audit_verifier.py`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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

from .anchor_kept import notes_to_compare
from .anchor_sinks import SinkDown, configured

__all__ = ["Finding", "Verification", "anchors_in", "verify"]

log = structlog.get_logger(__name__)

BATCH_ROWS = 1000
_SEQS_A_QUERY = 500
_END_SQL = (
    "SELECT last.seq, head.seq, head.mac FROM (SELECT coalesce(max(seq), 0) AS seq FROM dashboard_auditentry) last"
    " LEFT JOIN dashboard_audithead head ON head.chain = %s"
)


def verify(start: Point = (0, b""), *, anchors: str = "") -> Verification:
    """Walk the chain in order, in constant memory; go on after the first finding. Reads only.

    `start` is a checkpoint: number and MAC of an entry that was verified before; without it the whole chain is walked.
    It is compared with what the sinks of AUDIT_ANCHORS keep, where they can be asked, and with the notes in `anchors`:
    from a checkpoint on with their newest notes, those of earlier entries too.
    """
    begins_at = _first_seq()
    found = _verify(start, anchors)
    # A segment that left meanwhile looks like a gap, or like entries that were put back.
    return found if _first_seq() == begins_at else _verify(start, anchors)


def _verify(start: Point, anchors: str) -> Verification:
    walk, doubts = _walk(start, anchors, is_whole=not start[0])
    if start[0]:
        walk.look_at_start()
        _look_at_what_was_seen_before(walk)
    while True:
        for row in _rows_after(walk.seq):
            walk.look_at(row)
        head, last_seq = _end()
        if not isinstance(last_seq, int) or last_seq <= walk.seq:
            break
    walk.look_at_end(head)
    # What was anchored or looked at meanwhile is no row that points past the end.
    walk.look_at_pointers({name: seq for name, seq in _named().items() if seq > _last_seq()})
    # After what is wrong with the log: whoever may add to a file of anchors must not fill the list.
    for doubt in doubts:
        walk.note(doubt.kind, doubt.seq, doubt.text)
    walk.look_for_orphans(datetime.now(UTC))
    return walk.result()


def verify_stretch(start: Point, last_seq: int) -> Verification:
    """Walk from a checkpoint up to an entry; what follows it is not looked at."""
    walk, doubts = _walk(start, is_whole=True)
    walk.look_at_start()
    for row in _rows_after(walk.seq):
        if not isinstance(row["seq"], int) or row["seq"] > last_seq:
            break
        walk.look_at(row)
    if walk.seq != last_seq:
        walk.note("missing_tail", walk.seq + 1, f"entries {walk.seq + 1} to {last_seq} are missing")
    for doubt in doubts:
        walk.note(doubt.kind, doubt.seq, doubt.text)
    return walk.result()


def anchors_in(text: str) -> tuple[dict[int, bytes], list[Finding]]:
    """Return the anchors of this log in a text, and a finding for each note of it that cannot be trusted."""
    return read_anchors(text, signing.public_keys(), signing.origins())


def _first_seq() -> int | None:
    return AuditEntry.objects.order_by("seq").values_list("seq", flat=True).first()


def _walk(start: Point, anchors: str = "", *, is_whole: bool) -> tuple[Walk, list[Finding]]:
    """Return a walk with all anchors, or the newest; and what is wrong with those."""
    ring = parse_ring("AUDIT_KEYS", settings.AUDIT_KEYS)
    keys = {key.id: key.reveal() for key in ring}
    walk = Walk(keys, start=start, public_keys=signing.public_keys())
    return walk, [*_take_what_sinks_keep(walk, is_whole=is_whole), *_take_anchors(walk, anchors)]


def _take_what_sinks_keep(walk: Walk, *, is_whole: bool) -> Iterator[Finding]:
    """Take the anchors of every sink that can be asked; yield what cannot be trusted, and what is gone."""
    # Before the files: what is anchored meanwhile is in them, and not in these.
    rows = {row.sink: row for row in AuditAnchor.objects.all()}
    for sink in configured():
        row = rows.get(sink.name) or AuditAnchor(sink=sink.name)
        try:
            notes = sink.kept()
            if notes is None:
                continue
            kept = list(notes if is_whole else notes_to_compare(notes, row))
        except SinkDown as down:
            log.warning("anchors_not_read", sink=sink.name, cause=str(down))
            continue
        yield from _take_anchors(walk, "\n".join(reversed(kept)), row)


def _take_anchors(walk: Walk, text: str, row: AuditAnchor | None = None) -> Iterator[Finding]:
    found, bad = anchors_in(text)
    walk.anchors = {**walk.anchors, **found}
    yield from bad
    if row and row.seq and found.get(row.seq) != bytes(row.mac):
        yield Finding("lost_anchor", row.seq, f"was anchored by {row.sink}, which does not keep that anchor any more")


def _look_at_what_was_seen_before(walk: Walk) -> None:
    """Look whether the checkpoint, and what was anchored before it, are still in the log as they were."""
    seq, mac = walk.start
    _look_at_stored(walk, {seq: mac}, "is not the entry that was looked at before")
    earlier = {each: anchored for each, anchored in walk.anchors.items() if each < seq}
    _look_at_stored(walk, earlier, "is not the entry that was anchored")


def _look_at_stored(walk: Walk, expected: Mapping[int, bytes], otherwise: str) -> None:
    first = _first_seq() or 0
    # What has left the log by its own word is compared where it lies now.
    wanted = sorted(seq for seq in expected if seq >= first)
    for at in range(0, len(wanted), _SEQS_A_QUERY):
        some = wanted[at : at + _SEQS_A_QUERY]
        stored = dict(AuditEntry.objects.filter(seq__in=some).values_list("seq", "mac"))
        for seq in some:
            mac = stored.get(seq)
            if mac is None:
                walk.note("gap", seq, f"{otherwise}: it is missing")
            elif not isinstance(mac, bytes | memoryview) or bytes(mac) != expected[seq]:
                walk.note("rollback", seq, f"{otherwise}: the log was put back or written anew")
            else:
                walk.anchored = max(walk.anchored, seq if seq in walk.anchors else 0)


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
