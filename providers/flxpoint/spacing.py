"""Requests that reach the remote a certain time apart, even where a process wakes up late."""

from __future__ import annotations

import time

from ..limiter import Limiter, Rate

# Of a slot of 0.56 s: how far apart requests leave (0.53 s), and how far apart they may arrive (0.5 s).
_LEAVE_APART = 0.53 / 0.56
_ARRIVE_APART = 0.50 / 0.56
# An answer shows that its request has arrived. What it takes beyond this is taken for the remote's own time.
_LONGEST_WAY_S = 0.12
_MAX_WAIT_S = 5.0


class SpacedLimiter:
    """Give a slot, wait for it, and let its owner go only a certain time after the one before has gone, or arrived.

    A slot alone is not enough: somebody who sleeps too long leaves late, and the next one, who is on time, follows too
    soon. The slots keep the order and make up for the delay. Belongs to one session, and so to one thread.
    """

    def __init__(self, limiter: Limiter) -> None:
        self._limiter = limiter
        self._left_at = 0.0

    def reserve(self, gate: str, rate: Rate, max_wait_s: float) -> float | None:
        wait_s = self._limiter.reserve(gate, rate, max_wait_s)
        if wait_s is None:
            return None
        time.sleep(wait_s)
        out, apart = _out(gate, rate)
        until = time.monotonic() + _MAX_WAIT_S
        while self._limiter.reserve(out, apart, 0.0) is None:
            if time.monotonic() >= until:
                return None
            time.sleep(min(self._limiter.wait_s(out, apart), apart.interval_s))
        self._left_at = time.monotonic()
        return 0.0

    def note_arrival(self, gate: str, rate: Rate) -> None:
        """Hold the next one back until its time after the arrival of this one, which was answered just now."""
        now = time.monotonic()
        arrived_at = min(now, self._left_at + _LONGEST_WAY_S)
        for_s = arrived_at + rate.interval_s * _ARRIVE_APART - now
        if for_s > 0:
            out, apart = _out(gate, rate)
            self._limiter.pause(out, for_s, apart)

    def pause(self, gate: str, for_s: float, rate: Rate) -> None:
        self._limiter.pause(gate, for_s, rate)

    def wait_s(self, gate: str, rate: Rate) -> float:
        return self._limiter.wait_s(gate, rate)


def _out(gate: str, rate: Rate) -> tuple[str, Rate]:
    return f"{gate} out", Rate(requests=1, per_s=rate.interval_s * _LEAVE_APART)
