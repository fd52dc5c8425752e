"""Exports of the audit log: asked for by a person, made by the worker, kept for a while, each step on record."""

from __future__ import annotations

import errno
import secrets
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import IO

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from dashboard.audit_query import text_of
from dashboard.models import AuditExport, AuditHead

from . import audit_export_files as files
from .audit import SYSTEM, Actor, AuditUnavailable, Kind, Target, record
from .audit_bundle import write_bundle
from .audit_bytes import CHAIN
from .audit_csv import write_csv
from .audit_export_files import FileChanged
from .audit_needs import TooBroad
from .audit_query_words import masked
from .audit_report import MAX_ENTRIES as REPORT_MAX_ENTRIES
from .audit_report import write_report
from .audit_search import read
from .audit_selection import Selection, UnreadableEntry, in_words, mistakes_in, select

__all__ = ["REPORT_MAX_ENTRIES", "FileChanged", "TooMany", "ask", "look_after", "make_next", "open_file", "remove_old"]

State = AuditExport.State
# A worker that has not written a word for so long is gone: its longest silence is one count over the whole log.
STALE = timedelta(seconds=120)
MAX_ATTEMPTS = 3
# One person's exports that wait or are being made.
MAX_WAITING = 5
_BEAT_EVERY_S = 1.0

log = structlog.get_logger(__name__)


class TooMany(Exception):
    """It cannot be made as asked for; the message says why, in words for the person who asked."""


class _Lost(Exception):
    """Another run has taken over: this one leaves everything as it is."""


def ask(actor: Actor, form: str, filters: Mapping[str, str]) -> AuditExport:
    """Put an export of the log as it is now on the list; raise `TooMany` where a limit stands against it."""
    own = AuditExport.objects.filter(asked_by_id=actor.id, state__in=(State.WAITING, State.RUNNING))
    if own.count() >= MAX_WAITING:
        raise TooMany(f"{MAX_WAITING} of your exports are waiting or being made. Ask again when one of them is ready.")
    if mistakes := mistakes_in(filters):
        raise TooMany(" ".join(mistakes))
    asked_at, last_seq = timezone.now(), AuditHead.objects.get(chain=CHAIN).seq
    try:
        selection = select(filters, last_seq, at=asked_at)
    except TooBroad as trouble:
        raise TooMany(str(trouble)) from trouble
    if form == AuditExport.Form.REPORT:
        _fits_on_paper(selection)
    with transaction.atomic():
        export = AuditExport.objects.create(
            form=form,
            filters=dict(filters),
            words=in_words(filters)[:2000],
            last_seq=last_seq,
            asked_at=asked_at,
            asked_by_id=actor.id,
            asked_by=actor.text,
        )
        record(Kind.EVENT, "audit.export_asked", actor=actor, target=target(export), facts=_facts(export))
    return export


def make_next() -> bool:
    """Make the export that has waited longest; False if none waits, or one is being made."""
    export = _claim()
    if export is None:
        return False
    try:
        total = _selection(export).entries.count()
        _beat(export, total=total)
        _write(export, total)
    except _Lost:
        log.info("export_taken_over", export=str(export.pk))
    except AuditUnavailable:
        # Nothing is finished that is not on record. The file is not handed out; the next look begins anew.
        log.warning("export_not_recorded", export=str(export.pk))
        return False
    except (TooMany, TooBroad, UnreadableEntry) as trouble:
        _fail(export, f"{str(trouble)[:1].upper()}{str(trouble)[1:]}")
    except OSError as trouble:
        log.error("export_not_written", export=str(export.pk), cause=errno.errorcode.get(trouble.errno or 0, "OSError"))
        _fail(export, f"The file could not be written: {trouble.strerror or 'the disk refused it'}.")
    return True


def look_after() -> bool:
    """Take back exports whose worker is gone, to begin them anew; say whether anything waits."""
    lost = AuditExport.objects.filter(state=State.RUNNING, beat_at__lt=timezone.now() - STALE)
    for export in lost:
        if export.attempts >= MAX_ATTEMPTS:
            _fail(export, f"The worker stopped {MAX_ATTEMPTS} times while making it. Ask for fewer entries at a time.")
        else:
            _own(export).update(state=State.WAITING, claim="")
    return AuditExport.objects.filter(state=State.WAITING).exists()


def open_file(export: AuditExport, actor: Actor) -> IO[bytes]:
    """Return the file of a finished export and record that it was taken; raise `FileChanged` where it is not whole."""
    try:
        file = files.open_whole(export)
    except FileChanged as trouble:
        facts = _facts(export) | {"cause": str(trouble)}
        record(Kind.READ, "audit.export_downloaded", actor=actor, target=target(export), result="broken", facts=facts)
        raise
    record(Kind.READ, "audit.export_downloaded", actor=actor, target=target(export), result="ok", facts=_facts(export))
    return file


def remove_old() -> None:
    """Remove the files whose time is over; their rows stay and say so."""
    for export in AuditExport.objects.filter(state=State.DONE, expires_at__lt=timezone.now()):
        files.remove(export)
        with transaction.atomic():
            if AuditExport.objects.filter(pk=export.pk, state=State.DONE).update(state=State.EXPIRED):
                record(Kind.SYSTEM, "audit.export_removed", actor=SYSTEM, target=target(export), facts=_facts(export))
    files.remove_leftovers()


def _selection(export: AuditExport) -> Selection:
    return select(export.filters, export.last_seq, at=export.asked_at)


def _fits_on_paper(selection: Selection) -> None:
    if selection.entries.order_by("seq")[: REPORT_MAX_ENTRIES + 1].count() > REPORT_MAX_ENTRIES:
        raise TooMany(
            f"This is more than the {REPORT_MAX_ENTRIES:,} entries that a printable report holds, and it is never cut. "
            "Narrow the query or the time, or take the bundle or the CSV: they have no limit."
        )


def _claim() -> AuditExport | None:
    """Take the oldest waiting export, one at a time: the worker's other thread has the desk's work to do."""
    with transaction.atomic():
        running = AuditExport.objects.filter(state=State.RUNNING, beat_at__gte=timezone.now() - STALE)
        waiting = AuditExport.objects.filter(state=State.WAITING).order_by("asked_at").first()
        if waiting is None or running.exists():
            return None
        claim = secrets.token_hex(8)
        taken = AuditExport.objects.filter(pk=waiting.pk, state=State.WAITING).update(
            state=State.RUNNING,
            claim=claim,
            attempts=waiting.attempts + 1,
            beat_at=timezone.now(),
            written=0,
            total=None,
        )
    return AuditExport.objects.get(pk=waiting.pk, claim=claim) if taken else None


def _write(export: AuditExport, total: int) -> None:
    selection = _selection(export)
    with files.whole_file(export) as (file, written):
        match export.form:
            case AuditExport.Form.BUNDLE:
                count = write_bundle(file, export, selection, _progress(export))
            case AuditExport.Form.CSV:
                count = write_csv(file, selection, _progress(export))
            case _:
                _fits_on_paper(selection)
                count = write_report(file, export, selection, total, _progress(export))
        if count != total:
            raise UnreadableEntry(f"{total} entries were counted and {count} read; the log is not as it was")
        # Before the file gets its name: a run that lost its claim must not replace what another one finished.
        _beat(export, written=count)
    _finish(export, count, written)


def _finish(export: AuditExport, count: int, written: files.Written) -> None:
    now = timezone.now()
    with transaction.atomic():
        done = _own(export).update(
            state=State.DONE,
            written=count,
            ended_at=now,
            failure="",
            file_name=f"linkdesk-audit-{export.asked_at:%Y%m%d-%H%M%S}{files.SUFFIXES[AuditExport.Form(export.form)]}",
            size_bytes=written.size_bytes,
            sha256=written.sha256,
            expires_at=now + timedelta(days=settings.EXPORTS_KEPT_DAYS),
        )
        if not done:
            raise _Lost
        facts = _facts(export) | {"count": count, "size_bytes": written.size_bytes, "sha256": written.sha256}
        record(Kind.SYSTEM, "audit.export_finished", actor=SYSTEM, target=target(export), result="ok", facts=facts)


def _fail(export: AuditExport, words: str) -> None:
    with transaction.atomic():
        if _own(export).update(state=State.FAILED, failure=words[:500], ended_at=timezone.now()):
            facts = _facts(export) | {"cause": words}
            record(
                Kind.SYSTEM, "audit.export_finished", actor=SYSTEM, target=target(export), result="failed", facts=facts
            )


def _progress(export: AuditExport) -> Callable[[int], None]:
    last = time.monotonic()

    def progress(count: int) -> None:
        nonlocal last
        if time.monotonic() - last >= _BEAT_EVERY_S:
            last = time.monotonic()
            _beat(export, written=count)

    return progress


def _beat(export: AuditExport, **values: int) -> None:
    if not _own(export).update(beat_at=timezone.now(), **values):
        raise _Lost


def _own(export: AuditExport) -> QuerySet[AuditExport]:
    """Return the row as long as this run holds it."""
    return AuditExport.objects.filter(pk=export.pk, state=State.RUNNING, claim=export.claim)


def target(export: AuditExport) -> Target:
    return Target(str(export.pk), f"Export: {_query(export)}"[:600])


def _query(export: AuditExport) -> str:
    """Return what was asked for as the log may keep it: a query can hold a customer's address."""
    return masked(read(text_of(export.filters), at=export.asked_at)) or "all entries"


def _facts(export: AuditExport) -> dict[str, object]:
    return {"form": export.form, "query": _query(export), "up_to_entry": export.last_seq}
