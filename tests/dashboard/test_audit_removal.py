"""A segment leaves the log: two people release it, a command removes it with its export, and the proof goes on."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction

from dashboard import signing
from dashboard.models import Approval, AuditEntry, AuditReview, AuditReviewWalk, AuditSegment, AuditTerm, User
from dashboard.services import approvals, audit_check, audit_exports, audit_release, audit_removal, audit_segments
from dashboard.services.approval_rows import CannotPerform
from dashboard.services.audit import SYSTEM, Kind, record, verify
from dashboard.services.audit_removal import CannotRemove, remove
from dashboard.triggers import install_triggers, missing_triggers
from tests import databases, people

from .audit_samples import append, run, triggers_off
from .segments import agree_on, at, exported, log_of, released

VERIFIER = Path(audit_removal.__file__).parents[1] / "audit_verifier.py"
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def two_people(settings: Any, tmp_path: Path) -> Iterator[None]:
    settings.APPROVALS = ["retention"]
    settings.AUDIT_KEPT_MONTHS = 1
    settings.EXPORTS_DIR = tmp_path / "exports"
    yield


@pytest.fixture
def auditor() -> User:
    return people.member("auditor")


@pytest.fixture
def approver() -> User:
    return people.member("approver")


@pytest.fixture
def june() -> AuditSegment:
    log_of("2026-06", "2026-07")
    return AuditSegment.objects.get(month="2026-06")


def ask(segment: AuditSegment, actor: User) -> Approval:
    approval = audit_release.ask(segment, actor=actor, reason="Seven years are over")
    assert approval is not None
    return approval


def last(action: str) -> dict[str, Any]:
    entry = AuditEntry.objects.filter(action=action).order_by("-seq").first()
    assert entry is not None
    return json.loads(entry.body) | {"actor": entry.actor, "kind": entry.kind}


# -- released by two people


def test_a_segment_is_released_when_a_second_person_agrees(june: AuditSegment, auditor: User, approver: User) -> None:
    path = exported(june, auditor)
    approval = ask(june, auditor)
    june.refresh_from_db()
    assert june.released_at is None

    approvals.approve(approval, actor=approver)

    june.refresh_from_db()
    assert june.released_at is not None and june.approval == str(approval.pk)
    told = last("audit.segment_released")
    assert (told["segment"], told["approval"]) == ("2026-06", str(approval.pk))
    assert told["export_sha256"] == june.export_sha256 and path.exists()
    assert AuditEntry.objects.filter(seq__lte=june.last_seq).count() == june.count


def test_nobody_goes_on_alone_with_that(june: AuditSegment, auditor: User) -> None:
    exported(june, auditor)
    approval = ask(june, auditor)

    answer = approvals.go_alone(approval, actor=auditor, reason="There is nobody here tonight")

    assert isinstance(answer, approvals.NotDecided) and "alone" in answer.why
    june.refresh_from_db()
    assert june.released_at is None


def test_without_the_setting_one_person_releases(june: AuditSegment, auditor: User, settings: Any) -> None:
    settings.APPROVALS = []
    exported(june, auditor)

    assert audit_release.ask(june, actor=auditor, reason="Seven years are over") is None
    june.refresh_from_db()
    assert june.released_at is not None and june.approval == ""


def test_what_stands_against_a_release(june: AuditSegment, auditor: User, settings: Any) -> None:
    july = AuditSegment.objects.get(month="2026-07")
    assert "no export of it yet" in audit_release.why_not_release(june)
    assert "older segment is still here" in audit_release.why_not_release(july)
    exported(june, auditor)
    assert audit_release.why_not_release(june) == ""
    review = AuditReview.objects.create(seq=2, at="2026-06-10T12:00Z", action="x", rank=2)
    assert "1 of its entries still wait" in audit_release.why_not_release(june)
    review.delete()
    settings.AUDIT_KEPT_MONTHS = 84
    assert "kept until 2033-07" in audit_release.why_not_release(june)

    with pytest.raises(CannotPerform, match="kept until"):
        audit_release.ask(june, actor=auditor, reason="Now")
    assert not Approval.objects.exists()


def test_an_export_of_something_else_is_none_of_it(june: AuditSegment, auditor: User) -> None:
    for filters in ({}, {"q": f"seq:1..{june.last_seq - 1}"}, {"q": f"{june.query} kind:event"}):
        audit_exports.ask(audit_exports.Actor.of(auditor), "bundle", filters)
    audit_exports.ask(audit_exports.Actor.of(auditor), "csv", audit_segments.filters_of(june))
    while audit_exports.make_next():
        pass

    assert audit_segments.newest_export(june) is None


def test_a_request_is_void_when_the_segment_was_released_meanwhile(
    june: AuditSegment, auditor: User, approver: User
) -> None:
    exported(june, auditor)
    approval = ask(june, auditor)
    june.released_at = june.closed_at
    june.save()

    assert isinstance(approvals.approve(approval, actor=approver), approvals.NotDecided)


def test_a_release_can_be_taken_back(june: AuditSegment, auditor: User, approver: User) -> None:
    path = released(june, auditor, approver)

    assert audit_release.keep(june, actor=auditor)
    assert last("audit.segment_kept")["segment"] == "2026-06"
    assert not audit_release.keep(june, actor=auditor)
    with pytest.raises(CannotRemove, match="not released"):
        remove("2026-06", path)


# -- removed with the export at hand


def test_a_released_segment_leaves_and_the_proof_goes_on(june: AuditSegment, auditor: User, approver: User) -> None:
    path = released(june, auditor, approver)
    after = list(AuditEntry.objects.filter(seq__gt=june.last_seq).order_by("seq").values_list("seq", "mac"))

    remove("2026-06", path)

    assert list(AuditEntry.objects.order_by("seq").values_list("seq", "mac"))[:-1] == after
    found = verify()
    assert found.findings == () and found.begins_after == june.last_seq
    told = last("audit.segment_removed")
    assert told["last_mac"] == bytes(june.last_mac).hex() and told["approval"] == june.approval
    assert told["actor"] == "Somebody on the server"
    assert not AuditTerm.objects.filter(seq__gte=1, seq__lte=june.last_seq).exists()
    assert audit_segments.removed_with(2) == audit_segments.last_removed() == june
    assert audit_check.check_all().ok and audit_check.check_new().ok


def test_the_log_is_as_hard_to_change_afterwards_as_before(june: AuditSegment, auditor: User, approver: User) -> None:
    remove("2026-06", released(june, auditor, approver))

    assert missing_triggers(connection) == []
    for statement in ("DELETE FROM dashboard_auditentry", "UPDATE dashboard_auditentry SET body = '{}'"):
        with pytest.raises(IntegrityError), transaction.atomic():
            run(statement)
    append()
    assert verify().ok


def test_the_next_segment_leaves_after_it(june: AuditSegment, auditor: User, approver: User) -> None:
    remove("2026-06", released(june, auditor, approver))
    july = AuditSegment.objects.get(month="2026-07")

    remove("2026-07", released(july, auditor, approver))

    assert verify().begins_after == july.last_seq


def test_a_rehearsal_removes_nothing(june: AuditSegment, auditor: User, approver: User) -> None:
    path = released(june, auditor, approver)
    before = AuditEntry.objects.count()

    call_command("remove_audit_segment", "2026-06", "--export", str(path), "--rehearse")

    assert AuditEntry.objects.count() == before
    call_command("remove_audit_segment", "2026-06", "--export", str(path))
    assert AuditEntry.objects.count() == before - june.count + 1


def refusal(month: str, path: Path) -> str:
    """Return why the command removes nothing, and see that it is so."""
    before = list(AuditEntry.objects.values_list("seq", flat=True))
    with pytest.raises(CommandError) as refused:
        call_command("remove_audit_segment", month, "--export", str(path))
    assert list(AuditEntry.objects.values_list("seq", flat=True)) == before
    assert missing_triggers(connection) == []
    return str(refused.value)


def test_only_the_export_that_was_agreed_on_counts(
    june: AuditSegment, auditor: User, approver: User, tmp_path: Path
) -> None:
    path = released(june, auditor, approver)
    other = tmp_path / "other.zip"
    shutil.copy(path, other)
    with zipfile.ZipFile(other, "a") as bundle:
        bundle.writestr("more.txt", "more")

    assert "not the file that was agreed on" in refusal("2026-06", other)
    assert "cannot be read" in refusal("2026-06", tmp_path / "none.zip")
    assert "cannot be read" in refusal("2026-06", tmp_path)


def test_an_export_that_is_not_whole_removes_nothing(
    june: AuditSegment, auditor: User, approver: User, tmp_path: Path
) -> None:
    path = released(june, auditor, approver)
    broken, none = tmp_path / "broken.zip", tmp_path / "none.zip"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(broken, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b"test.happened", b"best.happened"))
    none.write_bytes(b"no zip")

    for file, words in ((broken, "is not whole"), (none, "cannot be checked")):
        agree_on(june, file)
        assert words in refusal("2026-06", file)


def test_a_bundle_of_other_entries_removes_nothing(june: AuditSegment, auditor: User, approver: User) -> None:
    released(june, auditor, approver)
    other = exported(AuditSegment.objects.get(month="2026-07"), auditor)
    agree_on(june, other)

    assert "does not have exactly the entries" in refusal("2026-06", other)


def test_what_is_not_released_or_not_there_stays(june: AuditSegment, auditor: User, approver: User) -> None:
    path = exported(june, auditor)

    assert "not released" in refusal("2026-06", path)
    assert "no closed segment" in refusal("2026-01", path)
    remove("2026-06", released(june, auditor, approver))
    assert "has left already" in refusal("2026-06", path)


def test_a_log_that_is_not_in_order_is_not_shortened(june: AuditSegment, auditor: User, approver: User) -> None:
    path = released(june, auditor, approver)
    run("DROP TRIGGER audit_head_forward" + ("" if databases.is_sqlite() else " ON dashboard_audithead"))

    with pytest.raises(CannotRemove, match="in order first"):
        remove("2026-06", path)


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM dashboard_auditentry WHERE seq = 2",
        # In what stays, too: the log is not shortened while somebody has to find out what was done to it.
        "UPDATE dashboard_auditentry SET actor = 'Ana' WHERE seq = 5",
    ],
)
def test_a_log_that_is_not_whole_is_not_shortened(
    june: AuditSegment, auditor: User, approver: User, change: str
) -> None:
    path = released(june, auditor, approver)
    with triggers_off():
        run(change)
    install_triggers(connection)

    assert "has to be in order first: entry" in refusal("2026-06", path)


def test_a_change_without_an_outcome_does_not_leave_unseen(auditor: User, approver: User) -> None:
    with at("2026-06"):
        record(Kind.INTENT, "operation.intent", actor=SYSTEM, operation_id="one")
    with at("2026-07"):
        record(Kind.INTENT, "operation.intent", actor=SYSTEM, operation_id="two")
    log_of("2026-08")
    path = released(AuditSegment.objects.get(month="2026-06"), auditor, approver)

    assert "entry 1, was sent, and there is no outcome" in refusal("2026-06", path)
    record(Kind.OUTCOME, "operation.outcome", actor=SYSTEM, operation_id="one", result="unknown")
    remove("2026-06", path)


def test_a_release_that_the_log_does_not_tell_of_is_none(june: AuditSegment, auditor: User, approver: User) -> None:
    """The owner of the database writes what rows they like."""
    forged = {"released_at": june.closed_at, "approval": "7", "export_sha256": ""}
    path = exported(june, auditor)
    forged["export_sha256"] = audit_removal._sha256_of(path)
    AuditSegment.objects.filter(pk="2026-06").update(**forged)
    assert "does not tell that 2026-06 was released" in refusal("2026-06", path)

    AuditSegment.objects.filter(pk="2026-06").update(released_at=None)
    path = released(june, auditor, approver)
    as_released = AuditSegment.objects.filter(pk="2026-06").values().get()
    assert audit_release.keep(june, actor=auditor)
    AuditSegment.objects.filter(pk="2026-06").update(**as_released)
    assert "does not tell that 2026-06 was released" in refusal("2026-06", path)


def test_what_leaves_is_kept_elsewhere_than_where_exports_go_after_a_while(
    june: AuditSegment, auditor: User, approver: User, settings: Any, tmp_path: Path
) -> None:
    released(june, auditor, approver)
    [here] = [each for each in settings.EXPORTS_DIR.iterdir() if each.suffix == ".zip"]
    (tmp_path / "link.zip").symlink_to(here)

    assert "copy it to where it is kept first" in refusal("2026-06", here)
    assert "copy it to where it is kept first" in refusal("2026-06", tmp_path / "link.zip")


def test_nothing_leaves_that_was_not_looked_through_for_reviews(
    june: AuditSegment, auditor: User, approver: User
) -> None:
    path = released(june, auditor, approver)
    AuditReviewWalk.objects.update(seq=june.last_seq - 1)

    assert f"Entries from {june.last_seq} on were not chosen for review yet" in refusal("2026-06", path)


def test_an_export_from_before_the_month_was_over_is_none_of_it(auditor: User) -> None:
    with at("2026-06"):
        append(2)
        audit_exports.ask(audit_exports.Actor.of(auditor), "bundle", {"q": "seq:1..6"})
        append(2)
        while audit_exports.make_next():
            pass
    audit_segments.close_due()
    [june] = AuditSegment.objects.all()
    assert june.query == "seq:1..6"

    assert audit_segments.newest_export(june) is None


def test_without_its_entry_nothing_leaves(june: AuditSegment, auditor: User, approver: User, settings: Any) -> None:
    path = released(june, auditor, approver)
    keys, settings.AUDIT_KEYS = settings.AUDIT_KEYS, ["other:" + "A" * 43 + "="]

    with pytest.raises(CommandError):
        call_command("remove_audit_segment", "2026-06", "--export", str(path))

    settings.AUDIT_KEYS = keys
    assert AuditEntry.objects.filter(seq=1).exists() and verify().ok
    june.refresh_from_db()
    assert june.removed_at is None


def test_who_takes_a_release_back_while_it_is_removed_waits_for_nobody_who_waits(
    june: AuditSegment, auditor: User, approver: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    if databases.is_sqlite():
        pytest.skip("SQLite has one lock for all")
    path = released(june, auditor, approver)
    holds_row, answers = threading.Event(), []

    def slowly(*args: Any, **more: Any) -> Any:
        holds_row.set()
        time.sleep(1)
        return record(*args, **more)

    def take_back() -> None:
        try:
            answers.append(audit_release.keep(june, actor=auditor))
        finally:
            connection.close()

    monkeypatch.setattr(audit_release, "record", slowly)
    keeper = threading.Thread(target=take_back)
    monkeypatch.setattr(audit_removal, "_look_at_log", lambda segment: (keeper.start(), holds_row.wait(10)))

    with pytest.raises(CannotRemove, match="is not released"):
        remove("2026-06", path)

    keeper.join()
    assert answers == [True]


# -- the verifier that stands alone


@pytest.fixture
def look_alone(tmp_path: Path, settings: Any) -> Any:
    keys = tmp_path / "keys"
    keys.write_text("\n".join(settings.AUDIT_KEYS))

    def look(source: str, *more: str) -> subprocess.CompletedProcess[str]:
        names = [part for name, key in signing.public_keys().items() for part in ("--public-key", f"{name}={key}")]
        command = [sys.executable, "-I", str(VERIFIER), source, "--keys", str(keys), *names, *more]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    return look


def database() -> str:
    own = connection.settings_dict
    if databases.is_sqlite():
        return str(own["NAME"])
    return f"postgres://{own['USER']}@{own['HOST']}:{own['PORT']}/{own['NAME']}"


def test_the_lone_verifier_knows_a_shortened_log_and_its_export(
    june: AuditSegment, auditor: User, approver: User, look_alone: Any, tmp_path: Path
) -> None:
    path = released(june, auditor, approver)
    kept = tmp_path / "2026-06.zip"
    shutil.copy(path, kept)
    remove("2026-06", path)

    whole = look_alone(database(), "--segment", str(kept))
    assert whole.returncode == 0, whole.stdout + whole.stderr
    assert f"begins after entry {june.last_seq}" in whole.stdout and "give --public-key" not in whole.stdout
    assert look_alone(str(kept)).returncode == 0

    july = exported(AuditSegment.objects.get(month="2026-07"), auditor)
    other = look_alone(database(), "--segment", str(july))
    assert other.returncode == 1 and "no entry of the log names this file" in other.stdout
