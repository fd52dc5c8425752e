"""What the tests of segments share: a log that was written over several months, and a file that is its export."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import time_machine
from django.conf import settings

from dashboard.models import AuditExport, AuditSegment, User
from dashboard.services import (
    approvals,
    audit_exports,
    audit_release,
    audit_removal,
    audit_review_walk,
    audit_segments,
)
from dashboard.services.audit import SYSTEM, Actor, Kind, record

from .audit_samples import append


@contextmanager
def at(month: str, day: int = 10) -> Iterator[None]:
    year, of_year = (int(part) for part in month.split("-"))
    with time_machine.travel(datetime(year, of_year, day, 12, tzinfo=UTC), tick=False):
        yield


def log_of(*months: str, entries: int = 3) -> None:
    """Write a log from nothing, some entries in each month, and close what is over."""
    for month in months:
        with at(month):
            append(entries)
            audit_segments.close_due()
    audit_segments.close_due()
    audit_review_walk.walk()


def exported(segment: AuditSegment, auditor: User) -> Path:
    """Have its bundle made and return where a reader has put the file."""
    export = audit_exports.ask(Actor.of(auditor), AuditExport.Form.BUNDLE, audit_segments.filters_of(segment))
    while audit_exports.make_next():
        pass
    export.refresh_from_db()
    assert export.state == AuditExport.State.DONE, export.failure
    return kept(next(each for each in Path(settings.EXPORTS_DIR).iterdir() if str(export.pk) in each.name))


def kept(path: Path) -> Path:
    """Copy an export to where it is kept."""
    folder = Path(settings.EXPORTS_DIR).with_name("kept")
    folder.mkdir(exist_ok=True)
    return Path(shutil.copy(path, folder))


def released(segment: AuditSegment, auditor: User, approver: User) -> Path:
    path = exported(segment, auditor)
    approval = audit_release.ask(segment, actor=auditor, reason="Seven years are over")
    if approval is not None:
        answer: Any = approvals.approve(approval, actor=approver)
        assert isinstance(answer, approvals.Decided), answer
    segment.refresh_from_db()
    return path


def agree_on(segment: AuditSegment, file: Path) -> None:
    """Have the row and the log say that this file was agreed on."""
    segment.export_sha256 = audit_removal._sha256_of(file)
    segment.save()
    facts = {**audit_segments.facts_of(segment), "export_sha256": segment.export_sha256}
    target = audit_segments.target_of(segment)
    record(Kind.EVENT, "audit.segment_released", actor=SYSTEM, target=target, facts=facts, approval=segment.approval)
