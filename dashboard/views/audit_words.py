"""Audit entries as people read them: kind, action, what changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dashboard.models import AuditEntry
from dashboard.models.audit import Kind
from dashboard.services.audit_changes import ChangeLine, ConflictLine, changes_of, conflict_of, facts_of
from dashboard.services.name_words import Names

__all__ = ["ChangeLine", "ConflictLine", "Line", "changes_of", "conflict_of", "facts_of", "line_of", "simple_facts"]

# Kind: icon and tone.
KINDS: Mapping[str, tuple[str, str]] = {
    Kind.INTENT: ("send", "brand"),
    Kind.OUTCOME: ("receipt", "info"),
    Kind.EVENT: ("notes", "mute"),
    Kind.DENIED: ("ban", "bad"),
    Kind.READ: ("eye", "mute"),
    Kind.SYSTEM: ("settings", "mute"),
}
ACTIONS: Mapping[str, str] = {
    "operation.intent": "Meant to send a change",
    "operation.outcome": "Learned the outcome",
    "operation.token": "Sent a code",
    "operation.cancelled": "Cancelled a change",
    "operation.left": "Left a change of somebody else's as it is",
    "handover.used": "Used the link",
    "account.read": "Opened an account",
    "account.searched": "Searched the accounts",
    "customer.read": "Opened a customer",
    "customer.searched": "Searched the customers",
    "approval.read": "Opened a request for a second person",
    "audit.read": "Opened the audit log",
    "audit.export_read": "Opened an export of the audit log",
    "anchor.failed": "Could not anchor the log",
    "anchor.rollback_accepted": "Took a restored log for the right one",
    "anchor.loss_accepted": "Went on though a sink lost its anchors",
    "anchor.recovered": "Anchors the log again",
    "audit.verified": "Had the chain verified",
    "audit.reviewed": "Reviewed an entry",
    "audit.flagged": "Flagged an entry",
    "audit.export_asked": "Asked for an export of the audit log",
    "audit.export_finished": "Made an export of the audit log",
    "audit.export_downloaded": "Downloaded an export of the audit log",
    "audit.export_removed": "Removed the file of an old export",
    "audit.segment_closed": "Closed a segment of the audit log",
    "audit.segment_released": "Released a segment of the audit log for removal",
    "audit.segment_kept": "Took back the release of a segment of the audit log",
    "audit.segment_removed": "Removed a segment from the audit log",
    "query.saved": "Kept a query of the audit log",
    "query.changed": "Changed a kept query",
    "query.removed": "Removed a kept query",
    "customer.created": "Added a customer",
    "customer.changed": "Changed a customer",
    "customer.erased": "Erased a customer",
    "customer.returned": "Found an erased customer at a provider again",
    "customers.imported": "Imported customers",
    "calls.pruned": "Removed old calls to providers",
    "sync.complete": "Finished a sync",
    "session.signed_in": "Signed in",
    "session.signed_out": "Signed out",
    "session.failed": "Failed to sign in",
    "session.confirmed": "Confirmed who they are",
    "session.ended": "Ended sessions elsewhere",
    "session.throttled": "Tried too often",
    "factor.added": "Added a second factor",
    "factor.removed": "Removed a second factor",
    "factor.used": "Used a second factor",
    "factor.failed": "Gave a wrong code",
    "factor.codes_made": "Made recovery codes",
    "password.changed": "Changed the password",
    "sso.connected": "Signed in by single sign-on for the first time",
    "access.denied": "Was refused",
    "approval.requested": "Asked for a second person",
    "approval.approved": "Approved what another person asked for",
    "approval.declined": "Declined what another person asked for",
    "approval.withdrawn": "Withdrew a request",
    "approval.used": "Used an approval",
    "approval.expired": "Ended a request that nobody decided",
    "approval.void": "Ended a request whose target changed",
    "approval.refused": "Was refused to decide on a request",
    "approval.broken_glass": "Went on alone, without a second person",
    "staff.invited": "Invited a person",
    "staff.invited_again": "Made a new password link for a person",
    "staff.joined": "Chose a password by an invitation",
    "staff.roles_changed": "Changed a person's roles",
    "staff.disabled": "Disabled a person",
    "staff.enabled": "Enabled a person",
    "staff.factor_reset": "Reset a person's second factor",
    "staff.reviewed": "Opened the access review",
}
_GOOD = ("ok", "done", "verified", "confirmed", "complete", "signed_in")
_BAD = ("refused", "failed", "denied", "broken", "failed_before_send")


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the log. `name` is whom its target stands for, as known beside the log."""

    seq: int
    at: datetime
    kind: str
    icon: str
    tone: str
    words: str
    action: str
    actor: str
    role: str
    target: str
    name: str
    integration: str
    result: str
    result_tone: str


def line_of(entry: AuditEntry, names: Names | None = None) -> Line:
    icon, tone = KINDS.get(entry.kind, ("notes", "mute"))
    return Line(
        seq=entry.seq,
        at=datetime.fromisoformat(entry.at),
        kind=Kind(entry.kind).label if entry.kind in Kind.values else entry.kind,
        icon=icon,
        tone=tone,
        words=ACTIONS.get(entry.action, entry.action),
        action=entry.action,
        actor=entry.actor or "Nobody",
        role=entry.role,
        target=entry.target,
        name=names.of_target(entry.target_id, entry.target) if names else "",
        integration=entry.integration,
        result=entry.result.replace("_", " "),
        result_tone=_tone(entry.result),
    )


def simple_facts(facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the facts that fit on a line, in words."""
    return [
        (name.replace("_", " ").capitalize(), str(value))
        for name, value in facts.items()
        if isinstance(value, str | int | float | bool) and str(value)
    ]


def _tone(result: str) -> str:
    if result in _GOOD:
        return "ok"
    if result in _BAD:
        return "bad"
    return "warn" if result in ("unknown", "findings") else "mute"
