"""How long after its deadline each fault ends, and what a call costs: `python -m tests.benchmarks.transport`.

The budget is 0.5 s after the deadline (names apart: looking one up has no deadline here) and flat memory.
"""

from __future__ import annotations

import argparse
import logging
import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path

from providers.http import ApiSession, NoReply, Reply
from providers.secrets import Secret
from tests.providers.certificates import server_context
from tests.providers.fault_bodies import bomb
from tests.providers.faults import FAULTS, FaultServer, accepts_and_is_silent, nobody_listens

BUDGET_S = 0.5
BODY_BYTES = 2_000_000
NOT_FAULTS = {"raw", "says", "says_text", "status", "retry_after", "unavailable_until"}


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--deadline", type=float, default=1.0, help="seconds")
    arguments.add_argument("--calls", type=int, default=500, help="sound calls to time")
    given = arguments.parse_args()
    logging.disable(logging.CRITICAL)
    bomb()
    late = [*_faults(given.deadline, tls=False), *_faults(given.deadline, tls=True), *_silent_addresses(given.deadline)]
    worst_s, worst = max(late)
    print(f"\nlatest end: {worst_s:+.3f} s after the deadline ({worst}); budget {BUDGET_S} s")
    _cost(given.calls)
    return 0 if worst_s <= BUDGET_S else 1


def _faults(deadline_s: float, *, tls: bool) -> list[tuple[float, str]]:
    """Meet each fault once with a write and return how long after the deadline it ended (negative: before)."""
    late: list[tuple[float, str]] = []
    with tempfile.TemporaryDirectory() as folder:
        context, authority = server_context(Path(folder), "127.0.0.1") if tls else (None, "")
        with FaultServer(tls=context) as server:
            for fault in sorted(set(FAULTS) - NOT_FAULTS):
                session = ApiSession(
                    server.url(fault), deadline_s=deadline_s, max_body_bytes=BODY_BYTES, ca_file=authority
                )
                late.append(_meet(session, f"{fault}{' over TLS' if tls else ''}", deadline_s))
    return late


def _silent_addresses(deadline_s: float) -> list[tuple[float, str]]:
    late = []
    with nobody_listens() as url:
        late.append(_meet(ApiSession(url, deadline_s=deadline_s), "nobody_listens", deadline_s))
    with accepts_and_is_silent() as url:
        late.append(_meet(ApiSession(url, deadline_s=deadline_s), "accepts_and_is_silent", deadline_s))
    return late


def _meet(session: ApiSession, name: str, deadline_s: float) -> tuple[float, str]:
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    body = "a" * 12_000_000 if name.startswith(("reads_nothing", "refuses_early")) else "a"
    started = time.monotonic()
    reply = session.request("PUT", "/api/links/a-1/", json={"password": Secret("correct horse"), "document": body})
    late_s = time.monotonic() - started - deadline_s
    grown_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb) / 1024
    end = f"{reply.status}" if isinstance(reply, Reply) else reply.reason
    sent = "" if isinstance(reply, Reply) or reply.sent else "nothing sent"
    print(f"{name:38} {end:12} {late_s:+8.3f} s  memory {grown_mb:+6.1f} MB  {sent}")
    return late_s, name


def _cost(calls: int) -> None:
    with FaultServer() as server, ApiSession(server.url("good"), own_secrets=[Secret("our-key-4711")]) as session:
        taken_ms = []
        for _ in range(calls):
            started = time.perf_counter()
            reply = session.request("PUT", "/", json={"password": Secret("correct horse")})
            taken_ms.append((time.perf_counter() - started) * 1000)
            assert not isinstance(reply, NoReply)
    print(f"a sound call on a kept connection: median {statistics.median(taken_ms):.2f} ms of {calls}")


if __name__ == "__main__":
    sys.exit(main())
