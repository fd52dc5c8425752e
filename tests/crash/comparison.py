"""Three logs that know nothing of each other: what the remotes did, what our database says, what clients were told."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from dashboard.models import AuditEntry, Customer, Operation
from dashboard.models.operation import State
from dashboard.services.audit_redaction import pseudonym
from providers.sandbox import Sandbox

from .traffic import Sent

MARKER = re.compile(r"Kx\d{5}x[0-9a-f]{6}")


@dataclass
class Compared:
    """What was counted, and every place where two logs differ."""

    effects: int = 0
    operations: int = 0
    intents: int = 0
    told_done: int = 0
    states: Counter[str] = field(default_factory=Counter)
    troubles: list[str] = field(default_factory=list)


def compare(sandboxes: dict[str, Sandbox], log: list[Sent]) -> Compared:
    found = Compared(told_done=sum(line.told_done for line in log))
    entries: dict[str, list[AuditEntry]] = defaultdict(list)
    for entry in AuditEntry.objects.exclude(operation_id="").order_by("seq"):
        entries[entry.operation_id].append(entry)
    operations = {str(each.pk): each for each in Operation.objects.select_related("account")}
    found.operations = len(operations)
    found.intents = sum(each.action == "operation.intent" for some in entries.values() for each in some)
    found.states = Counter(each.state for each in operations.values())
    found.troubles += _effects_without_intent(sandboxes, log, operations, entries, found)
    found.troubles += _told_without_outcome(log, operations, entries)
    found.troubles += _changes_without_entry(operations, entries)
    found.troubles += _customers_without_entry()
    return found


def _effects_without_intent(
    sandboxes: dict[str, Sandbox],
    log: list[Sent],
    operations: dict[str, Operation],
    entries: dict[str, list[AuditEntry]],
    found: Compared,
) -> Iterable[str]:
    lines = {line.marker: line for line in log}
    seen: Counter[str] = Counter()
    for slug, sandbox in sandboxes.items():
        hashed = {sandbox.fingerprint(marker): marker for marker in lines}
        for effect in sandbox.effects():
            found.effects += 1
            marker = _marker_of(effect, hashed)
            operation = lines[marker].operation if marker in lines else _by_time(slug, effect, operations)
            intent = next((each for each in entries.get(operation, ()) if each.action == "operation.intent"), None)
            if intent is None:
                yield f"effect without an intent: {slug} {effect['method']} {effect['path']} ({marker})"
                continue
            asked = json.loads(intent.body)["request"]
            where = operations[operation].account
            # Linkar names the record in the body only.
            is_there = slug == "linkar" or where.remote_id in effect["path"]
            if where.integration != slug or asked["method"] != effect["method"] or not is_there:
                yield f"effect unlike its intent: {slug} {effect['method']} {effect['path']}, asked {asked}"
            seen[operation] += 1
    yield from (f"operation {each} took effect {count} times" for each, count in seen.items() if count > 1)


def _marker_of(effect: dict[str, Any], hashed: dict[str, str]) -> str:
    told = MARKER.search(json.dumps(effect["changes"]))
    if told:
        return told[0]
    return next((hashed[one] for one in effect["secrets"].values() if one in hashed), "")


def _by_time(slug: str, effect: dict[str, Any], operations: dict[str, Operation]) -> str:
    """Return the operation that held the account when a remote that logs no values was changed (Linkar)."""
    at = effect["at"]
    held = [
        each
        for each in operations.values()
        if each.integration == slug
        and each.sent_at is not None
        and each.sent_at.isoformat() <= at
        and each.account.remote_id.replace("%2A", "*").endswith(effect["subject"])
    ]
    return str(max(held, key=lambda each: each.sent_at).pk) if held else ""


def _told_without_outcome(
    log: list[Sent], operations: dict[str, Operation], entries: dict[str, list[AuditEntry]]
) -> Iterable[str]:
    told = set(AuditEntry.objects.filter(action="customer.changed").values_list("body", flat=True))
    for line in log:
        if not line.told_done:
            continue
        if line.operation:
            outcomes = [each for each in entries.get(line.operation, ()) if each.kind == "outcome"]
            if not outcomes or outcomes[-1].result != "ok" or operations[line.operation].state != State.DONE:
                yield f"told as done without an outcome: {line}"
        elif not any(pseudonym(line.marker) in body for body in told):
            yield f"told as changed without an entry: {line}"


def _changes_without_entry(operations: dict[str, Operation], entries: dict[str, list[AuditEntry]]) -> Iterable[str]:
    """Compare each operation's state with the one that its last entry tells."""
    for pk, operation in operations.items():
        if operation.state == State.DRAFT:
            continue
        own = entries.get(pk, [])
        if not own or own[0].action != "operation.intent":
            yield f"operation {pk} is {operation.state} without an intent"
        elif (told := _state_told(own)) != operation.state:
            yield f"operation {pk} is {operation.state}, its last entry says {told}"


def _state_told(entries: list[AuditEntry]) -> str:
    last = entries[-1]
    if last.kind == "intent":
        return State.RUNNING
    facts = json.loads(last.body)
    return str(facts.get("state") or (State.UNKNOWN if last.result == "unknown" else ""))


def _customers_without_entry() -> Iterable[str]:
    told = list(AuditEntry.objects.filter(action="customer.changed").values_list("target_id", "body"))
    for customer in Customer.objects.filter(name__startswith="Kx"):
        if not any(target == str(customer.pk) and pseudonym(customer.name) in body for target, body in told):
            yield f"customer {customer.pk} was changed without an entry"
