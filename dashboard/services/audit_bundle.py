"""The bundle: entries as they are stored, a digest a line, a manifest and a signed note over it, in one zip.

    entries.jsonl   one JSON object a line: every stored column of an entry; `prev_mac` and `mac` in lower-case hex
    digests.txt     SHA-256 of each line's bytes without its line feed, in lower-case hex, one a line
    manifest.json   what was asked for, by whom, how many, from where to where, and the SHA-256 of the two files
    manifest.note   a signed note of three lines: origin, format, SHA-256 of manifest.json

`contiguous` is a promise, not an observation: true where everything from the first number to the last was asked for, so
that a hole is found by whoever checks it. dashboard/audit_verifier.py checks all of it with the network off.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
import zipfile
from collections.abc import Callable
from datetime import UTC
from typing import IO, Any

from django.conf import settings

from dashboard import signing
from dashboard.models import AuditEntry, AuditExport

from . import anchor_kept
from .audit_bytes import timestamp
from .audit_selection import Selection, batches

FORMAT = "linkdesk-audit-export/v1"
# Codes and digests do not compress; a higher level costs time and saves little.
_LEVEL = 3
_dumps = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

Progress = Callable[[int], None]


def write_bundle(target: IO[bytes], export: AuditExport, selection: Selection, progress: Progress) -> int:
    """Write the bundle and return how many entries are in it."""
    entries_sha256, digests_sha256 = hashlib.sha256(), hashlib.sha256()
    count, first_seq, last_seq = 0, None, None
    with (
        zipfile.ZipFile(target, "w") as bundle,
        tempfile.TemporaryFile() as digests,
    ):
        with bundle.open(_member("entries.jsonl", export), "w", force_zip64=True) as file:
            for rows in batches(selection.entries):
                lines = [_dumps(row).encode() for row in rows]
                text = b"\n".join(lines) + b"\n"
                digested = "".join(f"{hashlib.sha256(line).hexdigest()}\n" for line in lines).encode()
                file.write(text)
                entries_sha256.update(text)
                digests.write(digested)
                digests_sha256.update(digested)
                first_seq, last_seq = first_seq or rows[0]["seq"], rows[-1]["seq"]
                count += len(rows)
                progress(count)
        digests.seek(0)
        with bundle.open(_member("digests.txt", export), "w", force_zip64=True) as file:
            while piece := digests.read(1 << 20):
                file.write(piece)
        manifest = _manifest(export, selection) | {
            "count": count,
            "first_seq": first_seq,
            "last_seq": last_seq,
            "entries_sha256": entries_sha256.hexdigest(),
            "digests_sha256": digests_sha256.hexdigest(),
        }
        body = (json.dumps(manifest, ensure_ascii=False, indent=2, sort_keys=True) + "\n").encode()
        bundle.writestr(_member("manifest.json", export), body)
        note = signing.sign_note([settings.AUDIT_ORIGIN, FORMAT, hashlib.sha256(body).hexdigest()])
        bundle.writestr(_member("manifest.note", export), note)
    return count


# What the reader of a bundle must know: the index is derived, and a signature cannot tell what it left out.
_STRETCH = "everything from the first number to the last"
_INDEX = (
    "the search index, which is outside of the proof; that nothing is missing is proved by an export of a whole range"
)


def _manifest(export: AuditExport, selection: Selection) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "origin": settings.AUDIT_ORIGIN,
        "query": {"words": export.words, "text": json.dumps(export.filters, ensure_ascii=False, sort_keys=True)},
        "contiguous": selection.is_stretch,
        "selected_by": _STRETCH if selection.is_stretch else _INDEX,
        # The end of the log when it was asked for: later entries are in no export of that moment.
        "log_seq": export.last_seq,
        # What was asked of entries up to this one is not in it: they had left the log.
        "log_begins_after": _last_that_left(),
        "created_at": timestamp(export.asked_at),
        "created_by": export.asked_by,
        "last_anchor": anchor_kept.newest_note(up_to=export.last_seq),
        "public_keys": sorted(signing.public_keys()),
    }


def _last_that_left() -> int:
    first = AuditEntry.objects.order_by("seq").values_list("seq", flat=True).first()
    return first - 1 if first else 0


def _member(name: str, export: AuditExport) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name, export.asked_at.astimezone(UTC).timetuple()[:6])
    member.compress_type = zipfile.ZIP_DEFLATED
    member._compresslevel = _LEVEL  # type: ignore[attr-defined] # public only from Python 3.13 on
    member.external_attr = 0o600 << 16
    return member
