"""Which integrations are asked nothing at the moment, because their remote turned us away for asking too often."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from .. import registry
from ..ratelimit import paused_until


@dataclass(frozen=True, slots=True)
class Pause:
    integration: str
    provider: str
    until: datetime


def pauses(integration: str = "") -> Sequence[Pause]:
    """Return the pauses of all integrations, or of one, by name; from our own database, without a network."""
    names = {name: config.provider.name for name, config in registry.integrations().items()}
    wanted = [name for name in names if integration in ("", name)]
    until = paused_until(wanted)
    return [Pause(name, names[name], datetime.fromtimestamp(at, UTC)) for name, at in sorted(until.items())]
