"""Processes killed at random points, restarted at once, and how long what they left behind waited to be looked at."""

from __future__ import annotations

import random
import threading
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import time_machine
from django.db import connection
from django.utils import timezone

from dashboard.models import ApiCall, Operation
from dashboard.models.operation import State
from dashboard.services import operations
from dashboard.services.audit import verify
from tests.journeys.desk import Desk

from .traffic import Traffic

TARGETS = (("web", "worker"), ("web",), ("worker",))
READ_BACK_WITHIN_S = 60.0
ANCHORS = "anchors.txt"
# Longer than any remote may be at work on what it was sent.
ALL_OVER_S = 700.0


@dataclass
class Kill:
    target: tuple[str, ...]
    at_op: int
    killed_at: datetime
    back_at: datetime
    chain_ok: bool
    # What was under way in a web process that was killed, and what was unknown.
    left_behind: list[str]


@dataclass
class Run:
    kills: list[Kill] = field(default_factory=list)
    # Seconds from the last restart before it to the first look, for each operation that was left behind.
    waits: dict[str, float] = field(default_factory=dict)
    never_looked_at: list[str] = field(default_factory=list)


def run(desk: Desk, traffic: Traffic, *, kills: int, people: int, seed: int) -> Run:
    """Let the traffic run and kill in between; return when all is done and everything was looked at."""
    dice = random.Random(seed + 1)  # noqa: S311 - to be repeated, not to be secret
    # The last ones are read back while others go on.
    at_ops = sorted(dice.sample(range(traffic.ops // 20, traffic.ops * 4 // 5), kills))
    # Each of them as often as the others, in any order.
    targets = [TARGETS[n % len(TARGETS)] for n in range(kills)]
    dice.shuffle(targets)
    found = Run()
    traffic.renew_sessions()
    threads = traffic.run(people)
    for at_op, target in zip(at_ops, targets, strict=True):
        _wait_until(traffic, threads, at_op)
        time.sleep(dice.random() * 0.3)
        found.kills.append(_kill(desk, target, at_op))
    _wait_until(traffic, threads, traffic.ops + 1)
    _look_at_waits(found)
    return found


def anchored(desk: Desk) -> str:
    """Return what the sink of anchors keeps."""
    file = desk.folder / ANCHORS
    return file.read_text() if file.exists() else ""


def settle_all(desk: Desk) -> None:
    """Stop the desk and let the time pass in which a remote may still be at work: ours and the remotes' clock."""
    desk.stop()
    for sandbox in desk.emulator.sandboxes.values():
        sandbox.faults.clear()
        sandbox.clock.advance(ALL_OVER_S)
    with time_machine.travel(timezone.now() + timedelta(seconds=ALL_OVER_S)):
        # Stopped as it is killed: what is slow on a busy machine may still be under way.
        operations.expire_rooms()
        operations.find_orphans()
        operations.check_due()


def _wait_until(traffic: Traffic, threads: list[threading.Thread], at_op: int) -> None:
    while traffic.pressed < at_op and any(thread.is_alive() for thread in threads):
        traffic.renew_sessions()
        time.sleep(0.02)


def _kill(desk: Desk, target: tuple[str, ...], at_op: int) -> Kill:
    for name in target:
        desk.kill(name)
    killed_at = timezone.now()
    states = (State.UNKNOWN, State.RUNNING) if "web" in target else (State.UNKNOWN,)
    left = Operation.objects.filter(state__in=states, closed_at=None).values_list("pk", flat=True)
    left_behind = [str(pk) for pk in left]
    # Between the crash and the restart: what is on record then is all that the next process has.
    chain_ok = verify(anchors=anchored(desk)).ok
    for name in target:
        desk.start_web() if name == "web" else desk.start_worker()
    return Kill(target, at_op, killed_at, timezone.now(), chain_ok, left_behind)


def _look_at_waits(found: Run) -> None:
    """Wait until everything left behind was looked at, or ought to have been; then say how long each took."""
    left = {pk: kill for kill in found.kills for pk in kill.left_behind}
    until = time.monotonic() + READ_BACK_WITHIN_S + 5
    while (missing := [pk for pk, kill in left.items() if _first_look(pk, kill) is None]) and time.monotonic() < until:
        time.sleep(0.5)
        connection.close()
    found.never_looked_at = missing
    for pk, kill in left.items():
        look = _first_look(pk, kill)
        if look is not None:
            # A process that is killed again before it could look begins anew.
            restarts = [each.back_at for each in found.kills if each.back_at <= look]
            found.waits[pk] = (look - max(restarts)).total_seconds()


def _first_look(pk: str, kill: Kill) -> datetime | None:
    calls = ApiCall.objects.filter(operation_id=pk, method="GET", at__gt=kill.killed_at)
    return calls.order_by("at").values_list("at", flat=True).first()
