"""What stands between us and a provider now: it turned us away for a while, or could not be read to the end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import DateTimeField, Exists, Field, FloatField, JSONField, OuterRef, QuerySet, Value
from django.utils import timezone

from .. import registry
from ..models import SyncRun
from ..ratelimit import closed_gates

# A pass is made every few minutes; what failed longer ago than this was switched off since.
_FAILURE_COUNTS = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Trouble:
    """Of one integration: `until` when it is asked nothing, or `failed_at` when reading it broke off, and how.

    `failure` is an outcome as pages read it.
    """

    integration: str
    provider: str
    until: datetime | None = None
    failed_at: datetime | None = None
    failure: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """What differs whenever there is something new to show."""
        at = self.until or self.failed_at
        return f"{self.integration}!{at.timestamp() if at else ''}"


def troubles(integration: str = "") -> Sequence[Trouble]:
    """Return the troubles of all integrations, or of one, by name; one query on our own database, and no network."""
    wanted = {name: config for name, config in registry.integrations().items() if integration in ("", name)}
    behind = {name: config.provider.gate_of(name, config.values) for name, config in wanted.items()}
    failed = _broken_off(wanted).values_list("integration", "ended_at", "failure", _nothing(FloatField()))
    closed = closed_gates(set(behind.values())).values_list(
        "name", _nothing(DateTimeField()), _nothing(JSONField()), "full_at"
    )
    rows = list(failed.union(closed, all=True))
    passes = {name: (failed_at, failure or {}) for name, failed_at, failure, closed_until in rows if not closed_until}
    gates = {gate: datetime.fromtimestamp(until, UTC) for gate, _, _, until in rows if until}
    found = []
    for name, config in sorted(wanted.items()):
        # A pause says more: why the last pass broke off, and when that is over.
        if behind[name] in gates:
            found.append(Trouble(name, config.provider.name, until=gates[behind[name]]))
        elif name in passes:
            found.append(Trouble(name, config.provider.name, None, *passes[name]))
    return found


def _broken_off(integrations: Iterable[str]) -> QuerySet[SyncRun]:
    """Return the last pass over each integration, where it broke off."""
    settled = SyncRun.objects.order_by().exclude(result=SyncRun.Result.RUNNING)
    later = settled.filter(integration=OuterRef("integration"), started_at__gt=OuterRef("started_at"))
    since = timezone.now() - _FAILURE_COUNTS
    recent = settled.filter(integration__in=list(integrations), started_at__gte=since)
    return recent.exclude(result=SyncRun.Result.COMPLETE).filter(~Exists(later))


def _nothing(kind: Field[Any, Any]) -> Value:
    return Value(None, output_field=kind)
