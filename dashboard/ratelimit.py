"""The providers' rate gate over rows of our database: every thread, process and host shares one budget."""

from __future__ import annotations

import time
from collections.abc import Collection

from django.db import transaction
from django.db.models import QuerySet

from providers.limiter import Rate

from .models import RateGate

# Nobody waits at a gate for longer than 10 s, and no burst lasts 10 s: what is full for longer was closed by a pause.
LONGEST_QUEUE_S = 20.0


class SharedLimiter:
    """Generic cell rate algorithm on `RateGate.full_at`: when the bucket will be empty again, in seconds since 1970.

    Uses the clocks of the hosts that share the database: they must agree to well under a second.
    """

    def reserve(self, gate: str, rate: Rate, max_wait_s: float) -> float | None:
        with transaction.atomic():
            row = _locked(gate)
            now = time.time()
            full_at = max(row.full_at, now)
            wait_s = max(0.0, full_at - now - _burst_s(rate))
            if wait_s > max_wait_s:
                return None
            row.full_at = full_at + rate.interval_s
            row.save(update_fields=["full_at"])
        return wait_s

    def pause(self, gate: str, for_s: float, rate: Rate) -> None:
        with transaction.atomic():
            row = _locked(gate)
            row.full_at = max(row.full_at, time.time() + for_s + _burst_s(rate))
            row.save(update_fields=["full_at"])

    def wait_s(self, gate: str, rate: Rate) -> float:
        full_at = RateGate.objects.filter(pk=gate).values_list("full_at", flat=True).first() or 0.0
        return max(0.0, full_at - time.time() - _burst_s(rate))


def closed_gates(gates: Collection[str]) -> QuerySet[RateGate]:
    """Return the gates that are closed by a pause, its last seconds aside."""
    return RateGate.objects.filter(name__in=gates, full_at__gt=time.time() + LONGEST_QUEUE_S)


def _burst_s(rate: Rate) -> float:
    return (rate.burst - 1) * rate.interval_s


def _locked(gate: str) -> RateGate:
    # The insert comes first so that two processes that open a gate at the same time lock the same row.
    RateGate.objects.bulk_create([RateGate(name=gate)], ignore_conflicts=True)
    return RateGate.objects.select_for_update().get(pk=gate)
