"""The log of calls to providers, which is kept for a while only: what was done stands in the audit log."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from ..models import ApiCall
from .audit import SYSTEM, Kind, record

# So many go in one transaction: nobody who writes waits long for it.
BATCH_ROWS = 5_000


def prune() -> int:
    """Remove calls older than API_CALLS_KEPT_DAYS; each batch goes with the entry that tells of it. Returns how many.

    `AuditUnavailable` is raised, and the batch stays, when its entry cannot be written.
    """
    until = timezone.now() - timedelta(days=settings.API_CALLS_KEPT_DAYS)
    removed = 0
    while count := _remove_batch(until):
        removed += count
    return removed


def _remove_batch(until: datetime) -> int:
    with transaction.atomic():
        old = list(ApiCall.objects.filter(at__lt=until).order_by("at", "id").values_list("id", flat=True)[:BATCH_ROWS])
        if not old:
            return 0
        for start in range(0, len(old), 500):
            ApiCall.objects.filter(pk__in=old[start : start + 500]).delete()
        facts = {"removed": len(old), "older_than_days": settings.API_CALLS_KEPT_DAYS}
        record(Kind.SYSTEM, "calls.pruned", actor=SYSTEM, facts=facts)
    return len(old)
