"""Anchors: the end of the chain, signed, told to sinks that the owner of the database does not control alone.

A chain alone misses a cut tail, a restored backup and a rebuild with a stolen key. An anchor is four lines (origin,
number, base64 of the MAC, UTC time) and a signature, in the C2SP checkpoint form. None of this runs in the transaction
of whoever appends.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from dashboard import signing
from dashboard.models import AuditAnchor, AuditEntry, AuditHead
from dashboard.models.audit import Kind

from .anchor_kept import Anchored, kept_by
from .anchor_sinks import Sink, SinkDown, configured
from .audit import SYSTEM, AuditUnavailable, record
from .audit_bytes import CHAIN
from .audit_segments import has_left

# A turn that was never given back ends by itself.
TURN = timedelta(seconds=30)
# A sink that did not take the last one is asked again after this.
RETRY = timedelta(seconds=10)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Finding:
    """Why the log is not as it was anchored, in words; `is_lost` where a sink lost its word and contradicts nothing."""

    text: str
    is_lost: bool = False


def anchor_due() -> None:
    """Anchor wherever enough entries came, or the first of them has waited long enough."""
    for sink in configured():
        row = memory_of(sink)
        if _is_due(row, head()):
            _anchor(sink)


def anchor_now() -> bool:
    """Anchor whatever no anchor covers yet, for the end of a process; return True if another process has its turn."""
    must_wait = False
    for sink in configured():
        if memory_of(sink).seq < head().seq:
            must_wait |= not _anchor(sink)
    return must_wait


def look_at_standing() -> None:
    """Compare the log with the last anchor of every sink that can be asked, and keep what is found."""
    for sink in configured():
        row = memory_of(sink)
        try:
            finding = finding_of(sink, row, is_whole=True)
        except SinkDown as down:
            log.warning("anchors_not_read", sink=sink.name, cause=str(down))
            continue
        if _columns_of(finding) != {"finding": row.finding, "is_lost": row.is_lost}:
            # Not over what another process has found or anchored meanwhile.
            same = AuditAnchor.objects.filter(sink=sink.name, seq=row.seq, finding=row.finding)
            same.update(**_columns_of(finding))
            log.error("audit_standing_changed", sink=sink.name, finding=finding.text if finding else "")


def finding_of(sink: Sink, row: AuditAnchor, *, is_whole: bool = False) -> Finding | None:
    """Say why the log is not the one that was anchored, or that the sink lost its word; None if all is well.

    None as well where nobody can tell: of a sink that cannot be asked we have our own memory only.
    """
    known = [Anchored(row.seq, bytes(row.mac), "")] if row.seq else []
    kept = kept_by(sink, row, is_whole=is_whole)
    known += [kept.newest] if kept and kept.newest else []
    for anchored in known:
        entry = AuditEntry.objects.filter(seq=anchored.seq).values_list("mac", flat=True).first()
        when = f" at {anchored.at}" if anchored.at else ""
        if entry is None and has_left(anchored.seq):
            # A sink that was away for years: what it was told of is not here to compare with.
            continue
        if entry is None:
            return Finding(f"entry {anchored.seq} was anchored{when}, and the log ends at {head().seq}")
        if bytes(entry) != anchored.mac:
            return Finding(f"entry {anchored.seq} is not the one that was anchored{when}")
    if kept is None or kept.has_ours or not row.seq:
        return None
    if kept.newest:
        rest = f"the newest anchor that it keeps is of entry {kept.newest.seq}"
    elif kept.strangers:
        rest = "what it keeps is of another log, or signed with other keys than those of ANCHOR_KEYS"
    else:
        rest = "it keeps none"
    return Finding(f"it took an anchor of entry {row.seq}, and {rest}", is_lost=True)


def _columns_of(finding: Finding | None) -> dict[str, object]:
    return {"finding": finding.text if finding else "", "is_lost": finding is not None and finding.is_lost}


def note_of(seq: int, mac: bytes, at: datetime) -> str:
    """Return the signed note that says: at this time the log had this entry as its last one."""
    moment = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return signing.sign_note([settings.AUDIT_ORIGIN, str(seq), base64.b64encode(mac).decode("ascii"), moment])


def memory_of(sink: Sink) -> AuditAnchor:
    """Return what we remember of a sink."""
    return AuditAnchor.objects.get_or_create(sink=sink.name)[0]


def head() -> AuditHead:
    """Return the end of the chain."""
    return AuditHead.objects.filter(chain=CHAIN).first() or AuditHead(chain=CHAIN)


def take_turn(sink: Sink, now: datetime) -> bool:
    """Take the turn, if no other process has it: anchors leave one at a time, so that they never go back."""
    free = AuditAnchor.objects.filter(Q(claimed_until=None) | Q(claimed_until__lt=now), sink=sink.name)
    return bool(free.update(claimed_until=now + TURN, tried_at=now))


def _is_due(row: AuditAnchor, end: AuditHead) -> bool:
    now = timezone.now()
    if (row.trouble or row.finding) and row.tried_at and now - row.tried_at < RETRY:
        return False
    if row.finding:
        # The cause may be gone, though nobody may write meanwhile.
        return True
    if end.seq == row.seq:
        return False
    if row.trouble or end.seq < row.seq or end.seq - row.seq >= settings.AUDIT_ANCHOR_ENTRIES:
        return True
    first = first_unanchored_at(row.seq)
    return first is None or now - first >= timedelta(seconds=settings.AUDIT_ANCHOR_EVERY_S)


def first_unanchored_at(seq: int) -> datetime | None:
    """Return when the first entry after number `seq` was written; None where there is none, or it has no time."""
    later = AuditEntry.objects.filter(seq__gt=seq).order_by("seq")
    written = later.values_list("at", flat=True).first()
    try:
        return datetime.fromisoformat(written) if written else None
    except ValueError:
        return None


def _anchor(sink: Sink) -> bool:
    """Send one anchor in our turn and keep what came of it; a sink's trouble is kept, never raised.

    Return False if it is another process's turn.
    """
    now = timezone.now()
    if not take_turn(sink, now):
        return False
    # Read after our turn began: whoever had it before sent no later one.
    row, end = AuditAnchor.objects.get(sink=sink.name), head()
    kept: dict[str, object] = {"claimed_until": None}
    try:
        finding = finding_of(sink, row)
        if not finding and end.seq > row.seq:
            sink.send(note_of(end.seq, bytes(end.mac), now))
            kept |= {"seq": end.seq, "mac": bytes(end.mac), "taken_at": timezone.now()}
        AuditAnchor.objects.filter(sink=sink.name).update(**kept, **_columns_of(finding), trouble="")
    except SinkDown as down:
        AuditAnchor.objects.filter(sink=sink.name).update(**kept, trouble=str(down))
        log.warning("anchor_failed", sink=sink.name, cause=str(down))
        if not row.trouble:
            _tell("anchor.failed", row, str(down))
        return True
    if row.trouble:
        _tell("anchor.recovered", row, "")
    if finding and not row.finding:
        log.error("anchor_contradicts_log", sink=sink.name, finding=finding.text, is_lost=finding.is_lost)
    return True


def _tell(action: str, row: AuditAnchor, cause: str) -> None:
    """Put the beginning and the end of a sink's trouble on record, where that can be."""
    facts = {"sink": row.sink, "cause": cause, "anchored_seq": row.seq}
    try:
        record(Kind.SYSTEM, action, actor=SYSTEM, result="failed" if cause else "ok", facts=facts)
    except AuditUnavailable as trouble:
        log.error("audit_unavailable", action=action, cause=str(trouble))
