"""The verifier as one file on another machine: copied away from the project, its own process, an isolated Python."""

from __future__ import annotations

import base64
import json
import shutil
import sqlite3
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from dashboard import audit_verifier, signing
from dashboard.models import AuditEntry
from tests import databases

from .audit_samples import append

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Return a copy of a database with seven entries; only SQLite has a file to copy."""
    if connection.vendor != "sqlite":
        pytest.skip("an SQLite file is looked at here; tests of the walk run on both databases")
    append(7)
    copy = tmp_path / "copy.sqlite3"
    with sqlite3.connect(databases.current()) as source, sqlite3.connect(copy) as target:
        source.backup(target)
    return copy


def look(source: Path, *options: str) -> tuple[int, list[tuple[str, int]]]:
    script = source.parent / "audit_verifier.py"
    shutil.copy(ROOT / "dashboard" / "audit_verifier.py", script)
    (source.parent / "keys").write_text("\n".join(settings.AUDIT_KEYS))
    command = [sys.executable, "-I", str(script), str(source), "--json", "--keys", str(source.parent / "keys")]
    ran = subprocess.run([*command, *options], capture_output=True, text=True, cwd=source.parent, check=False)
    assert ran.returncode < 2, ran.stderr
    found = json.loads(ran.stdout)["findings"]
    return ran.returncode, [(finding["kind"], finding["seq"]) for finding in found]


def change(source: Path, statement: str) -> None:
    with sqlite3.connect(source) as database:
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f"DROP TRIGGER {name}")
        database.execute(statement)


def anchor(seq: int, origin: str = "desk/audit", mac: bytes = b"") -> str:
    encoded = base64.b64encode(mac or bytes(AuditEntry.objects.get(seq=seq).mac)).decode()
    return signing.sign_note([origin, str(seq), encoded, "2026-11-26T10:00:00Z"])


def trusted() -> list[str]:
    return [part for name, key in signing.public_keys().items() for part in ("--public-key", f"{name}={key}")]


def test_a_whole_log_is_whole(log: Path) -> None:
    assert look(log) == (0, [])


def test_it_names_every_place_that_was_touched(log: Path) -> None:
    change(log, "UPDATE dashboard_auditentry SET actor = 'x' WHERE seq = 2")
    change(log, "DELETE FROM dashboard_auditentry WHERE seq = 5")

    assert look(log) == (1, [("mac", 2), ("gap", 5)])


def test_a_log_shorter_than_its_anchor_was_put_back(log: Path) -> None:
    anchors = log.parent / "anchors"
    anchors.write_text(anchor(3) + "\n" + anchor(7))
    change(log, "DELETE FROM dashboard_auditentry WHERE seq > 5")
    change(log, "UPDATE dashboard_audithead SET seq = 5, mac = (SELECT mac FROM dashboard_auditentry WHERE seq = 5)")

    assert look(log) == (0, []), "a chain alone does not know its end"
    assert look(log, "--anchors", str(anchors), *trusted()) == (1, [("rollback", 6)])


def test_an_anchor_that_nobody_signed_is_no_proof(log: Path) -> None:
    anchors = log.parent / "anchors"
    anchors.write_text(anchor(3).replace("\n3\n", "\n4\n"))

    assert look(log, "--anchors", str(anchors), *trusted()) == (1, [("bad_anchor", 1)])


def test_it_goes_on_from_a_checkpoint(log: Path) -> None:
    mac = bytes(AuditEntry.objects.get(seq=4).mac).hex()
    change(log, "UPDATE dashboard_auditentry SET actor = 'x' WHERE seq IN (2, 6)")

    assert look(log, "--since", f"4:{mac}") == (1, [("mac", 6)])
    assert look(log, "--since", f"4:{'00' * 32}")[1][0] == ("prev", 5)


def test_one_entry_is_checked_with_its_neighbours(log: Path) -> None:
    change(log, "UPDATE dashboard_auditentry SET actor = 'x' WHERE seq IN (1, 4)")

    assert look(log, "--entry", "6") == (0, [])
    assert look(log, "--entry", "5") == (1, [("mac", 4)])


def test_the_walk_knows_anchors_on_every_database() -> None:
    append(3)
    rows = list(AuditEntry.objects.order_by("seq").values(*audit_verifier.COLUMNS))
    walk = audit_verifier.Walk(None, anchors={2: b"another"})

    for row in rows:
        walk.look_at(row)

    assert [(each.kind, each.seq) for each in walk.findings] == [("rollback", 2)]


# -- what must not pass for proof


def dump(folder: Path, *lines: str) -> str:
    folder.mkdir(exist_ok=True)
    path = folder / "entries.jsonl"
    path.write_text("".join(f"{line}\n" for line in lines))
    return str(path)


def lines_of(count: int) -> list[str]:
    append(count)
    rows = AuditEntry.objects.order_by("seq").values(*audit_verifier.COLUMNS)
    return [json.dumps(row | {name: bytes(row[name]).hex() for name in ("mac", "prev_mac")}) for row in rows]


@pytest.fixture
def status(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    monkeypatch.setenv("AUDIT_KEYS", ",".join(settings.AUDIT_KEYS))

    def run(*arguments: str) -> tuple[int, str]:
        code = audit_verifier.main([*arguments])
        out, err = capsys.readouterr()
        return code, out + err

    return run


def test_nothing_to_check_is_not_whole(tmp_path: Path, status: Any) -> None:
    lines = lines_of(6)
    (tmp_path / "anchors").write_text("")
    whole, short = dump(tmp_path, *lines), dump(tmp_path / "short", *lines[:4])

    assert status(whole)[0] == 0
    assert status(short, "--entry", "5")[0] == 1
    assert status(whole, "--entry", "99")[0] == status(whole, "--entry", "0")[0] == 2
    assert status(whole, "--since", f"99:{'aa' * 32}")[0] == status(whole, "--since", "5:")[0] == 2
    assert "no anchor" in status(whole, "--anchors", str(tmp_path / "anchors"))[1]
    assert status(dump(tmp_path))[0] == 2


def anchored(tmp_path: Path, *notes: str) -> list[str]:
    path = tmp_path / "anchors"
    path.write_text("\n".join(notes))
    return ["--anchors", str(path), *trusted()]


def test_it_says_up_to_where_anchors_confirm_the_log(tmp_path: Path, status: Any) -> None:
    whole = dump(tmp_path, *lines_of(6))
    mac = bytes(AuditEntry.objects.get(seq=4).mac).hex()

    assert "its end rests on the source alone" in status(whole)[1]
    assert "anchors confirm it up to entry 5" in status(whole, *anchored(tmp_path, anchor(3), anchor(5)))[1]
    assert "anchors confirm it up to entry 4" in status(whole, "--since", f"4:{mac}", *anchored(tmp_path, anchor(4)))[1]
    before = status(whole, "--since", f"4:{mac}", *anchored(tmp_path, anchor(2)))
    assert (before[0], "none of the 1 anchors is of an entry that was looked at" in before[1]) == (0, True)


def test_one_entry_is_compared_with_its_anchor(tmp_path: Path, status: Any) -> None:
    whole = dump(tmp_path, *lines_of(6))

    assert status(whole, "--entry", "3", *anchored(tmp_path, anchor(3), anchor(5)))[0] == 0
    assert status(whole, "--entry", "3", *anchored(tmp_path, anchor(3, mac=b"another"), anchor(5)))[0] == 1


@pytest.mark.parametrize("origins", [(), ("desk/audit",)])
def test_an_anchor_of_another_log_under_the_same_key_is_none_of_this_one(
    tmp_path: Path, status: Any, origins: tuple[str, ...]
) -> None:
    whole = dump(tmp_path, *lines_of(4))
    options = [part for origin in origins for part in ("--origin", origin)]
    both = anchored(tmp_path, anchor(2), anchor(3, "other/audit", b"theirs"))

    code, told = status(whole, *both, *options)

    if origins:
        assert (code, "up to entry 2" in told) == (0, True)
    else:
        assert (code, told.split()[0]) == (1, "bad_anchor")
        assert "is of the log “other/audit”, the ones before it are of “desk/audit”" in told
    theirs = anchored(tmp_path, anchor(4, "other/audit"))
    assert "no anchor of desk/audit" in status(whole, *theirs, "--origin", "desk/audit")[1]
    assert status(whole, *theirs, "--origin", "desk/audit", "--origin", "other/audit")[0] == 0


def test_the_note_of_an_export_is_no_anchor(tmp_path: Path, status: Any) -> None:
    note = signing.sign_note(["desk/audit", audit_verifier.EXPORT_FORMAT, "00" * 32])

    code, told = status(dump(tmp_path, *lines_of(2)), *anchored(tmp_path, note), "--origin", "desk/audit")

    assert (code, told.split()[0]) == (1, "bad_anchor")


def test_many_bad_anchors_do_not_hide_what_is_wrong_with_the_log(
    tmp_path: Path, status: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_verifier, "MAX_FINDINGS", 3)
    lines = lines_of(3)
    bad = anchored(tmp_path, *[anchor(1).replace("\n1\n", "\n2\n")] * 9)

    code, told = status(dump(tmp_path, lines[0], lines[2]), *bad)

    assert code == 1
    assert told.startswith("gap ")


def test_a_checkpoint_that_was_not_anchored_so_is_no_checkpoint(tmp_path: Path, status: Any) -> None:
    whole = dump(tmp_path, *lines_of(6))
    (tmp_path / "anchors").write_text(anchor(4))

    code, told = status(whole, "--since", f"4:{'aa' * 32}", "--anchors", str(tmp_path / "anchors"), *trusted())

    assert (code, told.split()[:3]) == (1, ["rollback", "entry", "4:"])


@pytest.mark.parametrize(
    "forged",
    [
        lambda line: line.replace("{", '{"approved_by": "boss", ', 1),
        lambda line: line.replace("{", '{"body": "another", ', 1),
        lambda line: '{"seq": 2}',
        lambda line: "[]",
        lambda line: "[" * 100_000,
    ],
    ids=["what no code covers", "a name twice", "no columns", "no object", "far too deep"],
)
def test_a_line_that_is_no_entry_is_a_finding_and_the_walk_goes_on(tmp_path: Path, status: Any, forged: Any) -> None:
    lines = lines_of(3)

    code, told = status(dump(tmp_path, lines[0], forged(lines[1]), lines[2]))

    assert code == 1
    assert "mac  " in told
    assert "3 entries read" in told


def test_an_export_holds_its_four_files_once(tmp_path: Path) -> None:
    path = tmp_path / "export.zip"
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(path, "w") as bundle:
        for name in ("entries.jsonl", "entries.jsonl", "digests.txt", "manifest.note"):
            bundle.writestr(name, "")
        bundle.writestr("manifest.json", "{}")

    found, _ = audit_verifier.verify_bundle(path, {})

    assert "it holds other files than the four of an export, or one of them twice" in [
        each.text for each in found.findings
    ]


def test_a_long_file_without_an_empty_line_is_read_in_no_time() -> None:
    line = '<109>1 - desk linkdesk 1 anchor - {"note": "' + "x" * 400 + '"}\n'
    began = time.process_time()

    assert len(audit_verifier.notes_in(line * 2000)) == 2000

    assert time.process_time() - began < 5
