"""Somebody answers for a log that is not as it was anchored; a crash in between never opens it without a record."""

from __future__ import annotations

import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import timezone

from dashboard.models import AuditAnchor, AuditEntry
from dashboard.services import anchor_acceptance, anchoring, anchors
from dashboard.services.anchor_file import FileSink
from dashboard.services.anchor_sinks import SinkDown
from dashboard.services.audit import SYSTEM, AuditClosed, Kind, record, verify
from dashboard.services.audit_status import status
from dashboard.triggers import install_triggers

from .audit_samples import append, run, triggers_off

pytestmark = pytest.mark.django_db


@pytest.fixture
def file(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(anchoring, "after_append", lambda: None)
    path = tmp_path / "anchors.txt"
    settings.AUDIT_ANCHORS = [f"file://{path}"]
    return path


def say(*arguments: str) -> tuple[str, int]:
    said = io.StringIO()
    try:
        call_command("verify_audit", *arguments, stdout=said)
    except SystemExit as end:
        return said.getvalue(), int(str(end.code))
    except CommandError as trouble:
        return f"{said.getvalue()}{trouble}", trouble.returncode
    return said.getvalue(), 0


def cut(to: int) -> None:
    with triggers_off():
        run("DELETE FROM dashboard_auditentry WHERE seq > %s", to)
        end = "(SELECT mac FROM dashboard_auditentry WHERE seq = %s)"
        run(f"UPDATE dashboard_audithead SET seq = %s, mac = {end}", to, to)
        install_triggers(connection)


def act() -> None:
    with transaction.atomic():
        record(Kind.EVENT, "customer.created", actor=SYSTEM)


def accepted(action: str = "rollback") -> list[dict[str, Any]]:
    found = AuditEntry.objects.filter(action=f"anchor.{action}_accepted").order_by("seq")
    return [json.loads(entry.body) for entry in found]


def later(**how: float) -> Any:
    return time_machine.travel(timezone.now() + timedelta(**how), tick=True)


def test_lost_anchors_are_answered_for_on_record_and_the_sink_begins_anew(file: Path) -> None:
    append(3)
    anchors.anchor_now()
    file.unlink()
    anchors.look_at_standing()

    said, code = say("--accept-lost-anchors", "The volume broke, ticket 8")

    assert (code, "Accepted: file://" in said, "Anchors confirm it up to entry 4" in said) == (0, True, True)
    [facts] = accepted("loss")
    assert (facts["reason"], facts["anchored_seq"]) == ("The volume broke, ticket 8", 3)
    assert facts["finding"] == "it took an anchor of entry 3, and it keeps none"
    act()
    anchors.look_at_standing()
    assert status().closed == ""
    assert verify().ok


def test_who_answers_for_a_loss_has_not_accepted_a_rollback(file: Path) -> None:
    append(5)
    anchors.anchor_now()
    cut(3)

    said, code = say("--accept-lost-anchors", "I moved the file")

    assert (code, "Not accepted (the log was put back, cut or written anew)" in said) == (2, True)
    assert accepted("loss") == accepted() == []
    AuditAnchor.objects.update(seq=3, mac=bytes(AuditEntry.objects.get(seq=3).mac))
    file.write_text("")
    assert "Not accepted (it lost its anchors)" in say("--accept-rollback", "The disk broke")[0]
    assert accepted() == []


def test_nothing_to_accept_is_said(file: Path) -> None:
    append(2)
    anchors.anchor_now()

    assert say("--accept-rollback", "why not")[0].startswith("There is nothing to accept.\n")


class Killed(BaseException):
    """What nobody catches: the process is gone here."""


@pytest.mark.parametrize("moment", ["before the record", "before the sink", "half the note", "after the sink"])
def test_a_crash_leaves_a_closed_desk_or_a_record_and_the_command_again_ends_it(
    file: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    append(5)
    anchors.anchor_now()
    cut(3)
    anchors.look_at_standing()
    send = FileSink.send

    def die(*args: Any, **kwargs: Any) -> None:
        if moment == "half the note":
            with file.open("a") as notes:
                notes.write("\n\nlocalhost/audit\n4\n")
        if moment == "after the sink":
            send(*args)
        raise Killed

    with monkeypatch.context() as patch:
        if moment == "before the record":
            patch.setattr(anchor_acceptance, "record", die)
        else:
            patch.setattr(FileSink, "send", die)
        with pytest.raises(Killed):
            anchor_acceptance.accept("The disk broke", is_lost=False)

    # The others look at it meanwhile, as they do; nobody of them may open the desk without the record.
    with later(seconds=40):
        anchors.look_at_standing()
        anchors.anchor_due()
    is_open = moment == "after the sink"
    assert len(accepted()) == (0 if moment == "before the record" else 1)
    assert (status().closed == "") == is_open
    if not is_open:
        with pytest.raises(AuditClosed):
            act()
        assert "Accepted" in say("--accept-rollback", "The disk broke, again")[0]
    act()
    anchors.look_at_standing()
    assert status().closed == ""


def test_one_sink_that_is_down_is_said_and_the_others_are_answered_for(
    file: Path, settings: Any, tmp_path: Path
) -> None:
    other = tmp_path / "volume" / "anchors.txt"
    other.parent.mkdir()
    settings.AUDIT_ANCHORS = [f"file://{other}", *settings.AUDIT_ANCHORS]
    append(5)
    anchors.anchor_now()
    cut(3)
    anchors.look_at_standing()
    other.parent.rename(tmp_path / "unmounted")

    said, code = say("--accept-rollback", "The disk broke")

    assert code == 2
    assert f"Accepted: file://{file}: entry 5 was anchored" in said
    assert f"Not accepted (the file cannot be read (No such file or directory)): file://{other}" in said
    assert [facts["sink"] for facts in accepted()] == [f"file://{file}"]
    (tmp_path / "unmounted").rename(other.parent)
    assert f"Accepted: file://{other}" in say("--accept-rollback", "The disk broke")[0]
    act()


def test_it_waits_for_its_turn(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    append(5)
    anchors.anchor_now()
    cut(3)
    monkeypatch.setattr(anchor_acceptance, "PATIENCE_S", 0.3)
    AuditAnchor.objects.update(claimed_until=timezone.now() + timedelta(seconds=20))

    [answer] = anchor_acceptance.accept("The disk broke", is_lost=False)

    assert "another process" in answer.trouble
    assert accepted() == []
    assert AuditAnchor.objects.get().claimed_until is not None


def test_an_anchor_of_a_clock_that_went_ahead_can_be_answered_for(file: Path) -> None:
    append(5)
    with later(days=2):
        anchors.anchor_now()
    cut(3)
    anchors.look_at_standing()

    say("--accept-rollback", "The disk broke and so did the clock")

    anchors.look_at_standing()
    act()


def test_a_witness_that_cannot_be_asked_is_answered_for_too(
    settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Our own memory contradicts the log; the collector is down when its turn comes."""
    monkeypatch.setattr(anchoring, "after_append", lambda: None)
    settings.AUDIT_ANCHORS = [f"syslog://{tmp_path}/log"]
    entry = append(5)
    AuditAnchor.objects.create(sink=settings.AUDIT_ANCHORS[0], seq=5, mac=bytes(entry.mac), taken_at=timezone.now())
    cut(3)
    anchors.look_at_standing()
    assert "entry 5 was anchored" in status().closed

    [answer] = anchor_acceptance.accept("The disk broke", is_lost=False)

    assert "syslog cannot be reached" in answer.trouble
    assert len(accepted()) == 1
    with pytest.raises(SinkDown):
        anchors.configured()[0].send("x")
