"""Exports of the log: whole or not at all, of the moment of asking, with proof, and each step on record."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import stat
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from dashboard.models import AuditCheck, AuditEntry, AuditExport
from dashboard.services import anchoring, anchors, audit, audit_bundle, audit_exports
from dashboard.services import audit_export_files as files
from dashboard.services.audit import SYSTEM, Actor, Kind, Target
from dashboard.services.audit_csv import defuse
from dashboard.services.audit_selection import in_words

from .audit_samples import append, tamper

pytestmark = pytest.mark.django_db
IVO = Actor("7", "Ivo Auditor <ivo@desk.example>", "auditor")
State = AuditExport.State


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.EXPORTS_DIR = str(tmp_path / "exports")
    return tmp_path / "exports"


def made(form: str = "bundle", **filters: str) -> AuditExport:
    export = audit_exports.ask(IVO, form, filters)
    assert audit_exports.make_next()
    export.refresh_from_db()
    return export


def actions() -> list[str]:
    return list(AuditEntry.objects.order_by("seq").filter(action__contains="export").values_list("action", flat=True))


def read(export: AuditExport) -> bytes:
    with audit_exports.open_file(export, IVO) as file:
        return file.read()


def bundle(export: AuditExport) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(read(export))) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def test_a_bundle_holds_every_entry_as_it_is_stored() -> None:
    append(5, word="größer")

    export = made()

    parts = bundle(export)
    lines = parts["entries.jsonl"].splitlines()
    stored = AuditEntry.objects.order_by("seq")[:5]
    assert [json.loads(line)["seq"] for line in lines] == [1, 2, 3, 4, 5]
    for line, entry in zip(lines, stored, strict=True):
        told = json.loads(line)
        assert set(told) == {column.name for column in AuditEntry._meta.concrete_fields}
        assert told == {
            **{name: getattr(entry, name) for name in told},
            "mac": bytes(entry.mac).hex(),
            "prev_mac": bytes(entry.prev_mac).hex(),
        }
    assert [hashlib.sha256(line).hexdigest() for line in lines] == parts["digests.txt"].decode().split()


def test_the_manifest_tells_what_was_asked_and_the_note_signs_it(settings: Any) -> None:
    append(3)

    parts = bundle(made())

    manifest = json.loads(parts["manifest.json"])
    assert (manifest["count"], manifest["first_seq"], manifest["last_seq"], manifest["contiguous"]) == (3, 1, 3, True)
    assert manifest["selected_by"].startswith("everything")
    assert manifest["created_by"] == IVO.text
    assert manifest["query"]["words"] == "All entries"
    assert manifest["entries_sha256"] == hashlib.sha256(parts["entries.jsonl"]).hexdigest()
    assert manifest["digests_sha256"] == hashlib.sha256(parts["digests.txt"]).hexdigest()
    told = [settings.AUDIT_ORIGIN, audit_bundle.FORMAT, hashlib.sha256(parts["manifest.json"]).hexdigest()]
    assert parts["manifest.note"].decode().split("\n")[:3] == told


def test_an_export_is_of_the_moment_of_asking() -> None:
    append(2)
    export = audit_exports.ask(IVO, "bundle", {})
    append(2)

    audit_exports.make_next()

    export.refresh_from_db()
    assert (export.last_seq, export.written) == (2, 2)


def test_a_query_takes_what_matches_and_says_that_numbers_are_missing() -> None:
    append(2)
    audit.record(Kind.EVENT, "customer.changed", actor=IVO)
    append(1)
    audit.record(Kind.EVENT, "customer.changed", actor=IVO)

    manifest = json.loads(bundle(made(action="customer.changed"))["manifest.json"])

    assert (manifest["count"], manifest["first_seq"], manifest["last_seq"], manifest["contiguous"]) == (2, 3, 5, False)
    assert "outside of the proof" in manifest["selected_by"]


def test_a_range_of_time_is_a_stretch(time_machine: Any) -> None:
    for day in (1, 2, 3, 4):
        time_machine.move_to(f"2026-03-0{day}T12:00:00Z", tick=False)
        append(2)

    manifest = json.loads(bundle(made(since="2026-03-02", until="2026-03-03"))["manifest.json"])

    assert (manifest["first_seq"], manifest["last_seq"], manifest["contiguous"]) == (3, 6, True)


def test_an_age_is_that_of_the_asking(time_machine: Any) -> None:
    """The worker may come late, and come again: “the last hour” stays the one before the question."""
    time_machine.move_to("2026-03-04T12:00:00Z", tick=False)
    append(2)
    time_machine.move_to("2026-03-04T12:50:00Z", tick=False)
    export = audit_exports.ask(IVO, "bundle", {"q": "since:1h"})
    time_machine.move_to("2026-03-04T15:00:00Z", tick=False)

    audit_exports.make_next()

    export.refresh_from_db()
    assert (export.state, export.written) == (State.DONE, 2)


def test_a_query_that_is_not_understood_is_refused_in_words() -> None:
    append(1)

    with pytest.raises(audit_exports.TooMany, match="colour"):
        audit_exports.ask(IVO, "bundle", {"q": "colour:red"})

    assert not AuditExport.objects.exists()


def test_the_last_anchor_goes_along(settings: Any, tmp_path: Path, monkeypatch: Any) -> None:
    # By hand, without a thread of this process.
    monkeypatch.setattr(anchoring, "after_append", lambda: None)
    settings.AUDIT_ANCHORS = [f"file://{tmp_path}/anchors.txt"]
    append(3)
    anchors.anchor_now()
    append(2)

    manifest = json.loads(bundle(made())["manifest.json"])

    assert manifest["last_anchor"].splitlines()[1] == "3"


def test_nothing_that_matches_is_a_bundle_too() -> None:
    append(1)

    export = made(action="nothing.like.it")

    assert export.state == State.DONE
    assert bundle(export)["entries.jsonl"] == b""


def test_asking_making_and_taking_are_on_record_with_what_and_how_many() -> None:
    append(4)

    read(made(action="test.happened"))

    assert actions() == ["audit.export_asked", "audit.export_finished", "audit.export_downloaded"]
    asked, finished, taken = AuditEntry.objects.filter(action__contains="export").order_by("seq")
    assert (asked.actor_id, finished.actor, taken.actor_id) == ("7", "Linkdesk", "7")
    assert json.loads(asked.body)["query"] == "action:test.happened"
    assert json.loads(finished.body)["count"] == 4


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1"])
def test_no_cell_is_a_formula(cell: str) -> None:
    assert defuse(cell) == f"'{cell}"


def test_a_spreadsheet_gets_every_entry_and_no_formula() -> None:
    evil = '=HYPERLINK("http://evil.example","x")'
    change = {"class": "public", "label": "=cmd", "before": "a", "after": "b"}
    audit.record(
        Kind.EVENT, "customer.changed", actor=Actor("1", evil, "agent"), target=Target("@t", "-x"),
        facts={"changes": [change], "reason": "+1", "note": 'quotes " and\nlines'},
    )  # fmt: skip

    raw = read(made("csv"))

    assert raw.startswith(b"\xef\xbb\xbf")
    header, row = csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline=""))
    told = dict(zip(header, row, strict=True))
    assert told["Actor"] == f"'{evil}"
    assert told["Changes"] == "'=cmd: a → b"
    assert (told["Target"], told["Target id"], told["Reason"]) == ("'-x", "'@t", "'+1")
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in row)


def test_a_report_shows_the_query_the_chain_and_the_changes() -> None:
    change = {"class": "public", "label": "Access <mode>", "before": "recurrent", "after": "single"}
    audit.record(Kind.INTENT, "operation.intent", actor=IVO, facts={"changes": [change]})
    AuditCheck.objects.create(scope="full", at=timezone.now(), ok=True, entries=1, seq=1)

    page = read(made("report", kind="intent")).decode()

    assert "Entries with kind “Intent”" in page
    assert "Access &lt;mode&gt;" in page and "recurrent" in page and "single" in page
    assert page.index("whole, ") < page.index("recurrent") < page.index("End of the report: 1 entry.")
    assert "<style" not in page and "<script" not in page


def test_a_report_that_is_too_long_is_refused_before_and_never_cut(monkeypatch: Any) -> None:
    append(3)
    monkeypatch.setattr(audit_exports, "REPORT_MAX_ENTRIES", 2)

    with pytest.raises(audit_exports.TooMany, match="never cut"):
        audit_exports.ask(IVO, "report", {})

    assert not AuditExport.objects.exists()
    assert actions() == []


def test_the_file_is_private_and_of_its_recorded_sum(folder: Path) -> None:
    append(1)

    export = made()

    [file] = folder.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert hashlib.sha256(file.read_bytes()).hexdigest() == export.sha256


@pytest.mark.parametrize("damage", ["cut", "changed", "gone"])
def test_a_file_that_is_not_what_was_written_is_not_handed_out(folder: Path, damage: str) -> None:
    append(1)
    export = made()
    [file] = folder.iterdir()
    body = file.read_bytes()
    match damage:
        case "cut":
            file.write_bytes(body[:-1])
        case "changed":
            file.write_bytes(body[:-1] + b"x")
        case _:
            file.unlink()

    with pytest.raises(files.FileChanged):
        audit_exports.open_file(export, IVO)

    assert AuditEntry.objects.get(action="audit.export_downloaded").result == "broken"


def test_a_missing_entry_is_never_passed_over(monkeypatch: Any) -> None:
    """The stretch keeps its promise in the manifest, so that the verifier names the hole."""
    append(4)
    tamper("DELETE FROM dashboard_auditentry WHERE seq = 2")

    manifest = json.loads(bundle(made())["manifest.json"])

    assert (manifest["count"], manifest["contiguous"], manifest["last_seq"]) == (3, True, 4)


def test_fewer_entries_than_counted_end_as_failed(monkeypatch: Any, folder: Path) -> None:
    append(4)
    whole = audit_bundle.batches
    monkeypatch.setattr(audit_bundle, "batches", lambda entries: (rows[:-1] for rows in whole(entries)))

    export = made()

    assert export.state == State.FAILED
    assert "4 entries were counted and 3 read" in export.failure
    assert list(folder.iterdir()) == []
    assert AuditEntry.objects.get(action="audit.export_finished").result == "failed"


def test_an_entry_that_cannot_be_read_is_named(folder: Path) -> None:
    append(3)
    wrong = "X'00ff'" if _is_sqlite() else "NULL"
    if not _is_sqlite():
        tamper("ALTER TABLE dashboard_auditentry ALTER COLUMN actor DROP NOT NULL")
    tamper(f"UPDATE dashboard_auditentry SET actor = {wrong} WHERE seq = 2")

    export = made()

    assert (export.state, list(folder.iterdir())) == (State.FAILED, [])
    assert "ntry 2 " in export.failure


def _is_sqlite() -> bool:
    from django.db import connection

    return connection.vendor == "sqlite"


# -- crashes


def crashing(count: int) -> Iterator[list[dict[str, Any]]]:
    raise KeyboardInterrupt


def test_a_crash_leaves_nothing_to_serve_and_the_next_run_begins_anew(monkeypatch: Any, folder: Path) -> None:
    append(3)
    export = audit_exports.ask(IVO, "bundle", {})
    with monkeypatch.context() as patch:
        patch.setattr(audit_bundle, "batches", crashing)
        with pytest.raises(KeyboardInterrupt):
            audit_exports.make_next()
    (folder / f"{export.pk}.zip.dead.part").write_bytes(b"half")
    export.refresh_from_db()
    assert export.state == State.RUNNING

    assert audit_exports.look_after() is False  # it may still live
    assert audit_exports.make_next() is False
    AuditExport.objects.update(beat_at=timezone.now() - audit_exports.STALE - timedelta(seconds=1))
    assert audit_exports.look_after() is True
    assert audit_exports.make_next() is True

    export.refresh_from_db()
    assert (export.state, export.attempts, export.written) == (State.DONE, 2, 3)
    assert len(bundle(export)["digests.txt"].split()) == 3


def test_a_worker_that_dies_each_time_is_given_up_in_words() -> None:
    append(1)
    export = audit_exports.ask(IVO, "bundle", {})
    AuditExport.objects.update(
        state=State.RUNNING, claim="x", attempts=audit_exports.MAX_ATTEMPTS,
        beat_at=timezone.now() - timedelta(hours=1),
    )  # fmt: skip

    audit_exports.look_after()

    export.refresh_from_db()
    assert export.state == State.FAILED
    assert "stopped 3 times" in export.failure


def test_a_run_that_was_taken_over_changes_nothing(monkeypatch: Any, folder: Path) -> None:
    append(1)
    export = audit_exports.ask(IVO, "bundle", {})
    whole = audit_bundle.batches

    def taken_over(entries: Any) -> Any:
        AuditExport.objects.update(claim="another")
        return whole(entries)

    monkeypatch.setattr(audit_bundle, "batches", taken_over)
    audit_exports.make_next()

    export.refresh_from_db()
    assert (export.state, export.claim, export.sha256) == (State.RUNNING, "another", "")
    assert list(folder.iterdir()) == []


def test_what_cannot_be_put_on_record_is_not_finished(monkeypatch: Any) -> None:
    append(1)
    export = audit_exports.ask(IVO, "bundle", {})
    with monkeypatch.context() as patch:
        patch.setattr("django.conf.settings.AUDIT_KEYS", [])
        assert audit_exports.make_next() is False

    export.refresh_from_db()
    assert export.state != State.DONE
    AuditExport.objects.update(beat_at=timezone.now() - timedelta(hours=1))
    audit_exports.look_after()
    assert audit_exports.make_next()
    export.refresh_from_db()
    assert export.state == State.DONE


def test_a_full_disk_is_told_in_words(monkeypatch: Any, folder: Path) -> None:
    append(1)

    def full(entries: Any) -> Any:
        raise OSError(28, "No space left on device", "/secret/path")

    monkeypatch.setattr(audit_bundle, "batches", full)
    export = made()

    assert (export.state, export.failure) == (State.FAILED, "The file could not be written: No space left on device.")


def test_old_files_go_and_their_rows_stay(folder: Path) -> None:
    append(1)
    export = made()
    AuditExport.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    audit_exports.remove_old()

    export.refresh_from_db()
    assert (export.state, list(folder.iterdir())) == (State.EXPIRED, [])
    assert AuditEntry.objects.get(action="audit.export_removed").actor == SYSTEM.text


def test_one_person_cannot_fill_the_queue() -> None:
    for _ in range(audit_exports.MAX_WAITING):
        audit_exports.ask(IVO, "csv", {})

    with pytest.raises(audit_exports.TooMany, match="waiting or being made"):
        audit_exports.ask(IVO, "csv", {})


def test_a_query_is_said_in_words() -> None:
    assert in_words({}) == "All entries"
    assert in_words({"kind": "intent", "actor": "ana", "until": "2026-03-01"}) == (
        "Entries with kind “Intent”, actor “ana”, up to and with 2026-03-01"
    )
