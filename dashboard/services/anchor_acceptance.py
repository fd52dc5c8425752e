"""Somebody answers for a log that is not as it was anchored: a restored backup, or a sink that lost its word.

What a crash leaves is never an open desk without a record. First, in one transaction, the acceptance is put on record
and our memory of the sink is forgotten; then the sink is told. Before the first nothing has happened; between the two
whatever the sink still keeps goes on contradicting, and the command is given again.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.utils import timezone

from dashboard.models import AuditAnchor
from dashboard.models.audit import Kind

from .anchor_kept import kept_by
from .anchor_sinks import Sink, SinkDown, configured
from .anchors import TURN, Finding, finding_of, head, memory_of, note_of, take_turn
from .audit import SYSTEM, AuditUnavailable, record

# A process that died with its turn loses it by then.
PATIENCE_S = TURN.total_seconds() + 1
ROLLBACK, LOSS = "anchor.rollback_accepted", "anchor.loss_accepted"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of it at one sink: its finding, and why that is not accepted, "" where it is."""

    sink: str
    finding: str
    trouble: str = ""


def accept(reason: str, *, is_lost: bool) -> list[Answer]:
    """Take the log as it is for the right one, at each sink whose finding is of this sort; return all with a finding.

    It is on record here, and a sink that was told another log shows for ever that its anchors went back.
    """
    answers = []
    for sink in configured():
        finding = None
        try:
            _wait_for_turn(sink)
            # From here on the turn is ours to give back.
            try:
                row = memory_of(sink)
                finding = finding_of(sink, row, is_whole=True)
                if finding and finding.is_lost == is_lost:
                    _take_as_it_is(sink, row, finding, reason)
            finally:
                AuditAnchor.objects.filter(sink=sink.name).update(claimed_until=None)
        except (AuditUnavailable, SinkDown) as down:
            answers.append(Answer(sink.name, finding.text if finding else "it was not looked at", str(down)))
            continue
        if finding:
            other = "it lost its anchors" if finding.is_lost else "the log was put back, cut or written anew"
            answers.append(Answer(sink.name, finding.text, "" if finding.is_lost == is_lost else other))
    return answers


def _take_as_it_is(sink: Sink, row: AuditAnchor, finding: Finding, reason: str) -> None:
    at = _after_all_that_it_keeps(sink, row)
    facts = {"sink": sink.name, "finding": finding.text, "anchored_seq": row.seq, "reason": reason}
    with transaction.atomic():
        record(Kind.SYSTEM, LOSS if finding.is_lost else ROLLBACK, actor=SYSTEM, result="ok", facts=facts)
        AuditAnchor.objects.filter(sink=sink.name).update(seq=0, mac=b"")
    # Never before the commit: an anchor of an entry that was rolled back would contradict the log for ever.
    end = head()
    sink.send(note_of(end.seq, bytes(end.mac), at))
    kept = {"seq": end.seq, "mac": bytes(end.mac), "taken_at": timezone.now(), "trouble": ""}
    AuditAnchor.objects.filter(sink=sink.name).update(**kept, finding="", is_lost=False)


def _wait_for_turn(sink: Sink) -> None:
    memory_of(sink)
    until = time.monotonic() + PATIENCE_S
    while not take_turn(sink, timezone.now()):
        if time.monotonic() > until:
            raise SinkDown(f"another process does not stop telling {sink.name}")
        time.sleep(0.1)


def _after_all_that_it_keeps(sink: Sink, row: AuditAnchor) -> datetime:
    """Return the time to sign: now, but later than the newest anchor, though it was made by a clock that went ahead."""
    now = timezone.now()
    kept = kept_by(sink, row, is_whole=True)
    if kept is None or kept.newest is None:
        return now
    try:
        newest = datetime.fromisoformat(kept.newest.at)
    except ValueError:
        return now
    return max(now, newest.astimezone(UTC) + timedelta(seconds=1))
