"""The log looked through by the worker: what is new each few minutes, all of it each night."""

from __future__ import annotations

from datetime import timedelta

import structlog
from django.utils import timezone

from dashboard.audit_verifier import Point, Verification
from dashboard.models import AuditCheck

from .audit import SYSTEM, Kind, record
from .audit_verdict import verdict_of
from .audit_verify import verify

Scope = AuditCheck.Scope
FINDINGS_TOLD = 20
# A look at all of it is due each night.
MISSED_AFTER = timedelta(hours=26)

log = structlog.get_logger(__name__)


def check_new() -> Verification:
    """Look through what came since the last look.

    Through all of it where the last look at all found something, or where a night went by without one: what was looked
    at before is not looked at again by day.
    """
    whole = AuditCheck.objects.filter(scope=Scope.FULL).first()
    if whole and not whole.ok:
        return _look(Scope.FULL)
    if whole and whole.at < timezone.now() - MISSED_AFTER:
        return check_all()
    last = AuditCheck.objects.filter(ok=True).order_by("-seq").first()
    return _look(Scope.NEW, (last.seq, bytes(last.mac)) if last else (0, b""))


def check_all() -> Verification:
    """Look through the whole log, and put on record that it was done."""
    return _look(Scope.FULL, is_told=True)


def facts_of(found: Verification, scope: str = Scope.FULL) -> dict[str, object]:
    """Return what an entry says of a verification."""
    listed = [{"kind": each.kind, "seq": each.seq, "text": each.text} for each in found.findings[:FINDINGS_TOLD]]
    return {
        "scope": str(scope),
        "entries": found.entries,
        "findings": len(found.findings) + found.unlisted,
        "first_findings": listed,
    }


def remember(scope: Scope, found: Verification) -> AuditCheck | None:
    """Keep what was found as the last look of its kind; return the one before."""
    before = AuditCheck.objects.filter(scope=scope).first()
    AuditCheck.objects.update_or_create(
        scope=scope,
        defaults={
            "at": timezone.now(),
            "ok": found.ok,
            "entries": found.entries,
            "seq": found.seq,
            "mac": found.mac,
            "findings": len(found.findings) + found.unlisted,
            "first_finding": _words(found),
            "kinds": " ".join(found.kinds),
        },
    )
    return before


def _look(scope: Scope, start: Point = (0, b""), *, is_told: bool = False) -> Verification:
    """Look, keep it, and put it on record where it differs from the look before, or is to be told in any case."""
    found = verify(start)
    before = remember(scope, found)
    is_news = _words(found) != (before.first_finding if before else "")
    if is_news:
        count = len(found.findings) + found.unlisted
        log.error("audit_log_looks_different", scope=scope, findings=count, first=_words(found))
    if is_news or is_told:
        result, facts = verdict_of(found.kinds).result, facts_of(found, scope)
        record(Kind.SYSTEM, "audit.verified", actor=SYSTEM, result=result, facts=facts)
    return found


def _words(found: Verification) -> str:
    if found.ok:
        return ""
    first = found.findings[0]
    return f"{first.kind} at entry {first.seq}: {first.text}"
