"""A month of the log that is over is closed once, with an entry that says where it begins and ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from dashboard.models import AuditEntry, AuditSegment
from dashboard.services import audit_segments
from dashboard.services.anchors import note_of
from dashboard.services.audit import verify
from dashboard.services.audit_segments import close_due

from .audit_samples import append, run, tamper, triggers_off
from .segments import at, log_of

pytestmark = pytest.mark.django_db


def closed() -> list[tuple[str, int, int]]:
    return [(each.month, each.first_seq, each.last_seq) for each in AuditSegment.objects.order_by("first_seq")]


def test_nothing_is_closed_in_an_empty_log_or_in_its_first_month() -> None:
    assert close_due() == 0
    append(2)

    assert (close_due(), closed()) == (0, [])


def test_each_month_that_is_over_is_closed_with_its_ends() -> None:
    log_of("2026-08", "2026-09", "2026-10")

    # The entries that tell of it belong to the month in which it is done.
    assert closed() == [("2026-08", 1, 3), ("2026-09", 4, 7), ("2026-10", 8, 11)]
    [august, *_] = AuditEntry.objects.filter(action="audit.segment_closed").order_by("seq")
    told = json.loads(august.body)
    assert (told["segment"], told["first_entry"], told["last_entry"], told["entries"]) == ("2026-08", 1, 3, 3)
    assert told["last_mac"] == bytes(AuditEntry.objects.get(seq=3).mac).hex()
    assert (august.kind, august.actor) == ("system", "Linkdesk")
    assert verify().ok


def test_again_closes_nothing() -> None:
    log_of("2026-08")
    before = AuditEntry.objects.count()

    assert (close_due(), AuditEntry.objects.count()) == (0, before)


def test_a_month_without_entries_is_none() -> None:
    with at("2026-05"):
        append()
    with at("2026-08"):
        append()

    assert close_due() == 2
    assert [month for month, *_ in closed()] == ["2026-05", "2026-08"]


def test_the_last_moment_of_a_month_in_utc_belongs_to_it(settings: Any) -> None:
    settings.TIME_ZONE = "Pacific/Auckland"
    with at("2026-08", 31):
        append()
    with at("2026-09", 1):
        append()
        close_due()

    assert closed() == [("2026-08", 1, 1)]


def test_what_a_clock_that_was_set_back_wrote_belongs_to_the_month_that_was_open() -> None:
    log_of("2026-08", "2026-09")
    with at("2026-07"):
        append(2)
    with at("2026-10"):
        append()
    close_due()

    assert closed() == [("2026-08", 1, 3), ("2026-09", 4, 7), ("2026-10", 8, 11)]


def test_a_clock_far_ahead_closes_nothing_before_its_time() -> None:
    with at("2031-01"):
        append()

    assert (close_due(), closed()) == (0, [])


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM dashboard_auditentry WHERE seq = 2",
        "UPDATE dashboard_auditentry SET actor = 'Ana' WHERE seq = 2",
        "UPDATE dashboard_auditentry SET mac = prev_mac WHERE seq = 3",
    ],
)
def test_a_month_that_is_not_whole_stays_open(change: str) -> None:
    with at("2026-08"):
        append(3)
    tamper(change)

    assert (close_due(), closed()) == (0, [])


def test_what_anchors_say_keeps_no_month_open(settings: Any, tmp_path: Path) -> None:
    """A log that was put back and accepted contradicts for ever what its sinks keep."""
    with at("2026-08"):
        append(3)
    right = bytes(AuditEntry.objects.get(seq=2).mac)
    notes = [note_of(seq, mac, timezone.now()) for seq, mac in ((3, b"x" * 32), (9, b"x" * 32), (2, right))]
    path = tmp_path / "anchors.txt"
    path.write_text("\n".join([*notes, notes[0].replace("\n3\n", "\n4\n")]))
    settings.AUDIT_ANCHORS = [f"file://{path}"]
    assert {"rollback", "bad_anchor"} <= set(verify().kinds)

    assert (close_due(), closed()) == (1, [("2026-08", 1, 3)])


def test_a_month_that_is_not_whole_keeps_the_later_ones_open() -> None:
    with at("2026-08"):
        append(3)
    with at("2026-09"):
        append(3)
    with triggers_off():
        run("UPDATE dashboard_auditentry SET actor = 'Ana' WHERE seq = 2")

    assert (close_due(), closed()) == (0, [])


def test_it_may_leave_when_so_many_whole_months_have_passed(settings: Any) -> None:
    settings.AUDIT_KEPT_MONTHS = 2
    log_of("2026-06")
    segment = AuditSegment.objects.get()

    assert audit_segments.leaves_in(segment) == "2026-09"
    with at("2026-08", 31):
        assert not audit_segments.is_old_enough(segment)
    with at("2026-09", 1):
        assert audit_segments.is_old_enough(segment)


def test_the_year_ends_in_december() -> None:
    log_of("2025-12", "2026-01")

    assert [month for month, *_ in closed()] == ["2025-12", "2026-01"]
