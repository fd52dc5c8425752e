"""The audit log in segments, a month each: when it is over it is closed, by an entry that names its two ends."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from dashboard import signing
from dashboard.audit_verifier import COLUMNS, REMOVED, Point, Walk
from dashboard.keyring import parse_ring
from dashboard.models import AuditEntry, AuditExport, AuditSegment

from .audit import SYSTEM, Kind, Target, record
from .audit_verify import verify_stretch

log = structlog.get_logger(__name__)

# With these the log is not what was written, or not all of it.
BROKEN = frozenset({"gap", "prev", "mac", "unknown_key", "missing_tail", "row_points_past_end", "no_head"})


def close_due() -> int:
    """Close every month that is over and has entries; return how many.

    A month whose entries do not follow each other unbroken stays open: the verification says what is wrong. What its
    anchors say keeps none open: of a log that was put back and accepted they say it for ever.
    """
    count = 0
    for month, first, last in _due():
        before = AuditSegment.objects.filter(last_seq=first - 1).first()
        start: Point = (before.last_seq, bytes(before.last_mac)) if before else (0, b"")
        found = verify_stretch(start, last)
        if BROKEN & set(found.kinds):
            log.error("audit_segment_not_closed", month=month, first_finding=found.findings[0].text)
            return count
        try:
            _close(AuditSegment(month=month, first_seq=first, last_seq=last, last_mac=found.mac))
        except IntegrityError:
            # Another worker was as quick.
            return count
        count += 1
    return count


def target_of(segment: AuditSegment) -> Target:
    return Target(segment.month, f"Audit log of {segment.month}")


def facts_of(segment: AuditSegment) -> dict[str, object]:
    """Return what entries tell of a segment: `last_mac` in hex, by which whoever comes later knows its end again."""
    return {
        "segment": segment.month,
        "first_entry": segment.first_seq,
        "last_entry": segment.last_seq,
        "entries": segment.count,
        "last_mac": bytes(segment.last_mac).hex(),
    }


def leaves_in(segment: AuditSegment) -> str:
    """Return the first month in which a segment is old enough to leave, as 2033-01."""
    return _name(_number(segment.month) + 1 + settings.AUDIT_KEPT_MONTHS)


def is_old_enough(segment: AuditSegment) -> bool:
    return leaves_in(segment) <= _now()


def newest_export(segment: AuditSegment) -> AuditExport | None:
    """Return the last bundle of exactly this segment that was made, whether its file is still here or not.

    One that was asked for while the month went on has only its beginning.
    """
    asked = AuditExport.objects.filter(form=AuditExport.Form.BUNDLE, filters=filters_of(segment))
    made = asked.filter(last_seq__gte=segment.last_seq).exclude(sha256="")
    return made.order_by("-asked_at").first()


def filters_of(segment: AuditSegment) -> dict[str, str]:
    """Return what is asked of an export to have this segment and nothing else."""
    return {"q": segment.query}


def last_removed() -> AuditSegment | None:
    """Return the segment after which the log begins, or None where it begins at its beginning."""
    return AuditSegment.objects.filter(removed_at__isnull=False).order_by("-last_seq").first()


def removed_with(seq: int) -> AuditSegment | None:
    """Return the segment with which an entry has left the log."""
    return AuditSegment.objects.filter(first_seq__lte=seq, last_seq__gte=seq, removed_at__isnull=False).first()


def has_left(seq: int) -> bool:
    """Say whether the log itself tells that an entry was removed: our rows of segments prove nothing."""
    row = AuditEntry.objects.filter(action=REMOVED).order_by("-seq").values(*COLUMNS).first()
    if row is None:
        return False
    keys = {key.id: key.reveal() for key in parse_ring("AUDIT_KEYS", settings.AUDIT_KEYS)}
    walk = Walk(keys, contiguous=False, public_keys=signing.public_keys())
    walk.look_at(row)
    return any(seq <= removal.last_seq and walk.is_signed(removal) for removal in walk.removals)


def _due() -> Iterator[tuple[str, int, int]]:
    """Yield month, first and last number of each stretch that is over and not closed, oldest first.

    By number, not by time: where a clock was set back, what was written then belongs to the month that was open.
    """
    closed = AuditSegment.objects.order_by("-last_seq").first()
    first = closed.last_seq + 1 if closed else 1
    if closed:
        start = closed.month
    else:
        at = AuditEntry.objects.filter(seq=first).values_list("at", flat=True).first()
        if at is None:
            return
        start = _name(_number(at[:7]) - 1)
    for number in range(_number(start) + 1, _number(_now())):
        written = AuditEntry.objects.filter(seq__gte=first, at__lt=_name(number + 1))
        last = written.order_by("-at", "-seq").values_list("seq", flat=True).first()
        if last is not None:
            yield _name(number), first, last
            first = last + 1


def _close(segment: AuditSegment) -> None:
    with transaction.atomic():
        segment.save(force_insert=True)
        record(Kind.SYSTEM, "audit.segment_closed", actor=SYSTEM, target=target_of(segment), facts=facts_of(segment))


def _now() -> str:
    """Return the month of this moment, in the zone in which entries tell their time."""
    now: datetime = timezone.now()
    return f"{now.astimezone(UTC):%Y-%m}"


def _number(month: str) -> int:
    """Return a month as a number, so that the next one is one more."""
    year, of_year = (int(part) for part in month.split("-"))
    return year * 12 + of_year - 1


def _name(number: int) -> str:
    return f"{number // 12:04}-{number % 12 + 1:02}"
