"""What would go with a customer, what would stay, and what stands in the way: shown before anything is done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Q

from providers.base import Effect

from ..models import AuditExport, Customer, LinkedAccount
from ..models.operation import HOLDING, State
from ..registry import UnknownIntegration, integrations, pure
from .erasure_scope import Scope


@dataclass(frozen=True, slots=True)
class Line:
    """What goes or stays: how much of it, and what that means."""

    label: str
    count: int | None
    words: str


@dataclass(frozen=True, slots=True)
class Obstacle:
    """What stands in the way, who ends it, and the accounts that it is about."""

    sentence: str
    accounts: tuple[LinkedAccount, ...] = ()


@dataclass(frozen=True, slots=True)
class Preview:
    goes: tuple[Line, ...]
    stays: tuple[Line, ...]
    obstacles: tuple[Obstacle, ...]


def preview(customer: Customer) -> Preview:
    """Say exactly what would go and what would stay; changes nothing."""
    scope = Scope(customer)
    return Preview(tuple(goes(scope.counts())), tuple(_stays(scope)), tuple(obstacles(scope)))


def obstacles(scope: Scope) -> list[Obstacle]:
    """Return what has to end first: what is at a provider comes back with the next sync."""
    at_provider: dict[str, list[LinkedAccount]] = {}
    for account in scope.accounts:
        if not account.is_gone and account.integration in integrations():
            at_provider.setdefault(account.integration, []).append(account)
    found = [_at_provider(integration, accounts) for integration, accounts in sorted(at_provider.items())]
    busy = Q(state__in=HOLDING, closed_at=None) | Q(state=State.AWAITING_APPROVAL)
    if count := scope.operations.filter(busy).count():
        under_way = "1 change is" if count == 1 else f"{count} changes are"
        found.append(Obstacle(f"{under_way} under way or waiting for a second person. Let them end first."))
    return found


def goes(counts: Mapping[str, int]) -> list[Line]:
    """Say in words what the counts of a scope are."""
    return [
        Line("The customer", 1, "Reference, name and e-mail address. The page says only that somebody was erased."),
        Line("Names beside the audit log", counts["names"], "Whom its pseudonyms stand for."),
        Line("Linked accounts", counts["accounts"], "External id, title, tags, what the provider said of them, "
             "and what they are found by. Their ids at the provider stay."),
        Line("Changes to these accounts", counts["operations"], "What was typed, planned, sent and read back; "
             f"{counts['sealed']} of them with sealed versions or addresses. Who did which when stays."),
        Line("Requests for a second person", counts["approvals"], "What they showed. Who asked and decided stays."),
        Line("Calls to providers", counts["calls"], "Addresses, headers and bodies, also of calls about many customers"
             " in which this one occurs. That there was a call, and how it ended, stays."),
        Line("Kept queries of the audit log", counts["queries"], "They name the customer and are removed."),
        Line("Texts about others", counts["elsewhere"], "Changes, requests, exports and comments in which reference, "
             "name or address stand: “[erased]” stands there then."),
    ]  # fmt: skip


def _at_provider(integration: str, accounts: list[LinkedAccount]) -> Obstacle:
    count = len(accounts)
    name, it = _provider_name(integration), "it" if count == 1 else "them"
    are = "account is" if count == 1 else "accounts are"
    there = f"{count} {are} still at {name}: the next sync would bring {it} back."
    if _can_delete(integration):
        return Obstacle(f"{there} Whoever may repair accounts deletes {it} there first.", tuple(accounts))
    return Obstacle(
        f"{there} Linkdesk cannot delete there: whoever looks after the data there removes {it}, and the next sync"
        f" marks {it} as ended.",
        tuple(accounts),
    )


def _provider_name(integration: str) -> str:
    return str(integrations()[integration].provider.name)


def _can_delete(integration: str) -> bool:
    try:
        return any(action.effect == Effect.DELETE for action in pure(integration).actions)
    except UnknownIntegration:
        return False


def _stays(scope: Scope) -> list[Line]:
    entries, in_plain = scope.entries.count(), scope.entries_in_plain()
    reports = Counter(AuditExport.objects.filter(state=AuditExport.State.DONE).values_list("form", flat=True))
    return [
        Line("Entries of the audit log", entries, "They are never changed. They know a pseudonym; who holds AUDIT_KEYS "
             "and guesses the reference could still tell that it is this one."),
        Line("Of them with such a text in plain", in_plain, "Somebody typed it as a reason or comment, or the "
             "provider’s id of an account holds it."),
        Line("Exports already made", sum(reports.values()), f"Files, until their time is over; {reports['report']} of "
             "them are printable reports, which may show names. What was downloaded is out of reach."),
        Line("Other words", None, "Looked for are reference, name, e-mail address and external ids, now and before. "
             "What people wrote of somebody in other words cannot be found: a nickname, a telephone number, a single "
             "short word that is also a name."),
        Line("Elsewhere", None, "Backups made before, and whatever providers keep."),
    ]  # fmt: skip
