"""Audit entries as people read them: kind, action, what changed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dashboard.models import AuditEntry
from dashboard.models.audit import Kind

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
    "customer.read": "Opened a customer",
    "audit.read": "Opened the audit log",
    "audit.verified": "Had the chain verified",
    "customer.created": "Added a customer",
    "customer.changed": "Changed a customer",
    "customers.imported": "Imported customers",
    "sync.complete": "Finished a sync",
    "session.signed_in": "Signed in",
    "session.signed_out": "Signed out",
    "session.failed": "Failed to sign in",
    "access.denied": "Was refused",
}
_GOOD = ("ok", "done", "verified", "confirmed", "complete", "signed_in")
_BAD = ("refused", "failed", "denied", "broken", "failed_before_send")


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the log."""

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
    integration: str
    result: str
    result_tone: str


@dataclass(frozen=True, slots=True)
class ChangeLine:
    label: str
    before: str
    after: str


def line_of(entry: AuditEntry) -> Line:
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
        integration=entry.integration,
        result=entry.result.replace("_", " "),
        result_tone=_tone(entry.result),
    )


def facts_of(entry: AuditEntry) -> dict[str, Any]:
    """Return the body; {} if it is not what we write (then the verifier has something to say)."""
    try:
        facts = json.loads(entry.body)
    except ValueError:
        return {}
    return facts if isinstance(facts, dict) else {}


def changes_of(facts: Mapping[str, Any]) -> list[ChangeLine]:
    """Return what was to change, or did, as the log kept it."""
    changes = facts.get("changes")
    if not isinstance(changes, list):
        return []
    return [_change(change) for change in changes if isinstance(change, dict)]


@dataclass(frozen=True, slots=True)
class ConflictLine:
    """One entry of a conflict: who changed it, and keyed digests of its three versions."""

    field: str
    verdict: str
    base: str
    theirs: str
    mine: str


_VERDICTS = {
    "mine": "changed by us",
    "theirs": "changed by them",
    "either": "changed to the same by both",
    "choose": "changed by both",
}


def conflict_of(facts: Mapping[str, Any]) -> list[ConflictLine]:
    """Return what a conflict was about, as the log kept it."""
    lines = facts.get("conflict")
    return [_conflict_line(line) for line in lines if isinstance(line, dict)] if isinstance(lines, list) else []


def _conflict_line(line: Mapping[str, Any]) -> ConflictLine:
    told = _VERDICTS.get(str(line.get("verdict")), str(line.get("verdict", "")))
    versions = (str(line.get(name) or "empty") if name in line else "not kept" for name in ("base", "theirs", "mine"))
    unit = f"{line['unit']}: " if line.get("unit") else ""
    return ConflictLine(f"{unit}{line.get('field', '')}", told, *versions)


def simple_facts(facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the facts that fit on a line, in words."""
    return [
        (name.replace("_", " ").capitalize(), str(value))
        for name, value in facts.items()
        if isinstance(value, str | int | float | bool) and str(value)
    ]


def _change(change: Mapping[str, Any]) -> ChangeLine:
    label = str(change.get("label") or change.get("field") or "")
    match change.get("class"):
        case "secret":
            return ChangeLine(label, "not kept", str(change.get("change", "")))
        case "never":
            return ChangeLine(label, "not kept", "not kept")
        case _:
            return ChangeLine(label, _value(change.get("before")), _value(change.get("after")))


def _value(value: Any) -> str:
    match value:
        case None | "":
            return "empty"
        case {"masked": masked, "pseudonym": pseudonym}:
            return f"{masked} ({pseudonym})"
        case {"url": url}:
            return str(url)
        case {"digest": digest}:
            return f"digest {digest}"
        case str():
            return value
        case _:
            return json.dumps(value, ensure_ascii=False)


def _tone(result: str) -> str:
    if result in _GOOD:
        return "ok"
    if result in _BAD:
        return "bad"
    return "warn" if result == "unknown" else "mute"
