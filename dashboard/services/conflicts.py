"""A change that met another one: the three versions, kept sealed for a while, and a new draft made of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

import structlog

from providers.answers import Schema, Snapshot
from providers.attention import Attention
from providers.base import Provider
from providers.fields import AuditClass, FieldValue
from providers.merge import Side, Verdict
from providers.plan import Change, Plan
from providers.versions import Line, Mine, Section, compare, side_of

from ..models import LinkedAccount, Operation
from ..models.operation import State
from ..text import storable_json
from . import sealing, snapshots
from .audit_redaction import keyed_digest

# After so many in a row it is time to talk to whoever makes the other changes.
TOO_OFTEN = 3

log = structlog.get_logger(__name__)


def sections_of(
    operation: Operation,
    provider: Provider,
    plan: Plan,
    theirs: Snapshot,
    schema: Schema | None,
    *,
    values: Mapping[str, FieldValue],
) -> tuple[Section, ...]:
    """Compare what an operation was decided on, what it meant, and what is there now; () if that cannot be told.

    `values` are what was typed, secrets aside.

    Pure, and careful: the operation has to be settled whatever a provider makes of the three versions.
    """
    if not operation.before:
        return ()
    try:
        base = provider.entries(plan.action, snapshots.from_json(operation.before), schema)
        now = provider.entries(plan.action, theirs, schema)
        return compare(base, now, _mine(provider, plan, theirs, schema, values))
    except Exception:
        log.exception("versions_not_compared", operation=str(operation.pk))
        return ()


def to_json(sections: Iterable[Section]) -> list[dict[str, Any]]:
    """Return the three versions as they are sealed."""
    stored: list[dict[str, Any]] = storable_json([asdict(section) for section in sections])
    return stored


def kept_sections(operation: Operation) -> tuple[Section, ...]:
    """Return the three versions of a refused operation; () when there were none or their time is over."""
    return tuple(_section(raw) for raw in sealing.versions_of(operation) or ())


def conflict_of(account: LinkedAccount) -> Operation | None:
    """Return the operation whose conflict an account still shows, if there is one."""
    if account.attention != Attention.CONFLICT:
        return None
    refused = account.operations.filter(state=State.REFUSED, outcome__type="conflict", outcome__rule=account.cause_code)
    return refused.order_by("-settled_at").first()


def facts_of(sections: Iterable[Section]) -> list[dict[str, Any]]:
    """Return what the audit log keeps of a conflict: which entries, whose changes, keyed digests, and no value."""
    return [
        {"field": line.name, "unit": section.name if len(section.lines) > 1 else "", "verdict": section.verdict.value}
        | _digests(line)
        for section in sections
        for line in section.lines
        if line.changed_by_me or line.changed_by_them
    ]


def in_a_row(operation: Operation) -> int:
    """Return how many conflicts this one ends, itself included."""
    count = 0
    current: Operation | None = operation
    while current is not None and current.outcome.get("type") == "conflict" and count < TOO_OFTEN:
        count += 1
        current = current.previous
    return count


def taken(sections: Iterable[Section], choices: Mapping[str, Side]) -> dict[str, list[str]]:
    """Return the labels by the side that stands, so that a draft can say what it was made of."""
    found: dict[str, list[str]] = {}
    for section in sections:
        word = "same" if section.verdict is Verdict.EITHER else side_of(section, choices).value
        found.setdefault(word, []).append(section.label)
    return found


def _mine(
    provider: Provider, plan: Plan, theirs: Snapshot, schema: Schema | None, values: Mapping[str, FieldValue]
) -> dict[str, Mine]:
    """Return what was meant, by entry; whether it is the same as theirs, the provider's own planning tells."""
    names = {change.field for change in plan.changes}
    again = provider.plan_update(
        plan.action,
        theirs,
        {name: value for name, value in values.items() if name in names},
        frozenset(plan.secret_names),
        schema,
    )
    differs = {change.field for change in again.changes} if isinstance(again, Plan) else names
    return {change.field: _meant(change, values.get(change.field), differs) for change in plan.changes}


def _meant(change: Change, value: FieldValue, differs: Iterable[str]) -> Mine:
    is_theirs = change.field not in differs and not change.secret
    return Mine(change.label, change.after, value, change.secret, is_theirs, change.audit)


def _digests(line: Line) -> dict[str, Any]:
    """Return keyed digests of the three versions; of a secret, and of what has no class, only who changed it."""
    whose = {"mine": line.changed_by_me, "theirs": line.changed_by_them}
    if line.kept_back or line.audit in (AuditClass.SECRET, AuditClass.NEVER, AuditClass.UNDECLARED):
        return {
            "class": "secret" if line.kept_back else "never",
            "changed_by": [who for who, has in whose.items() if has],
        }
    versions = {"base": line.base_text, "mine": line.my_text, "theirs": line.their_text}
    return {"class": line.audit.value} | {
        name: keyed_digest("record", text) if text is not None else None for name, text in versions.items()
    }


def _section(raw: Mapping[str, Any]) -> Section:
    lines = tuple(
        Line(
            **{
                **line,
                "audit": AuditClass(line["audit"]),
                "original": _value(line["original"]),
                "mine": _value(line["mine"]),
            }
        )
        for line in raw["lines"]
    )
    return Section(raw["name"], raw["label"], Verdict(raw["verdict"]), lines, raw["locked"])


def _value(raw: Any) -> FieldValue:
    return tuple(raw) if isinstance(raw, list) else raw
