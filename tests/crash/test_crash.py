"""A whole desk under load, killed again and again: nothing without a record, nothing twice, nothing pretended.

The size comes from the command (`python3 -m tests.crash`), or is CI's; the seed is printed.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from pathlib import Path

import pytest
from django.test import override_settings
from pytest_django import DjangoDbBlocker

from dashboard.models import Operation
from dashboard.services import audit_gate
from dashboard.services.audit import verify
from tests import databases
from tests.journeys.desk import open_desk

from . import chaos
from .comparison import compare
from .kinds import subjects
from .traffic import Traffic

PEOPLE = 4
LATENCY_S = 0.08


def _size(ops: int, kills: int) -> tuple[int, int]:
    return int(os.environ.get("CRASH_OPS", ops)), int(os.environ.get("CRASH_KILLS", kills))


@pytest.mark.processes
def test_nothing_is_lost_and_nothing_pretended(
    tmp_path: Path, django_db_setup: None, django_db_blocker: DjangoDbBlocker, capsys: pytest.CaptureFixture[str]
) -> None:
    _crash(tmp_path, django_db_blocker, capsys, *(_size(200, 4) if databases.is_sqlite() else _size(80, 2)))


@pytest.mark.long
@pytest.mark.processes
def test_the_size_of_the_issue(
    tmp_path: Path, django_db_setup: None, django_db_blocker: DjangoDbBlocker, capsys: pytest.CaptureFixture[str]
) -> None:
    _crash(tmp_path, django_db_blocker, capsys, *_size(2000, 20))


def _crash(folder: Path, blocker: DjangoDbBlocker, capsys: pytest.CaptureFixture[str], ops: int, kills: int) -> None:
    seed = int(os.environ.get("CRASH_SEED") or random.SystemRandom().randrange(10**6))
    sink = f"file://{folder / chaos.ANCHORS}"
    with blocker.unblock(), open_desk(folder, APPROVALS="delete,roles", AUDIT_ANCHORS=sink) as desk:
        desk.start_worker()
        for sandbox in desk.emulator.sandboxes.values():
            sandbox.delay_s = LATENCY_S
        traffic = Traffic(desk, subjects(desk.emulator), ops=ops, seed=seed)
        began = time.monotonic()
        run = chaos.run(desk, traffic, kills=kills, people=PEOPLE, seed=seed)
        took_s = time.monotonic() - began
        chaos.settle_all(desk)
        found = compare(desk.emulator.sandboxes, traffic.log)
        cut = sum(answer == "cut" for line in traffic.log for _, answer in line.answers)
        slowest_s = max(run.waits.values(), default=0.0)
        with capsys.disabled():
            print(
                f"\ncrash: seed {seed}, {traffic.pressed} changes, {kills} kills in {took_s:.0f} s; {found.effects}"
                f" effects, {found.intents} intents, {found.told_done} told as done, {cut} connections cut;"
                f" {len(run.waits)} left behind, looked at after {slowest_s:.1f} s at most; {dict(found.states)};"
                f" told as done: {dict(found.kinds)}"
            )
            if "CRASH_VERBOSE" in os.environ:
                ends = Counter((line.kind, *line.answers[-1]) for line in traffic.log if not line.told_done)
                kills_made = [(kill.target, kill.at_op, len(kill.left_behind)) for kill in run.kills]
                print(kills_made, ends, *found.troubles[:20], *traffic.troubles[:5], run.waits, sep="\n")
        assert traffic.troubles == [], seed
        assert found.troubles == [], seed
        assert run.never_looked_at == [], seed
        assert slowest_s <= chaos.READ_BACK_WITHIN_S, (seed, run.waits)
        assert all(kill.chain_ok for kill in run.kills), seed
        assert verify(anchors=chaos.anchored(desk)).ok, seed
        with override_settings(AUDIT_ANCHORS=[sink]):
            assert audit_gate.look() is None, seed
        assert list(Operation.objects.holding()) == [], seed
        # Or the run has shown nothing.
        assert traffic.pressed >= ops and found.told_done > ops / 2, (seed, found)
        assert chaos.anchored(desk), seed
