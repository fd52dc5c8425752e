"""What the detail page needs to know of one account: its diagnosis, what can be done, by whom, and why not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from dashboard import registry
from dashboard.models import LinkedAccount, RemoteSchema
from dashboard.services import snapshots
from providers.answers import Assessment, Fact, Schema
from providers.attention import Attention
from providers.base import Action, Availability, Capability, Provider

# Of a customer with very many accounts only the newest are looked through.
SIBLINGS_READ = 50

WHO_ACTS: dict[Attention, str] = {
    Attention.HEALTHY: "Nobody.",
    Attention.NEEDS_CODE: "The customer, who reads you the code.",
    Attention.NEEDS_PASSWORD: "The customer, who gives you the current password.",
    Attention.NEEDS_RECONNECT: "The customer, who connects again.",
    Attention.CUSTOMER_AT_INSTITUTION: "The customer, at the institution.",
    Attention.INSTITUTION_DOWN: "The institution. Nothing for the customer to do.",
    Attention.PROVIDER_TROUBLE: "The provider. Nothing for the customer to do.",
    Attention.OUR_KEYS: "An administrator of Linkdesk.",
    Attention.INCOMPLETE: "The customer, who finishes connecting.",
    Attention.CONFLICT: "You, by deciding what stands.",
    Attention.ENDED: "Nobody. It has ended.",
    Attention.UNKNOWN: "You, by checking it now.",
}


@dataclass(frozen=True, slots=True)
class Sheet:
    """`provider` is None where the integration is no longer configured: then there is nothing to do but read."""

    account: LinkedAccount
    provider: Provider | None
    schema: Schema | None
    availabilities: tuple[Availability, ...] = ()
    primary: Action | None = None
    facts: tuple[Fact, ...] = field(default=())
    assessed: Assessment | None = None

    @property
    def noun(self) -> str:
        return self.provider.noun if self.provider else "account"

    @property
    def provider_name(self) -> str:
        return self.provider.name if self.provider else self.account.provider.title()

    @property
    def schema_noun(self) -> str:
        return self.provider.schema_noun if self.provider else "kind"

    @property
    def state_from(self) -> str:
        return self.provider.state_from if self.provider else ""

    @property
    def institution(self) -> str:
        return self.account.title or (self.schema.title if self.schema else "") or self.account.schema_key

    @property
    def who_acts(self) -> str:
        if self.assessed is not None and self.assessed.who and self.assessed.attention == self.account.attention:
            return self.assessed.who
        if self.account.attention == Attention.INCOMPLETE and self.primary in self._settable:
            return "You, by setting what is missing."
        if self.account.attention == Attention.HEALTHY and self.state_from:
            return f"Nobody, as far as {self.state_from} can tell."
        return WHO_ACTS[Attention(self.account.attention)]

    @property
    def second(self) -> Action | None:
        """The other thing that may help now: the first safe one that is available and not the primary one."""
        return next((action for action in self.available if action != self.primary and not action.danger), None)

    @property
    def sign_ins(self) -> list[str]:
        """The names of the actions that sign in at the institution for the customer."""
        return [item.action.name for item in self.availabilities if item.action.capability is Capability.CREDENTIALS]

    @property
    def available(self) -> list[Action]:
        return [item.action for item in self.availabilities if item.is_available]

    def first(self, capability: Capability) -> Action | None:
        return next((action for action in self.available if action.capability is capability), None)

    @property
    def everyday_actions(self) -> list[Availability]:
        chosen = {item.action.name for item in (*self.settings_actions, *self.dangerous_actions)}
        return [item for item in self.availabilities if item.action.name not in chosen]

    @property
    def settings_actions(self) -> list[Availability]:
        """What is kept about the account and can be set: the capability says so."""
        return [
            item
            for item in self.availabilities
            if item.action.capability is Capability.UPDATE and not item.action.danger
        ]

    @property
    def _settable(self) -> list[Action]:
        return [item.action for item in self.settings_actions]

    @property
    def dangerous_actions(self) -> list[Availability]:
        return [item for item in self.availabilities if item.action.danger]

    @property
    def fact_groups(self) -> list[tuple[str, list[Fact]]]:
        """The facts by group, each group where its first fact stands."""
        groups: dict[str, list[Fact]] = {}
        for fact in self.facts:
            groups.setdefault(fact.group, []).append(fact)
        return list(groups.items())

    def action(self, name: str) -> Action | None:
        return next((item.action for item in self.availabilities if item.action.name == name), None)


def sheet_of(account: LinkedAccount) -> Sheet:
    """Return everything the provider says about the account, from our own database and without a network."""
    schema = snapshots.schema_of(account)
    if account.integration not in registry.integrations():
        return Sheet(account, None, schema)
    provider, snapshot = registry.pure(account.integration), account.to_snapshot()
    availabilities = () if account.is_gone else provider.availability(snapshot, schema)
    sheet = Sheet(
        account,
        provider,
        schema,
        availabilities,
        facts=provider.facts(snapshot, schema),
        assessed=None if account.is_gone else provider.assess(snapshot, schema),
    )
    return replace(sheet, primary=_primary_of(sheet))


def _primary_of(sheet: Sheet) -> Action | None:
    """Return the action that helps most: the provider's choice, unless a later refusal says that others must act."""
    account, provider = sheet.account, sheet.provider
    if provider is None:
        return None
    if sheet.assessed is not None and sheet.assessed.attention == account.attention:
        name = provider.primary_action(account.to_snapshot(), sheet.schema)
        return next((action for action in sheet.available if action.name == name), None)
    match Attention(account.attention):
        case Attention.NEEDS_PASSWORD | Attention.NEEDS_CODE:
            return sheet.first(Capability.CREDENTIALS) or sheet.first(Capability.HOSTED_SESSION)
        case Attention.NEEDS_RECONNECT | Attention.INCOMPLETE:
            return sheet.first(Capability.HOSTED_SESSION)
        case Attention.CONFLICT:
            return sheet.first(Capability.UPDATE)
        case _:
            return None


@dataclass(frozen=True, slots=True)
class Sibling:
    account: LinkedAccount
    institution: str


def siblings_of(account: LinkedAccount, limit: int = 8) -> list[Sibling]:
    """Return the customer's other accounts, those with trouble first."""
    if account.customer_id is None:
        return []
    found = list(LinkedAccount.objects.filter(customer_id=account.customer_id).exclude(pk=account.pk)[:SIBLINGS_READ])
    keys = {(other.integration, other.schema_key) for other in found}
    schemas = RemoteSchema.objects.filter(integration__in={i for i, _ in keys}, key__in={k for _, k in keys})
    titles = {(schema.integration, schema.key): schema.title for schema in schemas.only("integration", "key", "title")}
    siblings = [Sibling(other, _title_of(other, titles)) for other in found]
    return sorted(siblings, key=lambda it: (it.account.attention == Attention.HEALTHY, it.institution))[:limit]


def _title_of(account: LinkedAccount, titles: Mapping[tuple[str, str], str]) -> str:
    known = titles.get((account.integration, account.schema_key), "")
    return account.title or known or account.schema_key or account.remote_id
