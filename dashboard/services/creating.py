"""What can be made new at the providers: one kind for each sort of account that a provider can describe.

A new account is begun from one that is there already: it stands for its kind, and stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dashboard import registry
from providers.base import Availability, Capability
from providers.plan import Plan

from ..models import LinkedAccount, RemoteSchema

MAX_KINDS = 200


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of account that can be made. `account` stands for it; `offer` says why it cannot be made now.

    `summary` is the provider's own sentence for it.
    """

    integration: str
    provider: str
    noun: str
    title: str
    summary: str
    account: LinkedAccount
    offer: Availability


def creating_integrations() -> list[str]:
    """Return the integrations at which something new can be made."""
    found = registry.integrations()
    return [name for name, each in found.items() if Capability.CREATE in each.provider.capabilities]


def kinds() -> list[Kind]:
    """Return what can be made, in order of provider and title."""
    found = [kind for integration in creating_integrations() for kind in _kinds_of(integration)]
    return sorted(found, key=lambda kind: (kind.provider, kind.integration, kind.title.casefold()))


def _kinds_of(integration: str) -> Iterator[Kind]:
    provider = registry.pure(integration)
    for row in RemoteSchema.objects.filter(integration=integration).order_by("title", "key")[:MAX_KINDS]:
        account = LinkedAccount.objects.filter(integration=integration, schema_key=row.key, gone_at=None).first()
        if account is None:
            continue
        snapshot, schema = account.to_snapshot(), row.to_schema()
        title = row.title or row.key
        for offer in provider.availability(snapshot, schema):
            if offer.action.capability is not Capability.CREATE:
                continue
            plan = (
                provider.plan_update(offer.action.name, snapshot, {}, frozenset(), schema)
                if not offer.why_not
                else None
            )
            summary = plan.summary if isinstance(plan, Plan) else offer.action.label
            yield Kind(integration, provider.name, provider.noun, title, summary, account, offer)
