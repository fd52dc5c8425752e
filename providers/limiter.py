"""The rate gate a provider asks before each request; the dashboard gives one that all processes share."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Rate:
    """`requests` every `per_s` seconds, `burst` of them at once: any window sees at most `requests + burst`."""

    requests: int
    per_s: float
    burst: int = 1

    @property
    def interval_s(self) -> float:
        return self.per_s / self.requests


class Limiter(Protocol):
    def reserve(self, gate: str, rate: Rate, max_wait_s: float) -> float | None:
        """Reserve a slot and return how long to wait for it; None and nothing reserved if that is over `max_wait_s`."""

    def pause(self, gate: str, for_s: float, rate: Rate) -> None:
        """Let nobody through this gate for `for_s` seconds (a remote's Retry-After, an edge block)."""

    def wait_s(self, gate: str, rate: Rate) -> float:
        """Say how long a request would have to wait now, reserving nothing."""


class MemoryLimiter:
    """A limiter for one process (generic cell rate algorithm: one number per gate)."""

    def __init__(self) -> None:
        self._full_at: dict[str, float] = defaultdict(float)
        self._lock = threading.Lock()

    def reserve(self, gate: str, rate: Rate, max_wait_s: float) -> float | None:
        with self._lock:
            now = time.monotonic()
            full_at = max(self._full_at[gate], now)
            wait_s = max(0.0, full_at - now - (rate.burst - 1) * rate.interval_s)
            if wait_s > max_wait_s:
                return None
            self._full_at[gate] = full_at + rate.interval_s
            return wait_s

    def pause(self, gate: str, for_s: float, rate: Rate) -> None:
        with self._lock:
            until = time.monotonic() + for_s + (rate.burst - 1) * rate.interval_s
            self._full_at[gate] = max(self._full_at[gate], until)

    def wait_s(self, gate: str, rate: Rate) -> float:
        with self._lock:
            return max(0.0, self._full_at[gate] - time.monotonic() - (rate.burst - 1) * rate.interval_s)
