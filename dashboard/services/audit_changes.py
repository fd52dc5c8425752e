"""What an audit entry says of changes, in words: the same on the screen, in a spreadsheet and on paper."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from dashboard.models import AuditEntry


@dataclass(frozen=True, slots=True)
class ChangeLine:
    label: str
    before: str
    after: str


def facts_of(entry: AuditEntry) -> dict[str, Any]:
    """Return the body; {} if it is not what we write (then the verifier has something to say)."""
    try:
        facts = json.loads(entry.body)
    except ValueError:
        return {}
    return facts if isinstance(facts, dict) else {}


def changes_of(facts: Mapping[str, Any], name_of: Callable[[str], str] = lambda pseudonym: "") -> list[ChangeLine]:
    """Return what was to change, or did, as the log kept it; behind a pseudonym stands what `name_of` knows of it."""
    changes = facts.get("changes")
    if not isinstance(changes, list):
        return []
    return [_change(change, name_of) for change in changes if isinstance(change, dict)]


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


def _change(change: Mapping[str, Any], name_of: Callable[[str], str]) -> ChangeLine:
    label = str(change.get("label") or change.get("field") or "")
    match change.get("class"):
        case "secret":
            return ChangeLine(label, "not kept", str(change.get("change", "")))
        case "never":
            return ChangeLine(label, "not kept", "not kept")
        case _:
            return ChangeLine(label, _value(change.get("before"), name_of), _value(change.get("after"), name_of))


def _value(value: Any, name_of: Callable[[str], str]) -> str:
    match value:
        case None | "":
            return "empty"
        case {"masked": masked, "pseudonym": pseudonym}:
            name = name_of(str(pseudonym))
            return f"{masked} ({pseudonym})" + (f" · {name}" if name else "")
        case {"url": url}:
            return str(url)
        case {"digest": digest}:
            return f"digest {digest}"
        case str():
            return value
        case _:
            return json.dumps(value, ensure_ascii=False)
