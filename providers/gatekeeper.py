"""A session at the shared rate gate: it waits its turn, and heeds a remote that asks everybody to slow down."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from datetime import UTC, datetime

from .attempts import Answer, header_of
from .limiter import Limiter, Rate
from .replies import NoReply
from .retry_after import parse_retry_after

_MAX_WAIT_S = 10.0
# A remote that asks for a longer pause is asked again after this time: a wrong Retry-After must not stop us for a day.
_MAX_PAUSE_S = 900.0

logger = logging.getLogger("providers.http")


@dataclass(frozen=True, slots=True)
class Gatekeeper:
    """Stands between a session and its limiter; without a limiter or a rate everybody passes."""

    limiter: Limiter | None
    gate: str
    rate: Rate | None
    name: str

    def wait(self, deadline_at: float) -> NoReply | None:
        """Wait for a slot; a gate that is full for too long, or that cannot be asked, lets nobody through."""
        if self.limiter is None or self.rate is None:
            return None
        max_wait_s = max(0.0, min(_MAX_WAIT_S, deadline_at - time.monotonic()))
        try:
            wait_s = self.limiter.reserve(self.gate, self.rate, max_wait_s)
            if wait_s is None:
                return NoReply("limited", sent=False, wait_s=self.limiter.wait_s(self.gate, self.rate))
        except Exception:
            logger.exception("rate gate cannot be asked", extra={"integration": self.name})
            return NoReply("limited", sent=False)
        time.sleep(wait_s)
        return None

    def heed(self, answer: Answer | NoReply) -> None:
        """Hold everybody back for as long as a 429 asks."""
        if self.limiter is None or self.rate is None or isinstance(answer, NoReply) or answer.status != 429:
            return
        for_s = parse_retry_after(header_of(answer.headers, "retry-after"), datetime.now(UTC))
        if not for_s:
            return
        try:
            self.limiter.pause(self.gate, min(for_s, _MAX_PAUSE_S), self.rate)
        except Exception:
            logger.exception("rate gate cannot be paused", extra={"integration": self.name})
