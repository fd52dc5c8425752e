"""The proof that no entry was altered, removed or slipped in: the chain walked from its beginning."""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection

from dashboard.keyring import KeyRing, parse_ring
from dashboard.models import AuditEntry

from .audit_bytes import CHAIN, TEXT_COLUMNS, NotPlain, message

BATCH_ROWS = 1000
# More are counted, not listed: a broken log must not fill the memory of who looks at it.
MAX_FINDINGS = 1000
_END_SQL = (
    "SELECT last.seq, head.seq, head.mac FROM (SELECT coalesce(max(seq), 0) AS seq FROM dashboard_auditentry) last"
    " LEFT JOIN dashboard_audithead head ON head.chain = %s"
)
_COLUMNS = ("seq", "chain", "key_id", "prev_mac", "mac", *TEXT_COLUMNS)


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong at one place.

    `kind` is one of `gap` (numbers are missing), `mac` (the entry is not what was written), `prev` (it does not
    follow the one before it), `unknown_key` (its key is not in AUDIT_KEYS), `missing_tail` (the head is ahead of the
    entries), `past_head` (entries after the head), `no_head` (the head itself is missing).
    """

    kind: str
    seq: int
    text: str


@dataclass(frozen=True, slots=True)
class Verification:
    """`entries` were read; `unlisted` counts findings beyond the first `MAX_FINDINGS`. Up to `seq` it was looked at."""

    ok: bool
    entries: int
    findings: tuple[Finding, ...]
    seq: int = 0
    unlisted: int = 0


@dataclass(slots=True)
class _Walk:
    """Where the walk is: the last entry read, and what was found so far."""

    ring: KeyRing
    seq: int = 0
    mac: bytes = b""
    entries: int = 0
    unlisted: int = 0
    findings: list[Finding] = field(default_factory=list)

    def note(self, kind: str, seq: int, text: str) -> None:
        if len(self.findings) < MAX_FINDINGS:
            self.findings.append(Finding(kind, seq, text))
        else:
            self.unlisted += 1


def verify() -> Verification:
    """Walk the whole chain in order, in constant memory; go on after the first finding. Reads only."""
    walk = _Walk(parse_ring("AUDIT_KEYS", settings.AUDIT_KEYS))
    while True:
        for row in _rows_after(walk.seq):
            _look_at(walk, row)
        head, last_seq = _end()
        if not isinstance(last_seq, int) or last_seq <= walk.seq:
            break
    _look_at_end(walk, head)
    return Verification(
        ok=not walk.findings,
        entries=walk.entries,
        findings=tuple(walk.findings),
        seq=walk.seq,
        unlisted=walk.unlisted,
    )


def _rows_after(seq: int) -> Iterator[dict[str, Any]]:
    """Yield the stored columns in order. A row that cannot be read as text comes with its number alone."""
    while True:
        later = AuditEntry.objects.filter(seq__gt=seq).order_by("seq")
        try:
            rows = list(later.values(*_COLUMNS)[:BATCH_ROWS])
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
        return dict(AuditEntry.objects.filter(seq=seq).values(*_COLUMNS).get())
    except DatabaseError:
        return {"seq": seq}


def _look_at(walk: _Walk, row: dict[str, Any]) -> None:
    seq = row["seq"]
    walk.entries += 1
    if not isinstance(seq, int):
        # SQLite takes any text for a number; such a row sorts after all the others.
        walk.note("mac", walk.seq + 1, "an entry has a number that is none")
        return
    if seq != walk.seq + 1:
        walk.note("gap", walk.seq + 1, f"entries {walk.seq + 1} to {seq - 1} are missing")
    elif _raw(row.get("prev_mac")) != walk.mac:
        walk.note("prev", seq, "does not follow the entry before it")
    walk.seq, walk.mac = seq, _raw(row.get("mac"))
    key_id = row.get("key_id")
    key = walk.ring.get(key_id) if isinstance(key_id, str) else None
    if key is None and isinstance(key_id, str):
        walk.note("unknown_key", seq, f"was written with the key “{key_id[:40]}”, which is not in AUDIT_KEYS")
    elif key is None or not hmac.compare_digest(key.hmac(_message(row)), walk.mac):
        walk.note("mac", seq, "is not what was written")


def _raw(stored: object) -> bytes:
    return bytes(stored) if isinstance(stored, bytes | memoryview) else b""


def _message(row: dict[str, Any]) -> bytes:
    try:
        return message(row)
    except (NotPlain, TypeError, ValueError, OverflowError):
        return b""


def _end() -> tuple[tuple[int, bytes] | None, object]:
    """Return the head and the number of the last entry, both of the same moment: one statement reads them.

    Plain SQL, because the ORM stumbles over a number that is none.
    """
    with connection.cursor() as cursor:
        cursor.execute(_END_SQL, [CHAIN])
        last_seq, seq, mac = cursor.fetchone()
    return ((seq, _raw(mac)) if isinstance(seq, int) else None), last_seq


def _look_at_end(walk: _Walk, head: tuple[int, bytes] | None) -> None:
    if head is None:
        walk.note("no_head", walk.seq, "the end of the chain is not on record")
        return
    seq, mac = head
    if seq > walk.seq:
        walk.note("missing_tail", walk.seq + 1, f"entries {walk.seq + 1} to {seq} are missing at the end")
    elif seq < walk.seq:
        walk.note("past_head", seq + 1, f"entries {seq + 1} to {walk.seq} were added past the end of the chain")
    elif mac != walk.mac:
        walk.note("missing_tail", seq, "the last entry is not the one at the end of the chain")
