"""The emulator's rate limit: a leaky bucket for each token, and the headers that tell of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime


class Pool:
    """Assumed, as the contract does: a burst up to the size passes, then the replenish rate counts."""

    def __init__(self, now: Callable[[], datetime], size: int, replenished_per_s: float) -> None:
        self._now = now
        self.size = size
        self.replenished_per_s = replenished_per_s
        self._used: dict[str, tuple[float, float]] = {}

    def take(self, token: str) -> bool:
        """Count one request of a token; False if its bucket is full."""
        used = self._drained(token)
        fits = used + 1 <= self.size
        self._used[token] = (used + 1 if fits else used, self._now().timestamp())
        return fits

    def fill(self, token: str) -> None:
        self._used[token] = (float(self.size), self._now().timestamp())

    def headers(self, token: str) -> tuple[tuple[str, str], ...]:
        return (
            ("X-Auth-Pool-Size", str(self.size)),
            ("X-Auth-Pool-Used", str(round(self._drained(token)))),
            ("X-Auth-Replenished-Per-Second", str(self.replenished_per_s)),
        )

    def _drained(self, token: str) -> float:
        used, at = self._used.get(token, (0.0, 0.0))
        return max(0.0, used - (self._now().timestamp() - at) * self.replenished_per_s)


class Arrivals:
    """When requests came in, by a clock that nobody moves."""

    def __init__(self) -> None:
        self.times: list[float] = []

    def note(self) -> None:
        self.times.append(time.monotonic())

    def most_within(self, window_s: float) -> int:
        """Return the largest number of requests that any window of this length has seen."""
        most, first = 0, 0
        times = sorted(self.times)
        for last, at in enumerate(times):
            while times[first] <= at - window_s:
                first += 1
            most = max(most, last - first + 1)
        return most
