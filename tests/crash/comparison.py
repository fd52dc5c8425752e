"""Three logs that know nothing of each other: what the remotes did, what our database says, what clients were told."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from dashboard.models import Approval, AuditEntry, Customer, Operation, User
from dashboard.models.approval import ApprovalState
from dashboard.models.operation import State
from dashboard.services.audit_redaction import pseudonym
from providers.sandbox import Sandbox

from .effects import Effects, Entries
from .sent import Sent

STEPS = {ApprovalState.OPEN: "approval.requested", ApprovalState.USED: "approval.approved"}


@dataclass
class Compared:
    """What was counted, and every place where two logs differ."""

    effects: int = 0
    intents: int = 0
    told_done: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    troubles: list[str] = field(default_factory=list)


def compare(sandboxes: dict[str, Sandbox], log: Sequence[Sent]) -> Compared:
    by_operation: dict[str, list[AuditEntry]] = defaultdict(list)
    for entry in AuditEntry.objects.exclude(operation_id="").order_by("seq"):
        by_operation[entry.operation_id].append(entry)
    operations = {str(each.pk): each for each in Operation.objects.select_related("account")}
    effects = Effects(sandboxes, log)
    found = Compared(effects=len(effects.all), told_done=sum(line.told_done for line in log))
    found.intents = sum(each.action == "operation.intent" for some in by_operation.values() for each in some)
    found.kinds = Counter(line.kind for line in log if line.told_done)
    found.states = Counter(each.state for each in operations.values())
    found.troubles += effects.troubles(operations, by_operation)
    found.troubles += _told_without_outcome(log, operations, by_operation)
    found.troubles += _told_without_approval(log)
    found.troubles += _changes_without_entry(operations, by_operation)
    found.troubles += _closed_without_evidence(operations)
    found.troubles += _customers_unlike_their_entries()
    found.troubles += _approvals_unlike_their_entries()
    found.troubles += _roles_unlike_their_entries()
    return found


def _told_without_outcome(log: Sequence[Sent], operations: dict[str, Operation], entries: Entries) -> Iterator[str]:
    changed = set(AuditEntry.objects.filter(action="customer.changed").values_list("body", flat=True))
    for line in log:
        if not line.told_done:
            continue
        if line.operation:
            outcomes = [each for each in entries.get(line.operation, ()) if each.kind == "outcome"]
            if not outcomes or outcomes[-1].result != "ok" or operations[line.operation].state != State.DONE:
                yield f"told as done without an outcome: {line}"
        elif line.kind == "customer" and not any(pseudonym(line.marker) in body for body in changed):
            yield f"told as changed without an entry: {line}"


def _told_without_approval(log: Sequence[Sent]) -> Iterator[str]:
    """What was asked for, and what a second person was told to have agreed to, is on record with what came of it."""
    entries = _of_approvals()
    reasons = "\n".join(each.body for some in entries.values() for each in some if each.action == "approval.requested")
    for line in log:
        if line.told_asked and line.marker not in reasons:
            yield f"told as asked for without an entry: {line}"
        if line.told_approved:
            actions = {each.action for each in entries.get(line.approval, ())}
            carried_out = "operation.intent" if line.operation else "staff.roles_changed"
            if not {"approval.requested", "approval.approved", carried_out} <= actions:
                yield f"told as approved without an entry: {line}, {actions}"


def _changes_without_entry(operations: dict[str, Operation], entries: Entries) -> Iterator[str]:
    """Compare each operation's state with the one that its last entry tells."""
    for pk, operation in operations.items():
        if operation.state == State.DRAFT:
            continue
        own = entries.get(pk, [])
        was_begun = operation.started_at is not None
        if not own or was_begun is not any(each.action == "operation.intent" for each in own):
            yield f"operation {pk} is {operation.state} without an intent"
        elif (told := _state_told(own)) != operation.state:
            yield f"operation {pk} is {operation.state}, its last entry says {told}"


def _state_told(entries: Sequence[AuditEntry]) -> str:
    last = entries[-1]
    if last.kind == "intent":
        return State.RUNNING
    if last.action == "approval.requested":
        return State.AWAITING_APPROVAL
    if last.action.startswith("approval."):
        return State.EXPIRED if last.action == "approval.expired" else State.CANCELLED
    facts = json.loads(last.body)
    if last.result == "expired":
        return State.EXPIRED
    return str(facts.get("state") or (State.UNKNOWN if last.result == "unknown" else ""))


def _closed_without_evidence(operations: dict[str, Operation]) -> Iterator[str]:
    for pk, operation in operations.items():
        if operation.state == State.UNKNOWN:
            verdict = operation.receipt.get("verdict")
            if operation.closed_at is None or verdict != "not_verifiable" or not operation.outcome.get("next_step"):
                yield f"operation {pk} is unknown and not closed as not verifiable: {verdict}"


def _customers_unlike_their_entries() -> Iterator[str]:
    """The last entry of a customer tells the name that they have, and who has a new name has an entry."""
    last = _last_bodies("customer.changed")
    for customer in Customer.objects.all():
        told = last.get(str(customer.pk))
        if told is None and customer.name.startswith("Kx"):
            yield f"customer {customer.pk} was changed without an entry"
        if told is not None and pseudonym(customer.name) not in told:
            yield f"customer {customer.pk} is not what the last entry says"


def _approvals_unlike_their_entries() -> Iterator[str]:
    entries = _of_approvals()
    for approval in Approval.objects.all():
        steps = [each.action for each in entries.get(str(approval.pk), ()) if each.action.startswith("approval.")]
        wanted = STEPS.get(ApprovalState(approval.state), f"approval.{approval.state}")
        if not steps or steps[0] != "approval.requested" or steps[-1] != wanted:
            yield f"approval {approval.pk} is {approval.state}, its entries say {steps}"


def _roles_unlike_their_entries() -> Iterator[str]:
    last = _last_bodies("staff.roles_changed")
    for person in User.objects.filter(email__startswith="clerk-").prefetch_related("groups"):
        names = ", ".join(sorted(group.name for group in person.groups.all()))
        told = json.loads(last[str(person.pk)])["changes"][0]["after"] if str(person.pk) in last else "viewer"
        if names != told:
            yield f"{person} is {names}, the last entry says {told}"


def _of_approvals() -> dict[str, list[AuditEntry]]:
    found: dict[str, list[AuditEntry]] = defaultdict(list)
    for entry in AuditEntry.objects.filter(body__contains='"approval":').order_by("seq"):
        found[json.loads(entry.body).get("approval", "")].append(entry)
    return found


def _last_bodies(action: str) -> dict[str, str]:
    entries: Iterable[AuditEntry] = AuditEntry.objects.filter(action=action).order_by("seq")
    return {entry.target_id: entry.body for entry in entries}
