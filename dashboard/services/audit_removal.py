"""Entries leave the audit log: a released segment, after its export was checked, in one transaction.

What is left is the export, and an entry that says up to where entries were removed and after which code the log goes
on: by it the verifier knows a shortened log from a cut one. Run by a command, as the owner of the tables.
"""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from dashboard import signing
from dashboard.audit_verifier import REMOVED, CannotLook, Removal, verify_bundle
from dashboard.keyring import parse_ring
from dashboard.models import AuditEntry, AuditHead, AuditSegment
from dashboard.triggers import remove_entries

from . import audit_gate, audit_index
from .audit import ON_THE_SERVER, Kind, record
from .audit_bytes import CHAIN
from .audit_release import is_release_told, why_not_leave
from .audit_segments import BROKEN, facts_of, target_of
from .audit_verify import verify

_PIECE_BYTES = 1 << 20


class CannotRemove(Exception):
    """Why nothing was removed, as a sentence."""


def remove(month: str, export: Path, *, is_rehearsal: bool = False) -> AuditSegment:
    """Remove the entries of a released segment whose export this is; in a rehearsal only look whether that can be.

    Raises `CannotRemove`, or `AuditUnavailable`; nothing was removed then.
    """
    segment = AuditSegment.objects.filter(month=month).first()
    if segment is None:
        raise CannotRemove(f"“{month}” is no closed segment of the audit log.")
    _look_at(segment)
    _look_at_export(segment, export)
    _look_at_log(segment)
    if is_rehearsal:
        return segment
    try:
        return _remove(segment)
    except DatabaseError as trouble:
        hint = " On PostgreSQL this is done by the role of DATABASE_OWNER_URL." if _is_postgresql() else ""
        raise CannotRemove(f"The database refused it: {trouble}.{hint}") from trouble


def _look_at(segment: AuditSegment) -> None:
    if segment.removed_at is not None:
        raise CannotRemove(f"The audit log of {segment.month} has left already.")
    if segment.released_at is None:
        raise CannotRemove(f"The audit log of {segment.month} is not released: ask for that on its page.")
    if not is_release_told(segment):
        raise CannotRemove(f"The audit log does not tell that {segment.month} was released as its page says.")
    if why_not := why_not_leave(segment):
        raise CannotRemove(why_not)
    if closed := audit_gate.look():
        raise CannotRemove(f"The audit log has to be in order first. {closed.sentence}")


def _look_at_export(segment: AuditSegment, export: Path) -> None:
    """Raise `CannotRemove` unless the file is the export that was agreed on, whole, and has exactly these entries."""
    if export.resolve().is_relative_to(Path(settings.EXPORTS_DIR).resolve()):
        raise CannotRemove(f"{export.name} lies in EXPORTS_DIR, which is emptied: copy it to where it is kept first.")
    try:
        if _sha256_of(export) != segment.export_sha256:
            raise CannotRemove(f"{export.name} is not the file that was agreed on: its SHA-256 is another one.")
        keys = {key.id: key.reveal() for key in parse_ring("AUDIT_KEYS", settings.AUDIT_KEYS)}
        found, manifest = verify_bundle(export, signing.public_keys(), keys)
    except OSError as trouble:
        raise CannotRemove(f"{export.name} cannot be read: {trouble.strerror}.") from trouble
    except (CannotLook, zipfile.BadZipFile) as trouble:
        raise CannotRemove(f"{export.name} cannot be checked: {trouble}") from trouble
    if not found.ok:
        first = found.findings[0]
        raise CannotRemove(f"{export.name} is not whole: {first.kind} at entry {first.seq}, {first.text}.")
    ends = manifest.get("first_seq"), found.entries, found.seq, found.mac
    if ends != (segment.first_seq, segment.count, segment.last_seq, bytes(segment.last_mac)):
        raise CannotRemove(f"{export.name} does not have exactly the entries of {segment.month}.")


def _look_at_log(segment: AuditSegment) -> None:
    """Raise `CannotRemove` if there is something in the log that has to be looked into before a part of it goes."""
    found = verify()
    for finding in found.findings:
        is_open = finding.kind == "orphan_intent" and finding.seq <= segment.last_seq
        if finding.kind in BROKEN or is_open:
            raise CannotRemove(f"The audit log has to be in order first: entry {finding.seq}, {finding.text}.")
    if BROKEN & set(found.kinds):
        raise CannotRemove("The audit log has to be in order first: see what verify_audit says.")


def _sha256_of(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE_BYTES):
            digest.update(piece)
    return digest.hexdigest()


@transaction.atomic
def _remove(segment: AuditSegment) -> AuditSegment:
    # The row before the end of the chain, as who takes the release back: the two never wait for each other.
    segment = AuditSegment.objects.select_for_update().get(month=segment.month)
    AuditHead.objects.select_for_update().get(chain=CHAIN)
    _look_at(segment)
    count = remove_entries(connection, segment.last_seq)
    follower = AuditEntry.objects.order_by("seq").values("seq", "prev_mac").first()
    last = segment.last_seq, bytes(segment.last_mac)
    if count != segment.count or follower is None or (follower["seq"] - 1, bytes(follower["prev_mac"])) != last:
        raise CannotRemove(f"The log does not have exactly the entries of {segment.month} at its beginning.")
    audit_index.forget_until(segment.last_seq)
    segment.removed_at = timezone.now()
    segment.save()
    removal = Removal(0, *last, segment.export_sha256, "")
    signed = signing.sign_note([settings.AUDIT_ORIGIN, *removal.lines])
    record(
        Kind.EVENT,
        REMOVED,
        actor=ON_THE_SERVER,
        target=target_of(segment),
        facts={**facts_of(segment), "export_sha256": segment.export_sha256, "signed": signed},
        approval=segment.approval,
    )
    return segment


def _is_postgresql() -> bool:
    return connection.vendor == "postgresql"
