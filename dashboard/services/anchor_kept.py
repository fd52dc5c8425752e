"""What a sink keeps of what it took: its newest anchor of this log, and whether the one that we remember is there.

A note is claimed by its text and counts by its signature: a year's file has some 100,000 notes, and only those that
could be the newest one, or the one looked for, are worth a signature check.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import structlog
from django.conf import settings

from dashboard import audit_verifier, signing
from dashboard.audit_verifier import BadNote
from dashboard.models import AuditAnchor

from .anchor_sinks import Sink, SinkDown, configured

# So many of the newest notes are looked at in any case, and no more where ours is among them.
RECENT = 250

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Anchored:
    """One anchor, as a sink keeps it."""

    seq: int
    mac: bytes
    at: str


@dataclass(frozen=True, slots=True)
class Kept:
    """`newest` is so by the time that was signed: whoever may only append could put an old note, or rubbish, behind it.

    `has_ours` says whether the anchor that we remember is there; `strangers` counts the notes that are not of this log.
    """

    newest: Anchored | None
    has_ours: bool
    strangers: int


def kept_by(sink: Sink, row: AuditAnchor, *, is_whole: bool = False) -> Kept | None:
    """Look at the newest notes, and further back until the anchor of `row` is found; None where nobody can look.

    The whole of it, where we remember none: old notes may stand behind the newest one in any number.
    """
    notes = sink.kept()
    if notes is None:
        return None
    newest, has_ours, strangers = None, False, 0
    for count, note in enumerate(notes):
        if has_ours and count >= RECENT and not is_whole:
            break
        claimed = _claim_of(note)
        if claimed is None:
            strangers += 1
            continue
        is_ours = (claimed.seq, claimed.mac) == (row.seq, bytes(row.mac))
        # Of the same second the later one in the file: it comes first here.
        is_newer = newest is None or claimed.at > newest.at
        if not is_newer and (has_ours or not is_ours):
            continue
        if not _is_signed(note):
            strangers += 1
            continue
        has_ours = has_ours or is_ours
        newest = claimed if is_newer else newest
    return Kept(newest, has_ours, strangers)


def notes_to_compare(notes: Iterable[str], row: AuditAnchor) -> Iterator[str]:
    """Yield the newest notes, and further ones until the anchor of `row` was among them."""
    has_ours = not row.seq
    for count, note in enumerate(notes):
        if has_ours and count >= RECENT:
            return
        yield note
        claimed = None if has_ours else _claim_of(note)
        has_ours = has_ours or (claimed is not None and (claimed.seq, claimed.mac) == (row.seq, bytes(row.mac)))


def newest_note(up_to: int | None = None) -> str:
    """Return the newest signed note of this log that any sink keeps, as it stands there; "" where none can be asked.

    `up_to` is the last entry that it may be of. Under the log's present name only: it goes along with an export.
    """
    newest, seq = "", 0
    for sink in configured():
        try:
            for note in islice(sink.kept() or (), RECENT):
                claimed = _claim_of(note)
                if claimed is None or claimed.seq <= seq or (up_to is not None and claimed.seq > up_to):
                    continue
                if audit_verifier.origin_of(note) == settings.AUDIT_ORIGIN and _is_signed(note):
                    newest, seq = note, claimed.seq
        except SinkDown as down:
            log.warning("anchors_not_read", sink=sink.name, cause=str(down))
    return newest


def _claim_of(note: str) -> Anchored | None:
    """Return what a note says, signed or not; None where it is no anchor of this log."""
    if audit_verifier.origin_of(note) not in signing.origins():
        return None
    lines = note.split("\n\n", maxsplit=1)[0].splitlines()
    try:
        seq, mac = audit_verifier.anchor_of(lines)
    except BadNote:
        return None
    return Anchored(seq, mac, lines[3] if len(lines) > 3 else "")


def _is_signed(note: str) -> bool:
    try:
        audit_verifier.open_note(note, signing.public_keys())
    except BadNote:
        return False
    return True
