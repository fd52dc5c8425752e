"""The rate gate of one process: never more than the rate, pauses, and no slot for who does not wait."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.limiter import MemoryLimiter, Rate


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    clock = Clock()
    monkeypatch.setattr("providers.limiter.time", clock)
    yield clock


TWO_A_SECOND = Rate(requests=2, per_s=1.0)


def test_slots_are_an_interval_apart(clock: Clock) -> None:
    limiter = MemoryLimiter()

    waits = [limiter.reserve("flx", TWO_A_SECOND, 10.0) for _ in range(4)]

    assert waits == [0.0, 0.5, 1.0, 1.5]


def test_a_burst_comes_at_once_and_is_paid_back(clock: Clock) -> None:
    limiter = MemoryLimiter()
    rate = Rate(requests=2, per_s=1.0, burst=3)

    waits = [limiter.reserve("flx", rate, 10.0) for _ in range(5)]

    assert waits == [0.0, 0.0, 0.0, 0.5, 1.0]


def test_who_does_not_wait_that_long_takes_no_slot(clock: Clock) -> None:
    limiter = MemoryLimiter()
    limiter.reserve("flx", TWO_A_SECOND, 0.0)

    assert limiter.reserve("flx", TWO_A_SECOND, 0.4) is None
    assert limiter.wait_s("flx", TWO_A_SECOND) == 0.5
    assert limiter.reserve("flx", TWO_A_SECOND, 0.5) == 0.5


def test_gates_do_not_share_slots(clock: Clock) -> None:
    limiter = MemoryLimiter()
    limiter.reserve("flx", TWO_A_SECOND, 0.0)

    assert limiter.reserve("belvo", TWO_A_SECOND, 0.0) == 0.0


def test_time_opens_the_gate(clock: Clock) -> None:
    limiter = MemoryLimiter()
    limiter.reserve("flx", TWO_A_SECOND, 0.0)

    clock.now += 0.5

    assert limiter.reserve("flx", TWO_A_SECOND, 0.0) == 0.0


@pytest.mark.parametrize("burst", [1, 5])
def test_a_pause_lets_nobody_through(burst: int, clock: Clock) -> None:
    limiter = MemoryLimiter()
    rate = Rate(requests=2, per_s=1.0, burst=burst)

    limiter.pause("flx", 30.0, rate)

    assert limiter.reserve("flx", rate, 29.0) is None
    assert limiter.wait_s("flx", rate) == pytest.approx(30.0)
    clock.now += 30.0
    assert limiter.reserve("flx", rate, 0.0) == pytest.approx(0.0)


def test_a_shorter_pause_does_not_shorten_a_longer_one(clock: Clock) -> None:
    limiter = MemoryLimiter()
    limiter.pause("flx", 30.0, TWO_A_SECOND)

    limiter.pause("flx", 1.0, TWO_A_SECOND)

    assert limiter.wait_s("flx", TWO_A_SECOND) == pytest.approx(30.0)


@given(
    requests=st.integers(1, 5),
    burst=st.integers(1, 5),
    arrivals=st.lists(st.floats(0, 3), min_size=1, max_size=40),
)
def test_no_window_sees_more_than_the_rate_and_its_burst(requests: int, burst: int, arrivals: list[float]) -> None:
    limiter, rate, clock = MemoryLimiter(), Rate(requests, per_s=1.0, burst=burst), Clock()
    sent: list[float] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("providers.limiter.time", clock)
        for pause_s in arrivals:
            clock.now += pause_s / 10
            wait_s = limiter.reserve("flx", rate, 60.0)
            assert wait_s is not None
            sent.append(clock.now + wait_s)

    for start in sent:
        assert sum(start <= at < start + 1.0 - 1e-6 for at in sent) <= requests + burst


def test_threads_never_share_a_slot() -> None:
    limiter = MemoryLimiter()
    rate = Rate(requests=1, per_s=1_000.0)
    given_slots: list[float | None] = []
    threads = [
        threading.Thread(target=lambda: given_slots.append(limiter.reserve("flx", rate, 1.0))) for _ in range(50)
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(slot is not None for slot in given_slots) == 1
