"""The tamper matrix: every class of change, at random places, in a copy whose triggers are gone; all of it is found.

python3 tests/run.py -- tests/dashboard/test_tamper.py --places 100 --seed 7       both databases
python3 tests/run.py --long -- tests/dashboard/test_tamper.py                      the size of the issue
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from dashboard.models import AuditEntry
from dashboard.services.anchors import note_of
from dashboard.services.audit import SYSTEM, Actor, Kind, Target, record, verify
from dashboard.triggers import expected_triggers
from tests import databases

from . import tampering

PLACES, PLACES_LONG = 5, 100
ENTRIES, ANCHOR_EVERY, LAST_ANCHOR = 120, 10, 110
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def random(request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]) -> Random:
    seed = request.config.getoption("--seed")
    seed = secrets.randbelow(10**6) if seed is None else seed
    # Shown where a test fails; the same seed gives the same places.
    print(f"--seed {seed}")
    return Random(seed)  # noqa: S311 - places, not secrets


@pytest.fixture
def places(request: pytest.FixtureRequest) -> int:
    asked = request.config.getoption("--places")
    return asked or (PLACES_LONG if request.config.getoption("--long") else PLACES)


@pytest.fixture
def two_keys(settings: Any) -> Callable[[], None]:
    def rotate() -> None:
        settings.AUDIT_KEYS = ["a2:" + base64.b64encode(b"n" * 32).decode(), *settings.AUDIT_KEYS]

    return rotate


def write_log(upto: int, rotate: Callable[[], None], *, at: Callable[[int], None] = lambda seq: None) -> str:
    """Write a log of `upto` entries of every kind under two keys, and return its anchors."""
    anchors = []
    person = Actor("7", "María López <maria@desk.example>", "agent")
    for seq in range(1, upto + 1):
        if seq == upto // 2:
            rotate()
        kind = (Kind.INTENT, Kind.OUTCOME, Kind.READ, Kind.EVENT, Kind.DENIED)[seq % 5]
        entry = record(
            kind,
            f"test.{kind}",
            actor=SYSTEM if kind == Kind.READ else person,
            target=Target(str(seq), "belvo: El Banco"),
            integration="belvo",
            operation_id=f"op-{seq // 5}" if kind in (Kind.INTENT, Kind.OUTCOME) else "",
            result="ok" if kind == Kind.OUTCOME else "",
            facts={"z": seq, "a": ["ü", None, 1.5], "changes": [{"field": "state", "before": "x", "after": "y"}]},
        )
        if seq % ANCHOR_EVERY == 0 and seq <= LAST_ANCHOR:
            anchors.append(note_of(seq, bytes(entry.mac), timezone.now()))
        at(seq)
    return "\n".join(anchors)


def drop_triggers() -> None:
    """Become the owner of the copy, whom no trigger stops."""
    for name, table in sorted(expected_triggers(connection.vendor)):
        on_table = f" ON {table}" if connection.vendor == "postgresql" else ""
        tampering.run(f"DROP TRIGGER {name}{on_table}")


def findings(anchors: str) -> list[tuple[str, int]]:
    return [(finding.kind, finding.seq) for finding in verify(anchors=anchors).findings]


def test_every_change_is_found(random: Random, places: int, two_keys: Callable[[], None]) -> None:
    anchors = write_log(ENTRIES, two_keys)
    drop_triggers()
    assert findings(anchors) == []
    missed = []

    for name, tamper in tampering.CLASSES.items():
        for _ in range(places):
            seq = random.randint(1, LAST_ANCHOR if tamper in _NEED_ANCHORS else ENTRIES)
            with transaction.atomic():
                expected = tamper(random, seq, ENTRIES)
                found = findings(anchors)
                if not expected & {at for _, at in found}:
                    missed.append((name, seq, found[:5]))
                transaction.set_rollback(True)

    assert missed == []
    assert findings(anchors) == []


_NEED_ANCHORS = (tampering.cut_tail, tampering.rebuild)


def test_a_restored_backup_is_found(random: Random, places: int, two_keys: Callable[[], None]) -> None:
    wanted = {random.randint(1, LAST_ANCHOR - 1) for _ in range(places)}
    backups: dict[int, str] = {}

    def back_up(seq: int) -> None:
        if seq in wanted:
            if databases.is_sqlite():
                tampering.run("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.close()
            backups[seq] = databases.copy_of(databases.current())

    anchors = write_log(ENTRIES, two_keys, at=back_up)
    live = databases.current()
    try:
        for seq, backup in backups.items():
            databases.use(backup)
            assert AuditEntry.objects.count() == seq
            assert findings(anchors) == [("rollback", seq + 1)]
            assert verify().ok, "the chain alone does not know"
    finally:
        databases.use(live)
        for backup in backups.values():
            databases.drop(backup)
    assert len(backups) == len(wanted)


@pytest.mark.parametrize("tamper", [tampering.cut_tail, tampering.rebuild], ids=lambda tamper: tamper.__name__)
def test_what_is_newer_than_the_last_anchor_is_the_known_limit(tamper: Any, two_keys: Callable[[], None]) -> None:
    anchors = write_log(ENTRIES, two_keys)
    drop_triggers()

    with transaction.atomic():
        tamper(_AlwaysLow(0), LAST_ANCHOR + 3, ENTRIES)
        assert findings(anchors) == []
        transaction.set_rollback(True)
    with transaction.atomic():
        tamper(_AlwaysLow(0), LAST_ANCHOR, ENTRIES)
        assert "rollback" in {kind for kind, _ in findings(anchors)}
        transaction.set_rollback(True)


class _AlwaysLow(Random):
    """Cut with the end of the chain moved along: the thorough way."""

    def random(self) -> float:
        return 0.0
