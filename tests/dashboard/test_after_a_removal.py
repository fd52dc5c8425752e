"""The desk goes on after a segment has left its log: anchors, exports, and what is told of people."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from dashboard import roles, signing
from dashboard.audit_verifier import main, verify_bundle
from dashboard.models import AuditAnchor, AuditEntry, AuditExport, AuditSegment, AuditTerm, User
from dashboard.services import access_review, anchoring, anchors, audit_check, audit_exports, audit_gate
from dashboard.services.audit import Actor, Kind, record, verify
from dashboard.services.audit_removal import remove
from tests import people

from .audit_samples import append, tamper
from .pages import client_of, words
from .segments import at, kept, log_of, released

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def kept_for_a_month(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.AUDIT_KEPT_MONTHS = 1
    settings.EXPORTS_DIR = tmp_path / "exports"
    monkeypatch.setattr(anchoring, "after_append", lambda: None)


@pytest.fixture
def auditor() -> User:
    return people.member("auditor")


@pytest.fixture
def sink(settings: Any, tmp_path: Path) -> Path:
    path = tmp_path / "anchors.txt"
    settings.AUDIT_ANCHORS = [f"file://{path}"]
    return path


def three_months() -> AuditSegment:
    log_of("2026-06", "2026-07", "2026-08")
    return AuditSegment.objects.get(month="2026-06")


def without_june(auditor: User) -> AuditSegment:
    june = three_months()
    remove("2026-06", released(june, auditor, people.member("approver")))
    return june


def test_all_that_the_sinks_keep_is_compared_and_what_has_left_is_not_missed(
    auditor: User, sink: Path, settings: Any
) -> None:
    addresses, settings.AUDIT_ANCHORS = settings.AUDIT_ANCHORS, []
    june = three_months()
    settings.AUDIT_ANCHORS = addresses
    entries = AuditEntry.objects.order_by("seq").values_list("seq", "mac")
    sink.write_text("\n".join(anchors.note_of(seq, bytes(mac), timezone.now()) for seq, mac in entries))
    anchors.anchor_now()
    remove("2026-06", released(june, auditor, people.member("approver")))
    anchors.anchor_now()

    found = verify()

    assert (found.findings, found.begins_after, found.anchored) == ((), june.last_seq, found.seq)
    assert audit_gate.look() is None
    assert audit_check.check_all().ok and audit_check.check_new().ok


def test_a_sink_that_was_away_while_its_last_anchor_left_is_told_again(
    auditor: User, sink: Path, settings: Any
) -> None:
    with at("2026-06"):
        append()
        anchors.anchor_now()
    addresses, settings.AUDIT_ANCHORS = settings.AUDIT_ANCHORS, []
    without_june(auditor)
    settings.AUDIT_ANCHORS = addresses

    anchors.look_at_standing()
    anchors.anchor_now()

    row = AuditAnchor.objects.get()
    assert (row.finding, row.seq) == ("", verify().seq)


def test_rows_that_say_so_do_not_make_a_cut_tail_one_that_has_left(sink: Path) -> None:
    append(5)
    anchors.anchor_now()
    AuditSegment.objects.create(
        month="2026-09", first_seq=1, last_seq=90, last_mac=b"x" * 32, removed_at=timezone.now()
    )
    tamper("DELETE FROM dashboard_auditentry WHERE seq >= 4")

    anchors.look_at_standing()

    assert "entry 5 was anchored" in AuditAnchor.objects.get().finding


def test_a_new_sink_that_takes_nothing_closes_the_desk(auditor: User, sink: Path, settings: Any) -> None:
    addresses, settings.AUDIT_ANCHORS = settings.AUDIT_ANCHORS, []
    without_june(auditor)
    settings.AUDIT_ANCHORS = addresses
    sink.mkdir()
    anchors.anchor_now()

    closed = audit_gate.look()

    assert closed is not None and closed.code == "audit_anchor_overdue"


def test_an_export_says_where_the_log_began(auditor: User, settings: Any, tmp_path: Path, capsys: Any) -> None:
    june = without_june(auditor)
    for filters, count in (({"q": f"seq:1..{june.last_seq + 2}"}, 2), ({"q": june.query}, 0)):
        export = audit_exports.ask(Actor.of(auditor), AuditExport.Form.BUNDLE, filters)
        while audit_exports.make_next():
            pass
        path = kept(settings.EXPORTS_DIR / f"{export.pk}.zip")

        found, manifest = verify_bundle(path, signing.public_keys())

        assert found.ok and (found.entries, manifest["log_begins_after"]) == (count, june.last_seq)
        named = [part for name, key in signing.public_keys().items() for part in ("--public-key", f"{name}={key}")]
        main([str(path), *named])
        assert f"Entries up to {june.last_seq} had left the log" in capsys.readouterr().out


def test_who_has_not_used_a_right_since_is_not_said_never_to_have_used_it(auditor: User) -> None:
    with at("2026-06"):
        record(Kind.READ, "audit.read", actor=Actor.of(auditor))
    assert all(use.never == "never" for use in access_review.uses_of(auditor).uses)

    without_june(people.member("auditor", email="another@desk.example"))

    [use] = [each for each in access_review.uses_of(auditor).uses if each.right == roles.READ_AUDIT]
    assert (use.at, use.never) == (None, "not after 2026-06")
    admin = client_of(people.member("admin"))
    assert "not after 2026-06" in words(admin.get(reverse("access-review")))
    assert ",not after 2026-06," in "".join(access_review.as_csv())


def test_the_index_is_rebuilt_from_what_is_here(auditor: User) -> None:
    without_june(auditor)
    before = set(AuditTerm.objects.values_list("name", "value", "seq"))

    call_command("index_audit", "--empty-first")

    assert set(AuditTerm.objects.exclude(seq=0).values_list("name", "value", "seq")) == {
        each for each in before if each[2]
    }
