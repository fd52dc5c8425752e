"""Find entries of the audit log, newest first."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from ..models import AuditEntry
from .audit_bytes import timestamp
from .audit_redaction import pseudonym
from .keyset import KeysetPage, Sort, as_number, page

PAGE_SIZE = 50
_NEWEST_FIRST = Sort(F("seq"), True, as_number)
_TEXT_COLUMNS = ("action", "actor", "target", "integration", "result", "operation_id", "target_id", "body")


def actions() -> list[str]:
    """Return every action there is, for the filter."""
    return list(AuditEntry.objects.order_by("action").values_list("action", flat=True).distinct())


def find(filters: Mapping[str, Any]) -> QuerySet[AuditEntry]:
    """Return the entries that meet every given filter: kind, action, actor, target, since, until, q."""
    found = AuditEntry.objects.all()
    for name in ("kind", "action"):
        if filters.get(name):
            found = found.filter(**{name: filters[name]})
    if actor := filters.get("actor"):
        found = found.filter(Q(actor__icontains=actor) | Q(actor_id=actor) | Q(role__iexact=actor))
    if target := filters.get("target"):
        # Customers stand in the log by pseudonym only: whoever knows the reference finds them all the same.
        found = found.filter(Q(target__icontains=target) | Q(target_id=target) | Q(target__contains=pseudonym(target)))
    if since := filters.get("since"):
        found = found.filter(at__gte=_start_of(since))
    if (until := filters.get("until")) and until < date.max:
        found = found.filter(at__lt=_start_of(until + timedelta(days=1)))
    for word in str(filters.get("q") or "").split():
        condition = Q()
        for column in _TEXT_COLUMNS:
            condition |= Q(**{f"{column}__icontains": word})
        found = found.filter(condition)
    return found


def list_page(filters: Mapping[str, Any], *, after: str = "", before: str = "") -> KeysetPage[AuditEntry]:
    return page(find(filters), _NEWEST_FIRST, size=PAGE_SIZE, after=after, before=before)


def last_verification() -> AuditEntry | None:
    """Return the entry of the last time somebody had the chain verified."""
    return AuditEntry.objects.filter(action="audit.verified").order_by("-seq").first()


def _start_of(day: date) -> str:
    """Return the first moment of a day, in the zone that people see, as entries write it."""
    if day.year < 2000:
        return timestamp(datetime(2000, 1, 1, tzinfo=timezone.get_default_timezone()))
    return timestamp(datetime.combine(day, time.min, tzinfo=timezone.get_default_timezone()))
