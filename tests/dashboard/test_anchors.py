"""Anchors: when they leave, what a sink that is down does to the desk, and that a log which is not itself is seen."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.db import connection, transaction
from django.utils import timezone

from dashboard import audit_verifier, signing
from dashboard.models import AuditAnchor, AuditEntry, Customer
from dashboard.services import anchoring, anchors
from dashboard.services.access_log import record_read
from dashboard.services.audit import SYSTEM, Actor, AuditClosed, Kind, record
from dashboard.services.audit_status import status
from dashboard.triggers import install_triggers
from tests import databases

from .audit_samples import append, run, tamper, triggers_off

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Anchor when a test says so, without a thread of this process."""
    monkeypatch.setattr(anchoring, "after_append", lambda: None)


@pytest.fixture
def file(tmp_path: Path, settings: Any) -> Path:
    path = tmp_path / "anchors.txt"
    settings.AUDIT_ANCHORS = [f"file://{path}"]
    return path


def kept(path: Path) -> list[int]:
    found, bad = audit_verifier.read_anchors(path.read_text(), signing.public_keys())
    assert bad == []
    return list(found)


def act() -> None:
    with transaction.atomic():
        Customer.objects.create(reference=f"c-{Customer.objects.count()}")
        record(Kind.EVENT, "customer.created", actor=SYSTEM)


def later(**how: float) -> Any:
    return time_machine.travel(timezone.now() + timedelta(**how), tick=True)


# -- when


def test_an_anchor_says_where_the_log_ends_and_a_stranger_can_check_it(file: Path) -> None:
    entry = append(3)

    anchors.anchor_now()

    lines = audit_verifier.open_note(audit_verifier.notes_in(file.read_text())[0], signing.public_keys())
    assert lines[:3] == ["localhost/audit", "3", base64.b64encode(bytes(entry.mac)).decode()]
    assert timezone.datetime.fromisoformat(lines[3]).utcoffset() == timedelta(0)


def test_it_leaves_after_enough_entries_or_after_long_enough(file: Path, settings: Any) -> None:
    settings.AUDIT_ANCHOR_ENTRIES = 5
    append(4)
    anchors.anchor_due()
    assert not file.exists()

    append()
    anchors.anchor_due()
    assert kept(file) == [5]

    append()
    with later(seconds=30):
        anchors.anchor_due()
    assert kept(file) == [5]
    with later(seconds=61):
        anchors.anchor_due()
    assert kept(file) == [5, 6]


def test_nothing_new_is_not_anchored_again(file: Path) -> None:
    append()
    anchors.anchor_now()

    with later(hours=9):
        anchors.anchor_due()
        anchors.anchor_now()
        act()

    assert kept(file) == [1]


def test_it_is_one_process_at_a_time(file: Path) -> None:
    append()
    AuditAnchor.objects.create(sink=f"file://{file}", claimed_until=timezone.now() + timedelta(seconds=20))

    assert anchors.anchor_now()
    assert not file.exists()

    with later(seconds=31):
        assert not anchors.anchor_now()
    assert kept(file) == [1]


# -- a sink that is down


def test_nothing_is_done_while_a_sink_has_been_down_for_longer_than_its_limit(file: Path) -> None:
    act()
    file.mkdir()
    anchors.anchor_now()
    with later(seconds=800):
        act()
        anchors.anchor_due()

    with later(seconds=1000):
        anchors.anchor_due()
        with pytest.raises(AuditClosed, match="has not taken an anchor yet") as caught:
            act()
        assert caught.value.closed.code == "audit_anchor_overdue"
        assert Customer.objects.count() == 2
        assert f"file://{file}" in status().closed

        # It goes on by itself.
        file.rmdir()
        with later(seconds=11):
            anchors.anchor_due()
            act()
    assert Customer.objects.count() == 3
    assert status().closed == ""


def test_an_idle_night_is_no_outage(file: Path) -> None:
    act()
    anchors.anchor_now()
    file.rename(file.with_suffix(".away"))
    file.mkdir()

    with later(hours=12):
        act()


def test_the_trouble_is_on_record_once_and_so_is_its_end(file: Path) -> None:
    append()
    file.mkdir()
    for seconds in (0, 20, 40):
        with later(seconds=seconds):
            anchors.anchor_now()
    file.rmdir()
    anchors.anchor_now()

    told = AuditEntry.objects.filter(action__startswith="anchor.").order_by("seq").values_list("action", flat=True)
    assert list(told) == ["anchor.failed", "anchor.recovered"]


def test_reads_outcomes_and_sign_ins_are_recorded_while_nothing_may_be_done(file: Path) -> None:
    append()
    file.mkdir()
    anchors.anchor_now()

    with later(seconds=1000):
        with pytest.raises(AuditClosed), transaction.atomic():
            record(Kind.INTENT, "operation.password", actor=SYSTEM, operation_id="1")
        assert record_read(Actor("7", "Ana", "auditor"), None, "audit.read") is not None
        for kind, action in (
            (Kind.OUTCOME, "operation.outcome"),
            (Kind.EVENT, "session.signed_in"),
            (Kind.EVENT, "audit.verified"),
            (Kind.DENIED, "access.denied"),
            (Kind.SYSTEM, "sync.done"),
        ):
            record(kind, action, actor=SYSTEM)


def test_a_folder_that_is_not_mounted_is_not_made(tmp_path: Path, settings: Any) -> None:
    settings.AUDIT_ANCHORS = [f"file://{tmp_path}/volume/anchors.txt"]
    append()

    anchors.anchor_now()

    assert "No such file" in AuditAnchor.objects.get().trouble
    assert not (tmp_path / "volume").exists()


# -- a log that is not the one that was anchored


def cut(to: int) -> None:
    """Cut the log as its owner can: entries and head, so that the chain itself looks whole."""
    with triggers_off():
        run("DELETE FROM dashboard_auditentry WHERE seq > %s", to)
        run(
            "UPDATE dashboard_audithead SET seq = %s, mac = (SELECT mac FROM dashboard_auditentry WHERE seq = %s)",
            to,
            to,
        )
        install_triggers(connection)


def test_a_cut_log_refuses_writes_and_says_why_and_reads_go_on(file: Path) -> None:
    append(5)
    anchors.anchor_now()
    AuditAnchor.objects.all().delete()
    cut(3)

    anchors.look_at_standing()

    with pytest.raises(AuditClosed, match="and the log ends at 3"):
        act()
    assert record_read(SYSTEM, None, "audit.read") is not None
    assert Customer.objects.count() == 0
    assert "entry 5 was anchored" in status().closed


def test_a_log_written_anew_is_seen_before_the_next_anchor_leaves(file: Path) -> None:
    append(5)
    anchors.anchor_now()
    cut(3)
    append(9, rewritten=True)

    anchors.anchor_now()

    assert kept(file) == [5]
    with pytest.raises(AuditClosed, match="entry 5 is not the one that was anchored"):
        act()


@pytest.mark.parametrize("appended", ["an old note", "rubbish"])
def test_what_is_appended_behind_the_last_anchor_does_not_hide_it(file: Path, appended: str) -> None:
    append(3)
    anchors.anchor_now()
    old = file.read_text()
    append(2)
    with later(seconds=90):
        anchors.anchor_now()
    with file.open("a") as notes:
        notes.write(old if appended == "an old note" else "no note\n\n" * 10_000)
    AuditAnchor.objects.all().delete()
    cut(3)

    anchors.look_at_standing()

    assert "entry 5 was anchored" in status().closed


def test_it_opens_by_itself_when_the_right_log_is_back(file: Path) -> None:
    append(2)
    anchors.anchor_now()
    AuditAnchor.objects.update(finding="entry 2 is not the one that was anchored")
    with pytest.raises(AuditClosed):
        act()

    anchors.look_at_standing()

    act()


def test_notes_that_we_did_not_sign_are_passed_over(file: Path) -> None:
    append(2)
    anchors.anchor_now()
    forged = file.read_text().replace("\n2\n", "\n1\n")
    with file.open("a") as notes:
        notes.write(forged + "half a no")
    append()

    anchors.anchor_now()

    found, bad = audit_verifier.read_anchors(file.read_text(), signing.public_keys())
    assert list(found) == [2, 3]
    assert [finding.kind for finding in bad] == ["bad_anchor"]


def test_missing_triggers_refuse_writes_and_nothing_else() -> None:
    append()
    tamper("UPDATE dashboard_audithead SET seq = seq")

    with pytest.raises(AuditClosed, match="audit_entry_no_delete"):
        act()
    assert record_read(SYSTEM, None, "audit.read") is not None

    install_triggers(connection)
    act()


# -- what is told


def test_the_status_says_what_was_anchored_and_what_the_interval_is(file: Path) -> None:
    append(4)
    anchors.anchor_now()
    append(2)

    told = status()

    assert (told.anchored_seq, told.entries_since, told.closed) == (4, 2, "")
    assert told.anchored_at is not None
    assert told.promise == "every 100 entries, or 60 seconds after the first one that no anchor covers"
    assert [sink.name for sink in told.sinks] == [f"file://{file}"]


def test_without_sinks_nothing_is_anchored_and_nothing_is_refused() -> None:
    act()
    anchors.anchor_due()

    assert (status().anchored_at, status().promise, status().closed) == (None, "", "")


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
def test_a_process_anchors_what_it_wrote_before_it_ends(tmp_path: Path) -> None:
    people, path = tmp_path / "people.csv", tmp_path / "anchors.txt"
    people.write_text("reference,name,email\nc-1,Ana,ana@example.com\n")
    environment = {
        **{name: value for name, value in os.environ.items() if name != "DJANGO_ALLOW_ASYNC_UNSAFE"},
        "DATABASE_URL": databases.database_url(databases.current()),
        "AUDIT_ANCHORS": f"file://{path}",
    }

    subprocess.run(
        [sys.executable, "manage.py", "import_customers", str(people)],
        cwd=ROOT,
        env=environment,
        check=True,
        timeout=60,
    )

    assert kept(path) == [AuditEntry.objects.latest("seq").seq]
