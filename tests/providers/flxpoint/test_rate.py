"""2 requests a second for a token, whoever asks: over real processes, a real database file and a real socket."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from dashboard.ratelimit import SharedLimiter
from providers.flxpoint.client import gate_of
from providers.flxpoint.pool import MAX_PAUSE_S, pause_s, pool_of, rate_of
from providers.flxpoint.sandbox import ACCOUNT_TOKEN, FlxpointSandbox
from providers.http import NoReply
from providers.limiter import MemoryLimiter
from providers.outcomes import Ok, RateLimited
from providers.sandbox import Server, application, serve
from providers.secrets import Secret
from tests import databases

from ..canned import Answer, CannedServer, as_json
from .support import flxpoint, sample

ROOT = Path(__file__).resolve().parents[3]
GOOD = as_json({"id": 1})


def arrivals_of_processes(processes: int, seconds: float) -> tuple[FlxpointSandbox, int]:
    """Let so many processes ask for so long; return the emulator, and how many answers they got."""
    box = FlxpointSandbox(pool_size=None)
    with serve(application({"flxpoint": box})) as server:
        children = [_child(server, box, seconds) for _ in range(processes)]
        try:
            for child in children:
                assert child.stdout.readline().strip() == "ready"
            for child in children:
                child.stdin.write("go\n")
                child.stdin.flush()
            answered = sum(int(child.stdout.readline()) for child in children)
        finally:
            for child in children:
                child.kill()
                child.wait(10)
    return box, answered


def _child(server: Server, box: FlxpointSandbox, seconds: float) -> Any:
    environment = {
        **os.environ,
        "INTEGRATIONS": "flxpoint",
        **box.environment(f"{server.url}/flxpoint"),
        "DATABASE_URL": databases.database_url(databases.current()),
    }
    command = [sys.executable, "-m", "tests.providers.flxpoint.rate_child", str(seconds)]
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def check_the_limit(box: FlxpointSandbox, answered: int, seconds: float) -> None:
    times = sorted(box.arrivals.times)
    used = sum(at < times[0] + seconds for at in times) / (2 * seconds)
    print(f"{len(times)} requests, {used:.1%} of the limit, most in a second {box.arrivals.most_within(1.0)}")

    assert answered == len(times)
    assert box.arrivals.most_within(1.0) <= 2
    assert used >= 0.85


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
def test_three_processes_share_one_limit_and_use_it() -> None:
    check_the_limit(*arrivals_of_processes(3, 10.0), 10.0)


@pytest.mark.long
@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
def test_eight_processes_share_one_limit_and_use_it_over_a_minute() -> None:
    check_the_limit(*arrivals_of_processes(8, 60.0), 60.0)


# -- what the answers tell


@pytest.mark.parametrize(
    ("used", "expected"), [("1", None), ("37", None), ("38", 0.5), ("40", 1.5)], ids=["empty", "room", "near", "full"]
)
def test_the_headers_slow_everybody_down_before_the_pool_is_full(used: str, expected: float | None) -> None:
    limiter = MemoryLimiter()
    headers = {"X-Auth-Pool-Size": "40", "X-Auth-Pool-Used": used, "X-Auth-Replenished-Per-Second": "2.0"}

    with CannedServer(as_json({"id": 1}, headers=headers)) as server:
        assert isinstance(flxpoint(server.url, limiter=limiter).check(), Ok)

    waits_s = limiter.wait_s(gate_of(Secret("token-of-tests")), rate_of(2.0))
    assert waits_s == pytest.approx(expected or 0.5, abs=0.12)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Auth-Pool-Size": "40"},
        {"X-Auth-Pool-Size": "many", "X-Auth-Pool-Used": "?", "X-Auth-Replenished-Per-Second": "nan"},
        {"X-Auth-Pool-Size": "40", "X-Auth-Pool-Used": "40", "X-Auth-Replenished-Per-Second": "0"},
    ],
)
def test_missing_or_nonsensical_headers_are_normal(headers: dict[str, str]) -> None:
    assert pool_of(headers) is None


def test_a_slow_pool_is_believed() -> None:
    """One public client saw a replenish rate of 1 a second instead of 2."""
    headers = {"X-Auth-Pool-Size": "40", "X-Auth-Pool-Used": "39", "X-Auth-Replenished-Per-Second": "1"}
    found = pool_of(headers)

    assert found is not None and found.is_nearly_full
    assert pause_s(NoReply("timeout", sent=True)) is None


@pytest.mark.parametrize(
    ("headers", "least_s", "most_s"),
    [
        ({}, 1.0, 1.2),
        ({"Retry-After": "1"}, 1.0, 1.0),
        ({"X-Auth-Pool-Size": "40", "X-Auth-Pool-Used": "40", "X-Auth-Replenished-Per-Second": "2.0"}, 2.5, 3.0),
    ],
    ids=["nothing", "seconds", "pool"],
)
def test_a_refusal_is_waited_out_and_asked_again(headers: dict[str, str], least_s: float, most_s: float) -> None:
    refusal = as_json({"error": "Too Many Requests"}, 429, headers=headers)
    with CannedServer(refusal, GOOD) as server:
        started = time.monotonic()
        outcome = flxpoint(server.url).check()
        took_s = time.monotonic() - started

    assert isinstance(outcome, Ok)
    assert least_s <= took_s < most_s + 1.0
    assert len(server.asked) == 2


def test_a_long_retry_after_is_told_instead_of_waited_for() -> None:
    with CannedServer(sample("error_429.json", 429, Retry_After="120")) as server:
        outcome = flxpoint(server.url).check()

    assert isinstance(outcome, RateLimited)
    assert outcome.retry_after_s == 120
    assert len(server.asked) == 1


def test_a_retry_after_as_a_date_is_obeyed(emulated: Any) -> None:
    box, provider = emulated(retry_after="date")
    box.control("fill", {})

    started = time.monotonic()

    assert isinstance(provider.check(), Ok)
    assert time.monotonic() - started >= 1.5


def test_a_read_is_given_up_after_five_tries() -> None:
    with CannedServer(sample("error_429.json", 429, Retry_After="0")) as server:
        outcome = flxpoint(server.url).check()

    assert isinstance(outcome, RateLimited)
    assert len(server.asked) == 5


@pytest.mark.parametrize(("method", "path"), [("POST", "/connections"), ("PUT", "/connections/1")])
def test_a_write_is_never_repeated(method: str, path: str) -> None:
    """Not documented: whether a 429 comes before anything is processed."""
    with CannedServer(sample("error_429.json", 429, Retry_After="0")) as server:
        flxpoint(server.url).session.request(method, path, json={})

    assert len(server.asked) == 1


def test_a_pause_holds_back_every_integration_of_the_token() -> None:
    limiter = MemoryLimiter()
    with CannedServer(Answer(429, b"", headers={"Retry-After": "60"})) as server:
        first, second = (flxpoint(server.url, limiter=limiter, gate=name) for name in ("shop", "shop_again"))
        first.check()
        outcome = second.check()
        other = flxpoint(server.url, limiter=limiter, TOKEN=Secret("another")).check()

    assert isinstance(outcome, RateLimited) and outcome.rule.code == "rate_limited_here"
    assert isinstance(other, RateLimited) and other.rule.code == "flxpoint.too_many_requests"
    assert len(server.asked) == 2


@pytest.mark.django_db(transaction=True)
def test_the_shared_limiter_keeps_the_gate_in_the_database() -> None:
    with CannedServer(sample("error_429.json", 429, Retry_After="30")) as server:
        flxpoint(server.url, limiter=SharedLimiter()).check()

    waits_s = SharedLimiter().wait_s(gate_of(Secret("token-of-tests")), rate_of(2.0))
    assert 25 < waits_s <= 30


def test_the_name_of_the_gate_does_not_tell_the_token() -> None:
    assert ACCOUNT_TOKEN not in gate_of(Secret(ACCOUNT_TOKEN))
    assert gate_of(Secret(ACCOUNT_TOKEN)) == gate_of(Secret(ACCOUNT_TOKEN)) != gate_of(Secret("another"))


def test_a_lower_limit_can_be_set() -> None:
    assert rate_of(2.0).interval_s == pytest.approx(0.56)
    assert rate_of(0.5).interval_s == pytest.approx(2.24)
    assert MAX_PAUSE_S >= 60
