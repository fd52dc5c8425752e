"""The worker looks through the log: what is new, and all of it; what is said of it, and when it is put on record."""

from __future__ import annotations

import io
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from dashboard import audit_verifier, signing
from dashboard.models import AuditAnchor, AuditCheck, AuditEntry
from dashboard.services import anchoring, anchors, audit_check, audit_exports
from dashboard.services.audit import SYSTEM, Actor, AuditClosed, Kind, record, verify
from dashboard.services.audit_status import status
from dashboard.services.audit_verdict import Verdict
from dashboard.triggers import install_triggers
from tests import people

from . import pages
from .audit_samples import append, run, tamper, triggers_off

pytestmark = pytest.mark.django_db


@pytest.fixture
def file(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(anchoring, "after_append", lambda: None)
    path = tmp_path / "anchors.txt"
    settings.AUDIT_ANCHORS = [f"file://{path}"]
    return path


def told() -> list[str]:
    return list(AuditEntry.objects.filter(action="audit.verified").order_by("seq").values_list("result", flat=True))


def test_only_what_is_new_is_looked_at_and_nothing_is_said_while_all_is_well() -> None:
    append(5)
    assert audit_check.check_new().entries == 5
    append(2)
    assert audit_check.check_new().entries == 2
    assert audit_check.check_new().entries == 0

    assert told() == []
    assert (status().verdict, status().verified_whole_at) == (Verdict.WHOLE, None)


def test_the_night_looks_at_all_and_says_so() -> None:
    append(5)
    audit_check.check_new()

    assert audit_check.check_all().entries == 5
    assert told() == ["ok"]
    assert status().verified_whole_at is not None


def test_what_is_wrong_is_said_once_and_so_is_its_end() -> None:
    append(5)
    audit_check.check_new()
    append(2)
    body = AuditEntry.objects.get(seq=6).body
    tamper("UPDATE dashboard_auditentry SET body = '{}' WHERE seq = 6")

    audit_check.check_new()
    audit_check.check_new()
    assert told() == ["broken"]
    assert (status().verdict, status().first_finding) == (Verdict.BROKEN, "mac at entry 6: is not what was written")

    run("UPDATE dashboard_auditentry SET body = %s WHERE seq = 6", body)
    audit_check.check_new()
    assert told() == ["broken", "ok"]
    assert status().verdict == Verdict.WHOLE


def test_rows_that_name_an_entry_past_the_end_are_found() -> None:
    append(5)
    audit_check.check_new()
    with triggers_off():
        run("DELETE FROM dashboard_auditentry WHERE seq > 3")
        run("UPDATE dashboard_audithead SET seq = 3, mac = (SELECT mac FROM dashboard_auditentry WHERE seq = 3)")

    found = [(each.kind, each.seq) for each in verify().findings]

    assert found == [("row_points_past_end", 4)]


def test_a_look_compares_with_what_the_sinks_keep(file: Path) -> None:
    append(5)
    anchors.anchor_now()
    AuditAnchor.objects.all().delete()
    with triggers_off():
        run("DELETE FROM dashboard_auditentry WHERE seq > 3")
        run("UPDATE dashboard_audithead SET seq = 3, mac = (SELECT mac FROM dashboard_auditentry WHERE seq = 3)")

    assert [(each.kind, each.seq) for each in verify().findings] == [("rollback", 4)]


def _anchor_of(seq: int, mac: bytes = b"") -> str:
    return anchors.note_of(seq, mac or bytes(AuditEntry.objects.get(seq=seq).mac), timezone.now()) + "\n"


def test_a_look_from_a_checkpoint_compares_with_anchors_at_it_and_before_it(file: Path) -> None:
    append(6)
    start = (4, bytes(AuditEntry.objects.get(seq=4).mac))

    def found(*notes: str, start: tuple[int, bytes] = start) -> list[tuple[str, int]]:
        file.write_text("".join(notes))
        return [(each.kind, each.seq) for each in verify(start).findings]

    assert found(_anchor_of(2), _anchor_of(4)) == []
    assert verify(start).anchored == 4
    assert found(_anchor_of(2), _anchor_of(4, b"x" * 32)) == [("rollback", 4)]
    assert found(_anchor_of(2, b"x" * 32), _anchor_of(4)) == [("rollback", 2)]
    assert ("rollback", 4) in found(start=(4, b"x" * 32))
    with triggers_off():
        run("DELETE FROM dashboard_auditentry WHERE seq IN (1, 3)")
    # Whether what came before the beginning may be gone, the whole walk says.
    assert found(_anchor_of(1, b"x" * 32), _anchor_of(2)) == []
    assert found(_anchor_of(2), _anchor_of(3, b"x" * 32)) == [("gap", 3)]


def test_a_look_from_a_checkpoint_sees_that_its_entry_is_gone() -> None:
    append(4)
    start = (4, bytes(AuditEntry.objects.get(seq=4).mac))
    with triggers_off():
        run("DELETE FROM dashboard_auditentry WHERE seq = 4")

    assert [(each.kind, each.seq) for each in verify(start).findings] == [("gap", 4)]


def test_a_night_that_was_missed_is_made_up_for() -> None:
    append(5)
    audit_check.check_all()

    with time_machine.travel(timezone.now() + timedelta(hours=27), tick=True):
        assert audit_check.check_new().entries == 6
        # The entry that tells of it.
        assert audit_check.check_new().entries == 1

    assert told() == ["ok", "ok"]


# -- what a finding means


def _find(what: str) -> None:
    entry = append(2)
    with time_machine.travel(timezone.now() - timedelta(hours=1)):
        record(Kind.INTENT, "operation.intent", actor=SYSTEM, operation_id="op-1")
    if what == "witness":
        AuditAnchor.objects.update_or_create(sink=_sinks()[0], defaults={"seq": entry.seq, "mac": bytes(entry.mac)})
    if what == "broken":
        tamper("UPDATE dashboard_auditentry SET body = '{}' WHERE seq = 2")
        install_triggers(connection)


def _sinks() -> list[str]:
    return [sink.name for sink in anchors.configured()]


CHIPS = {
    "open_changes": "1 change unanswered",
    "witness": "Anchors in doubt",
    "broken": "Chain broken",
}


@pytest.mark.parametrize("what", CHIPS)
def test_a_finding_is_called_what_it_is(file: Path, client: Client, settings: Any, what: str) -> None:
    settings.AUDIT_ANCHOR_LIMIT_S = 9000
    _find(what)

    audit_check.check_new()

    assert status().verdict == what
    assert told() == ["broken" if what == "broken" else "findings"]
    client.force_login(people.member("auditor"))
    page = pages.words(client.get(reverse("audit-status")))
    assert f"{CHIPS[what]}, seen" in page
    assert ("Keep the database and its backups" in page) == (what == "broken")
    assert ("Nobody touched the log" in page) == (what == "open_changes")
    AuditCheck.objects.update(kinds="")
    assert status().verdict == what


def test_the_gravest_of_two_looks_counts() -> None:
    for scope, kinds in (("new", "orphan_intent"), ("full", "mac orphan_intent")):
        AuditCheck.objects.create(
            scope=scope, at=timezone.now(), ok=False, entries=1, seq=1, findings=2, first_finding=kinds, kinds=kinds
        )

    assert status().verdict == Verdict.BROKEN


def test_the_page_says_which_sinks_can_be_compared(file: Path, client: Client, settings: Any) -> None:
    settings.AUDIT_ANCHORS = [f"file://{file}", "syslog://127.0.0.1:514", "https://witness.example/"]
    client.force_login(people.member("auditor"))

    page = pages.words(client.get(reverse("audit-status")))

    said = {sink: page.split(sink)[1] for sink in _sinks()}
    assert said[f"file://{file}"].startswith(" no anchor; compared with the log at each start and before each anchor")
    assert said["syslog://127.0.0.1:514"].startswith(" no anchor; a witness only")
    assert said["https://witness.example/"].startswith(" no anchor; a witness only")


# -- the command


def say(*arguments: str) -> str:
    said = io.StringIO()
    try:
        call_command("verify_audit", *arguments, stdout=said)
    except SystemExit:
        said.write("(findings)")
    return said.getvalue()


def test_a_backup_that_had_to_be_restored_is_accepted_on_record(file: Path) -> None:
    append(5)
    anchors.anchor_now()
    with triggers_off():
        run("DELETE FROM dashboard_auditentry WHERE seq > 3")
        run("UPDATE dashboard_audithead SET seq = 3, mac = (SELECT mac FROM dashboard_auditentry WHERE seq = 3)")
        install_triggers(connection)
    AuditAnchor.objects.all().delete()
    anchors.look_at_standing()
    with pytest.raises(AuditClosed), transaction.atomic():
        record(Kind.EVENT, "customer.created", actor=SYSTEM)

    said = say("--accept-rollback", "The disk broke, see ticket 7")

    assert "Accepted" in said
    # The witness remembers: it is accepted, not undone.
    assert "rollback" in said
    entry = AuditEntry.objects.get(action="anchor.rollback_accepted")
    assert "ticket 7" in entry.body
    anchors.look_at_standing()
    record(Kind.EVENT, "customer.created", actor=SYSTEM)


def test_nothing_is_accepted_where_nothing_was_found(file: Path) -> None:
    append(2)
    anchors.anchor_now()

    assert "Accepted" not in say("--accept-rollback", "why not")
    assert not AuditEntry.objects.filter(action="anchor.rollback_accepted").exists()


def test_the_command_prints_what_others_need_to_check_us() -> None:
    [line] = say("--public-keys").splitlines()

    name, _, key = line.partition("=")
    assert signing.public_keys() == {name: key}


def test_the_command_compares_with_a_collectors_file(tmp_path: Path) -> None:
    entry = append(3)
    path = tmp_path / "collected"
    path.write_text(anchors.note_of(9, bytes(entry.mac), timezone.now()))

    assert "entry 9 was anchored" in say("--anchors", str(path))
    with pytest.raises(CommandError, match="cannot be read"):
        say("--anchors", str(tmp_path / "missing"))


@pytest.mark.parametrize("text", ["", "no note at all", "of another log"])
def test_a_file_without_an_anchor_of_this_log_proves_nothing(tmp_path: Path, settings: Any, text: str) -> None:
    entry = append(3)
    path = tmp_path / "collected"
    path.write_text(text)
    if text == "of another log":
        settings.AUDIT_ORIGIN = "other/audit"
        path.write_text(anchors.note_of(3, bytes(entry.mac), timezone.now()))
        settings.AUDIT_ORIGIN = "localhost/audit"

    with pytest.raises(CommandError, match="no anchor of localhost/audit") as caught:
        say("--anchors", str(path))

    assert caught.value.returncode == 2


def test_a_dump_of_the_table_can_be_checked(tmp_path: Path) -> None:
    append(4, text='a "quoted", line\nand another')
    path = tmp_path / "entries.csv"
    _dump(path)
    keys = tmp_path / "keys"
    keys.write_text("a1:YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE=")

    assert audit_verifier.main([str(path), "--keys", str(keys)]) == 0

    path.write_text(path.read_text().replace("and another", "and an other", 1))
    assert audit_verifier.main([str(path), "--keys", str(keys)]) == 1


def _dump(path: Path) -> None:
    import csv

    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(audit_verifier.COLUMNS)
        for row in AuditEntry.objects.order_by("seq").values_list(*audit_verifier.COLUMNS):
            writer.writerow(["\\x" + bytes(cell).hex() if not isinstance(cell, int | str) else cell for cell in row])


def test_a_bundle_carries_the_newest_anchor_and_is_compared_with_it(file: Path, settings: Any, tmp_path: Path) -> None:
    settings.EXPORTS_DIR = str(tmp_path / "exports")
    entry = append(4)
    anchors.anchor_now()
    bundle = tmp_path / "export.zip"

    def export() -> list[tuple[str, int]]:
        made = audit_exports.ask(Actor("7", "Ivo", "auditor"), "bundle", {})
        assert audit_exports.make_next()
        made.refresh_from_db()
        with audit_exports.open_file(made, Actor("7", "Ivo", "auditor")) as opened:
            bundle.write_bytes(opened.read())
        found, manifest = audit_verifier.verify_bundle(bundle, signing.public_keys())
        assert f"\n{entry.seq}\n" in manifest["last_anchor"]
        return [(each.kind, each.seq) for each in found.findings]

    assert export() == []
    file.write_text(anchors.note_of(entry.seq, b"another", timezone.now()))
    assert export() == [("rollback", entry.seq)]


def test_an_export_is_bound_to_its_log(settings: Any, tmp_path: Path) -> None:
    settings.EXPORTS_DIR = str(tmp_path / "exports")
    entry = append(4)
    made = audit_exports.ask(Actor("7", "Ivo", "auditor"), "bundle", {})
    assert audit_exports.make_next()
    made.refresh_from_db()
    whole, forged = tmp_path / "export.zip", tmp_path / "forged.zip"
    with audit_exports.open_file(made, Actor("7", "Ivo", "auditor")) as opened:
        whole.write_bytes(opened.read())
    keys, seq = signing.public_keys(), entry.seq

    def found(path: Path, **options: Any) -> list[tuple[str, int]]:
        return [(each.kind, each.seq) for each in audit_verifier.verify_bundle(path, keys, **options)[0].findings]

    assert found(whole, origins=["localhost/audit"], anchors={seq: bytes(entry.mac)}) == []
    assert found(whole, origins=["other/audit"]) == [("bundle", 0)]
    assert found(whole, anchors={seq: b"another"}) == [("rollback", seq)]
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(forged, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "manifest.note":
                content = signing.sign_note(["other/audit", *content.decode().splitlines()[1:3]]).encode()
            target.writestr(name, content)
    assert found(forged) == [("bundle", 0)]
