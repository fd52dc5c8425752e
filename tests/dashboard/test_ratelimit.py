"""The shared rate gate: the same arithmetic as in memory, for every thread and process together."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.db import connections

from dashboard.models import RateGate
from dashboard.ratelimit import SharedLimiter
from providers.limiter import Limiter, Rate
from tests import databases

ROOT = Path(__file__).resolve().parents[2]
TEN_TIMES = """
import django
django.setup()
from dashboard.ratelimit import SharedLimiter
from providers.limiter import Rate
for _ in range(10):
    SharedLimiter().reserve("a", Rate(20, 1.0), 600)
"""
TWO_A_SECOND = Rate(2, 1.0)


@pytest.fixture
def limiter(transactional_db: None) -> SharedLimiter:
    return SharedLimiter()


@pytest.fixture
def still(limiter: SharedLimiter) -> Any:
    """Stop the clock."""
    with time_machine.travel(1_800_000_000.0, tick=False) as clock:
        yield clock


def test_it_is_a_limiter(limiter: SharedLimiter) -> None:
    gate: Limiter = limiter

    assert gate.wait_s("a", TWO_A_SECOND) == 0


def test_requests_are_spaced(limiter: SharedLimiter, still: Any) -> None:
    waits = [limiter.reserve("a", TWO_A_SECOND, 10) for _ in range(4)]

    assert waits == [0.0, 0.5, 1.0, 1.5]


def test_a_burst_goes_through_at_once(limiter: SharedLimiter, still: Any) -> None:
    waits = [limiter.reserve("a", Rate(2, 1.0, burst=3), 10) for _ in range(5)]

    assert waits == [0.0, 0.0, 0.0, 0.5, 1.0]


def test_what_would_wait_too_long_reserves_nothing(limiter: SharedLimiter, still: Any) -> None:
    limiter.reserve("a", TWO_A_SECOND, 10)

    assert limiter.reserve("a", TWO_A_SECOND, 0.4) is None
    assert limiter.reserve("a", TWO_A_SECOND, 0.5) == 0.5


def test_time_opens_the_gate(limiter: SharedLimiter, still: Any) -> None:
    limiter.reserve("a", TWO_A_SECOND, 10)
    still.shift(0.5)

    assert limiter.reserve("a", TWO_A_SECOND, 0) == 0


def test_a_pause_holds_everybody(limiter: SharedLimiter, still: Any) -> None:
    limiter.pause("a", 30, Rate(2, 1.0, burst=3))

    assert limiter.wait_s("a", Rate(2, 1.0, burst=3)) == pytest.approx(30)
    assert limiter.reserve("a", Rate(2, 1.0, burst=3), 10) is None
    limiter.pause("a", 5, Rate(2, 1.0, burst=3))
    assert limiter.wait_s("a", Rate(2, 1.0, burst=3)) == pytest.approx(30), "a shorter pause ends no longer one"


def test_gates_are_apart(limiter: SharedLimiter, still: Any) -> None:
    limiter.pause("a", 30, TWO_A_SECOND)

    assert limiter.reserve("b", TWO_A_SECOND, 0) == 0


def test_asking_how_long_reserves_nothing(limiter: SharedLimiter, still: Any) -> None:
    limiter.reserve("a", TWO_A_SECOND, 0)
    before = RateGate.objects.get().full_at

    assert limiter.wait_s("a", TWO_A_SECOND) == 0.5
    assert RateGate.objects.get().full_at == before


def test_threads_share_one_budget(limiter: SharedLimiter) -> None:
    waits: list[float] = []

    def take() -> None:
        for _ in range(5):
            waits.append(SharedLimiter().reserve("a", Rate(1000, 1.0), 60) or 0.0)
        connections.close_all()

    _in_threads(take, 6)

    # 30 slots of a millisecond each: the last one begins at least 29 ms after the first.
    assert RateGate.objects.get().full_at >= time.time() - 60
    assert len(waits) == 30


@pytest.mark.processes
def test_processes_share_one_budget(limiter: SharedLimiter) -> None:
    started_at = time.time()
    environment = {**os.environ, "DATABASE_URL": databases.database_url(databases.current())}
    children = [subprocess.Popen([sys.executable, "-c", TEN_TIMES], cwd=ROOT, env=environment) for _ in range(3)]

    assert [child.wait(60) for child in children] == [0, 0, 0]
    # 30 requests at 20 a second are at least 1.45 seconds of gate, whoever asked.
    assert RateGate.objects.get().full_at - started_at >= 29 * 0.05


def _in_threads(job: Callable[[], None], count: int) -> None:
    threads = [threading.Thread(target=job) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
