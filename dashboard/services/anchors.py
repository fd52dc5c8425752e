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

from dashboard import audit_verifier, signing
from dashboard.audit_verifier import BadNote
from dashboard.models import AuditAnchor, AuditEntry, AuditHead
from dashboard.models.audit import Kind

from .anchor_sinks import Sink, SinkDown, configured
from .audit import SYSTEM, AuditUnavailable, record
from .audit_bytes import CHAIN

# A turn that was never given back ends by itself.
TURN = timedelta(seconds=30)
# A sink that did not take the last one is asked again after this.
RETRY = timedelta(seconds=10)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Anchored:
    """One anchor, as a sink keeps it."""

    seq: int
    mac: bytes
    at: str


def anchor_due() -> None:
    """Anchor wherever enough entries came, or the first of them has waited long enough."""
    for sink in configured():
        row = _memory_of(sink)
        if _is_due(row, _head()):
            _anchor(sink)


def anchor_now() -> bool:
    """Anchor whatever no anchor covers yet, for the end of a process; return True if another process has its turn."""
    must_wait = False
    for sink in configured():
        if _memory_of(sink).seq < _head().seq:
            must_wait |= not _anchor(sink)
    return must_wait


def look_at_standing() -> None:
    """Compare the log with the last anchor of every sink that can be asked, and keep what is found."""
    for sink in configured():
        row = _memory_of(sink)
        try:
            finding = _finding(sink, row)
        except SinkDown as down:
            log.warning("anchors_not_read", sink=sink.name, cause=str(down))
            continue
        if finding != row.finding:
            AuditAnchor.objects.filter(sink=sink.name).update(finding=finding)
            log.error("audit_standing_changed", sink=sink.name, finding=finding)


def accept(reason: str) -> list[str]:
    """Take the log as it is for the right one, though a sink was told another; return what was found.

    For a backup that had to be restored. It is on record here, and the sink shows for ever that its anchors went back.
    """
    accepted = []
    for sink in configured():
        finding = _finding(sink, _memory_of(sink))
        if not finding:
            continue
        facts = {"sink": sink.name, "finding": finding, "reason": reason}
        record(Kind.SYSTEM, "anchor.rollback_accepted", actor=SYSTEM, result="ok", facts=facts)
        head, now = _head(), timezone.now()
        sink.send(note_of(head.seq, bytes(head.mac), now))
        kept = {"seq": head.seq, "mac": bytes(head.mac), "taken_at": now, "finding": "", "trouble": ""}
        AuditAnchor.objects.filter(sink=sink.name).update(**kept)
        accepted.append(f"{sink.name}: {finding}")
    return accepted


def last_kept(sink: Sink) -> Anchored | None:
    """Return the newest anchor of this log that a sink keeps; what we did not sign is none.

    The newest by the time that was signed: whoever may only append could put an old note, or rubbish, behind it.
    """
    for notes in (sink.kept, sink.all_kept):
        found = [_anchored(lines) for note in notes() or () if (lines := _lines_of(note))]
        if found:
            # Of the same second the later one in the file.
            return max(reversed(found), key=lambda each: each.at)
    return None


def _anchored(lines: list[str]) -> Anchored:
    seq, mac = audit_verifier.anchor_of(lines)
    return Anchored(seq, mac, lines[3] if len(lines) > 3 else "")


def newest_note(up_to: int | None = None) -> str:
    """Return the newest signed note of this log that any sink keeps, as it stands there; "" where none can be asked.

    `up_to` is the last entry that it may be of.
    """
    newest, seq = "", 0
    for sink in configured():
        try:
            for note in sink.kept() or ():
                lines = _lines_of(note)
                of = audit_verifier.anchor_of(lines)[0] if lines else 0
                if lines and of >= seq and (up_to is None or of <= up_to):
                    newest, seq = note, of
        except SinkDown as down:
            log.warning("anchors_not_read", sink=sink.name, cause=str(down))
    return newest


def _lines_of(note: str) -> list[str]:
    """Return the lines of an anchor of this log; none where we did not sign it."""
    try:
        lines = audit_verifier.open_note(note, signing.public_keys())
        audit_verifier.anchor_of(lines)
    except BadNote:
        return []
    return lines if lines[0] == settings.AUDIT_ORIGIN else []


def note_of(seq: int, mac: bytes, at: datetime) -> str:
    """Return the signed note that says: at this time the log had this entry as its last one."""
    moment = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return signing.sign_note([settings.AUDIT_ORIGIN, str(seq), base64.b64encode(mac).decode("ascii"), moment])


def _memory_of(sink: Sink) -> AuditAnchor:
    return AuditAnchor.objects.get_or_create(sink=sink.name)[0]


def _head() -> AuditHead:
    return AuditHead.objects.filter(chain=CHAIN).first() or AuditHead(chain=CHAIN)


def _is_due(row: AuditAnchor, head: AuditHead) -> bool:
    now = timezone.now()
    if head.seq == row.seq:
        return False
    if row.trouble and row.tried_at and now - row.tried_at < RETRY:
        return False
    if row.trouble or row.finding or head.seq < row.seq or head.seq - row.seq >= settings.AUDIT_ANCHOR_ENTRIES:
        return True
    first = first_unanchored_at(row.seq)
    return first is None or now - first >= timedelta(seconds=settings.AUDIT_ANCHOR_EVERY_S)


def first_unanchored_at(seq: int) -> datetime | None:
    """Return when the first entry after number `seq` was written; None where there is none, or it has no time."""
    written = AuditEntry.objects.filter(seq=seq + 1).values_list("at", flat=True).first()
    try:
        return datetime.fromisoformat(written) if written else None
    except ValueError:
        return None


def _anchor(sink: Sink) -> bool:
    """Send one anchor in our turn and keep what came of it; a sink's trouble is kept, never raised.

    Return False if it is another process's turn.
    """
    now = timezone.now()
    mine = AuditAnchor.objects.filter(Q(claimed_until=None) | Q(claimed_until__lt=now), sink=sink.name)
    if not mine.update(claimed_until=now + TURN, tried_at=now):
        return False
    # Read after our turn began: whoever had it before sent no later one.
    row, head = AuditAnchor.objects.get(sink=sink.name), _head()
    kept: dict[str, object] = {"claimed_until": None}
    try:
        finding = _finding(sink, row)
        if not finding and head.seq > row.seq:
            sink.send(note_of(head.seq, bytes(head.mac), now))
            kept |= {"seq": head.seq, "mac": bytes(head.mac), "taken_at": timezone.now()}
        AuditAnchor.objects.filter(sink=sink.name).update(**kept, trouble="", finding=finding)
    except SinkDown as down:
        AuditAnchor.objects.filter(sink=sink.name).update(**kept, trouble=str(down))
        log.warning("anchor_failed", sink=sink.name, cause=str(down))
        if not row.trouble:
            _tell("anchor.failed", row, str(down))
        return True
    if row.trouble:
        _tell("anchor.recovered", row, "")
    if finding and not row.finding:
        log.error("anchor_contradicts_log", sink=sink.name, finding=finding)
    return True


def _finding(sink: Sink, row: AuditAnchor) -> str:
    """Say why the log is not the one that was anchored; "" if it is, or if nobody can tell."""
    known = [Anchored(row.seq, bytes(row.mac), "")] if row.seq else []
    kept = last_kept(sink)
    known += [kept] if kept else []
    for anchored in known:
        entry = AuditEntry.objects.filter(seq=anchored.seq).values_list("mac", flat=True).first()
        when = f" at {anchored.at}" if anchored.at else ""
        if entry is None:
            return f"entry {anchored.seq} was anchored{when}, and the log ends at {_head().seq}"
        if bytes(entry) != anchored.mac:
            return f"entry {anchored.seq} is not the one that was anchored{when}"
    return ""


def _tell(action: str, row: AuditAnchor, cause: str) -> None:
    """Put the beginning and the end of a sink's trouble on record, where that can be."""
    facts = {"sink": row.sink, "cause": cause, "anchored_seq": row.seq}
    try:
        record(Kind.SYSTEM, action, actor=SYSTEM, result="failed" if cause else "ok", facts=facts)
    except AuditUnavailable as trouble:
        log.error("audit_unavailable", action=action, cause=str(trouble))
