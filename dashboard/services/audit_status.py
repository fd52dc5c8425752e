"""What a reader of the log is told of its proof: when it was verified and anchored, and why nothing may be done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from dashboard.models import AuditAnchor, AuditCheck, AuditHead

from . import audit_gate
from .anchor_sinks import BadAddress, Sink, configured
from .audit_bytes import CHAIN
from .audit_segments import last_removed
from .audit_verdict import Verdict, verdict_of


@dataclass(frozen=True, slots=True)
class SinkStatus:
    """One sink: the last entry that it was told, when, and what is wrong with it now; of 0 where it lost that again.

    `is_compared` says whether the log is compared with what it keeps; if not, it is a mere witness.
    """

    name: str
    is_compared: bool
    seq: int
    taken_at: datetime | None
    trouble: str


@dataclass(frozen=True, slots=True)
class ChainStatus:
    """`verified_at` is the newest look, in part or in full; `verdict` is the gravest of what the last looks found.

    `anchored_seq` is what every sink has; `entries_since` came after it. `promise` says how far an anchor may lag.
    `begins_after` is the last entry that has left the log, 0 where none has. `closed` says why nothing may be sent or
    changed, "" where it may.
    """

    verified_at: datetime | None
    verdict: Verdict
    findings: int
    first_finding: str
    verified_whole_at: datetime | None
    anchored_at: datetime | None
    anchored_seq: int
    entries_since: int
    begins_after: int
    promise: str
    closed: str
    sinks: tuple[SinkStatus, ...]


def status() -> ChainStatus:
    """Return how the log stands now; in a handful of queries, whatever its size."""
    checks = {check.scope: check for check in AuditCheck.objects.all()}
    whole, newest = checks.get("full"), max(checks.values(), key=lambda check: check.at, default=None)
    bad = max((check for check in checks.values() if not check.ok), key=_gravity, default=None)
    sinks = _sinks()
    head_seq = AuditHead.objects.filter(chain=CHAIN).values_list("seq", flat=True).first() or 0
    anchored_seq = min((sink.seq for sink in sinks), default=0)
    closed = audit_gate.look()
    removed = last_removed()
    return ChainStatus(
        verified_at=newest.at if newest else None,
        verdict=_verdict(bad) if bad else Verdict.WHOLE,
        findings=bad.findings if bad else 0,
        first_finding=bad.first_finding if bad else "",
        verified_whole_at=whole.at if whole else None,
        anchored_at=min((sink.taken_at for sink in sinks if sink.taken_at), default=None) if anchored_seq else None,
        anchored_seq=anchored_seq,
        entries_since=max(0, head_seq - anchored_seq),
        begins_after=removed.last_seq if removed else 0,
        promise=promise() if sinks else "",
        closed=closed.sentence if closed else "",
        sinks=sinks,
    )


def promise() -> str:
    """Say what may be lost unseen: the entries of one interval."""
    count, seconds = settings.AUDIT_ANCHOR_ENTRIES, settings.AUDIT_ANCHOR_EVERY_S
    return f"every {count} entries, or {seconds} seconds after the first one that no anchor covers"


def _verdict(check: AuditCheck) -> Verdict:
    # A look of before kinds were kept knows its first finding only.
    return verdict_of(check.kinds.split() or check.first_finding.split()[:1])


def _gravity(check: AuditCheck) -> int:
    return list(Verdict).index(_verdict(check))


def _sinks() -> tuple[SinkStatus, ...]:
    try:
        sinks = configured()
    except BadAddress:
        return ()
    rows = (
        {row.sink: row for row in AuditAnchor.objects.filter(sink__in=[sink.name for sink in sinks])} if sinks else {}
    )
    return tuple(_sink(sink, rows.get(sink.name)) for sink in sinks)


def _sink(sink: Sink, row: AuditAnchor | None) -> SinkStatus:
    if row is None:
        return SinkStatus(sink.name, sink.can_be_asked, 0, None, "")
    seq, taken_at = (0, None) if row.is_lost else (row.seq, row.taken_at)
    return SinkStatus(sink.name, sink.can_be_asked, seq, taken_at, row.finding or row.trouble)
