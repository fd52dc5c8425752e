"""A sink that does not keep what it took: seen at start and before each anchor, and no reason to believe the log."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.db import connection, transaction
from django.utils import timezone

from dashboard import audit_verifier, signing
from dashboard.models import AuditAnchor, AuditEntry
from dashboard.services import anchor_file, anchoring, anchors
from dashboard.services.access_log import record_read
from dashboard.services.anchor_kept import kept_by
from dashboard.services.anchor_sinks import open_sink
from dashboard.services.audit import SYSTEM, AuditClosed, Kind, record, verify
from dashboard.services.audit_status import status
from dashboard.triggers import install_triggers
from tests import databases

from .audit_samples import append, run, triggers_off

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.django_db


@pytest.fixture
def file(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(anchoring, "after_append", lambda: None)
    path = tmp_path / "anchors.txt"
    settings.AUDIT_ANCHORS = [f"file://{path}"]
    return path


def act() -> None:
    with transaction.atomic():
        record(Kind.EVENT, "customer.created", actor=SYSTEM)


def later(**how: float) -> Any:
    return time_machine.travel(timezone.now() + timedelta(**how), tick=True)


def anchor_at(*seqs: int) -> None:
    """Append up to each of these numbers and anchor there."""
    for seq in seqs:
        append(seq - AuditEntry.objects.count())
        anchors.anchor_now()


def note(seq: int, mac: bytes = b"", origin: str = "localhost/audit", at: str = "2026-11-26T10:00:00Z") -> str:
    encoded = base64.b64encode(mac or bytes(AuditEntry.objects.get(seq=seq).mac)).decode()
    return signing.sign_note([origin, str(seq), encoded, at])


def shorten(path: Path) -> None:
    path.write_text(audit_verifier.notes_in(path.read_text())[0])


LOSSES: dict[str, tuple[Callable[[Path], object], str]] = {
    "emptied": (lambda path: path.write_text(""), "it keeps none"),
    "removed": (lambda path: path.unlink(), "it keeps none"),
    "shortened": (shorten, "the newest anchor that it keeps is of entry 2"),
    "rubbish": (lambda path: path.write_text("no note\n\n" * 50), "it keeps none"),
    "of another log": (lambda path: path.write_text(note(4, origin="other/audit")), "is of another log"),
}


@pytest.mark.parametrize("how", LOSSES)
@pytest.mark.parametrize("when", ["at start", "before the next anchor"])
def test_a_sink_that_lost_its_word_closes_the_desk_until_it_is_back(file: Path, how: str, when: str) -> None:
    anchor_at(2, 4)
    before = file.read_text()
    lose, words = LOSSES[how]
    lose(file)
    left = file.read_text() if file.exists() else ""

    if when == "at start":
        anchors.look_at_standing()
    else:
        append()
        anchors.anchor_now()

    with pytest.raises(AuditClosed, match="does not keep what it took: it took an anchor of entry 4") as caught:
        act()
    assert caught.value.closed.code == "audit_anchor_lost"
    assert words in status().closed
    assert "Nothing contradicts the audit log" in status().closed
    assert (status().anchored_seq, status().anchored_at) == (0, None)
    assert record_read(SYSTEM, None, "audit.read") is not None
    # A new anchor would hide it.
    assert (file.read_text() if file.exists() else "") == left

    file.write_text(before)
    with later(seconds=11):
        anchors.anchor_due()
    act()


def test_nothing_new_is_no_reason_to_stay_closed(file: Path) -> None:
    anchor_at(4)
    whole = file.read_text()
    file.write_text("")
    anchors.look_at_standing()
    file.write_text(whole)

    with later(seconds=11):
        anchors.anchor_due()

    assert AuditEntry.objects.count() == AuditAnchor.objects.get().seq == 4
    assert status().closed == ""


@pytest.mark.parametrize("scope", ["all of it", "what is new"])
def test_a_verification_tells_of_it_too(file: Path, scope: str) -> None:
    anchor_at(2, 4)
    start = (0, b"") if scope == "all of it" else (4, bytes(AuditEntry.objects.get(seq=4).mac))
    assert verify(start).ok
    assert verify(start).anchored == 4

    shorten(file)

    assert [(each.kind, each.seq) for each in verify(start).findings] == [("lost_anchor", 4)]


def test_a_volume_that_is_not_there_is_down_and_has_lost_nothing(tmp_path: Path, file: Path, settings: Any) -> None:
    volume = tmp_path / "volume"
    volume.mkdir()
    settings.AUDIT_ANCHORS = [f"file://{volume}/anchors.txt"]
    anchor_at(2)
    volume.rename(tmp_path / "unmounted")

    anchors.look_at_standing()
    append()
    anchors.anchor_now()

    assert status().closed == ""
    assert "No such file" in AuditAnchor.objects.get().trouble


def test_a_clock_that_was_set_back_has_lost_nothing(file: Path) -> None:
    with later(hours=2):
        anchor_at(2)
    anchor_at(4)

    anchors.look_at_standing()

    assert status().closed == ""


# -- what may stand in the file


def cut(to: int) -> None:
    with triggers_off():
        run("DELETE FROM dashboard_auditentry WHERE seq > %s", to)
        end = "(SELECT mac FROM dashboard_auditentry WHERE seq = %s)"
        run(f"UPDATE dashboard_audithead SET seq = %s, mac = {end}", to, to)
        install_triggers(connection)


@pytest.mark.parametrize("memory", ["forgotten", "of an old anchor"])
def test_any_number_of_old_notes_behind_the_newest_does_not_hide_it(file: Path, memory: str) -> None:
    anchor_at(2)
    old = file.read_text()
    append(3)
    with later(seconds=90):
        anchors.anchor_now()
    with file.open("a") as notes:
        notes.write(old * 4000)
    assert file.stat().st_size > 2 * anchor_file._BLOCK_BYTES
    if memory == "forgotten":
        AuditAnchor.objects.all().delete()
    else:
        AuditAnchor.objects.update(seq=2, mac=bytes(AuditEntry.objects.get(seq=2).mac))
    cut(3)

    anchors.look_at_standing()

    assert "entry 5 was anchored" in status().closed


@pytest.mark.parametrize("size", [1, 7, 190, 400, 10_000])
def test_a_file_is_read_backwards_in_blocks_of_any_size(file: Path, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    append(5)
    rubbish = ["", "\n\nhalf a no", "ünd — mehr\n\n", '{"note": "x"}\n', "\n" * 30]
    notes = [note(seq) for seq in range(1, 6)]
    file.write_text("".join(f"{junk}\n\n{each}\n" for junk, each in zip(rubbish, notes, strict=True)))
    monkeypatch.setattr(anchor_file, "_BLOCK_BYTES", size)

    found = [each for each in open_sink(f"file://{file}").kept() or () if audit_verifier.origin_of(each)]

    # A block may begin within a note, so that less of one is seen first: that is none of this log.
    assert [each for each in found if each.startswith("localhost/audit\n")] == notes[::-1]


def test_the_note_of_another_log_under_the_same_key_is_passed_over(file: Path) -> None:
    anchor_at(2)
    with file.open("a") as notes:
        notes.write(note(99, b"theirs" * 5, "other/audit", "2099-01-01T00:00:00Z") + "\n")

    anchors.look_at_standing()

    assert status().closed == ""
    assert verify().ok
    assert verify(anchors=note(99, b"theirs" * 5, "other/audit")).ok
    assert not verify(anchors=note(99, b"theirs" * 5)).ok


def test_a_log_that_changes_its_name_names_the_old_one(file: Path, settings: Any) -> None:
    anchor_at(2)
    settings.AUDIT_ORIGIN = "desk.example/audit"

    anchors.look_at_standing()
    assert "is of another log" in status().closed

    settings.AUDIT_ORIGINS_BEFORE = ["localhost/audit"]
    anchors.look_at_standing()
    append(2)
    anchors.anchor_now()

    assert status().closed == ""
    assert (verify().ok, verify().anchored) == (True, 4)
    assert sorted(signing.public_keys()) == ["desk.example/audit/s1", "localhost/audit/s1"]
    names = [audit_verifier.origin_of(each) for each in audit_verifier.notes_in(file.read_text())]
    assert names == ["localhost/audit", "desk.example/audit"]


def test_only_what_is_needed_of_a_long_file_is_read(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A year has some 100,000 notes: before each anchor the newest block is enough."""
    anchor_at(2)
    file.write_text(f"{file.read_text()}\n" * 3000)
    sizes = []
    first = anchor_file._at_first_note
    monkeypatch.setattr(anchor_file, "_at_first_note", lambda block: sizes.append(len(block)) or first(block))
    sink, row = open_sink(f"file://{file}"), AuditAnchor.objects.get()

    assert kept_by(sink, row).has_ours  # type: ignore[union-attr]
    assert len(sizes) == 1
    assert kept_by(sink, row, is_whole=True).has_ours  # type: ignore[union-attr]
    assert len(sizes) > 2


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
def test_a_web_process_has_compared_before_it_serves(tmp_path: Path) -> None:
    people, path = tmp_path / "people.csv", tmp_path / "anchors.txt"
    people.write_text("reference,name,email\nc-1,Ana,ana@example.com\n")
    environment = {
        **{name: value for name, value in os.environ.items() if name != "DJANGO_ALLOW_ASYNC_UNSAFE"},
        "DATABASE_URL": databases.database_url(databases.current()),
        "AUDIT_ANCHORS": f"file://{path}",
    }

    def python(*arguments: str) -> str:
        ran = subprocess.run(
            [sys.executable, *arguments], cwd=ROOT, env=environment, check=True, timeout=60, capture_output=True
        )
        return ran.stdout.decode()

    look = "import dashboard.wsgi; from dashboard.services import audit_gate as g; c = g.look(); print(c and c.code)"
    python("manage.py", "import_customers", str(people))
    assert python("-c", look).split()[-1] == "None"
    path.write_text("")
    assert python("-c", look).split()[-1] == "audit_anchor_lost"
