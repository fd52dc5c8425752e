"""Which operations need a second person: a rule over the plan and what the customer's accounts have had."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

from providers.answers import Schema
from providers.base import Capability, Effect
from providers.fields import AuditClass
from providers.plan import Change, Plan

from ..models import LinkedAccount, Operation, RemoteSchema
from ..models.operation import State
from ..registry import UnknownIntegration, pure
from . import approvals
from .evidence import effect_of

DELETE = "delete"
WEBHOOK_HOST = "webhook_host"
# Of a customer with very many accounts and changes only the newest are looked through: the rest counts as not seen.
ACCOUNTS_READ = 200
CHANGES_READ = 200

WHY: dict[str, str] = {
    DELETE: "Deleting cannot be undone, so a second person has to agree before it is sent.",
    WEBHOOK_HOST: "This address leads to a host that no account of this customer has had, so a second person has to "
    "agree before it is sent.",
}

_ADDRESS = re.compile(r"\s*(https?:|([a-z][a-z0-9+.-]*:)?//)", re.IGNORECASE)
# Browsers and libraries make an address of these, each its own.
_HALF_SCHEME = re.compile(r"https?:(?!//)", re.IGNORECASE)
# Where parsers disagree about which part is the host.
_AMBIGUOUS = re.compile(r"[\\@\s\x00-\x1f]")


def needed_for(account: LinkedAccount, plan: Plan) -> str:
    """Return the key of the setting that wants a second person for this plan, or ""."""
    provider = pure(account.integration)
    if effect_of(provider, plan.action) == Effect.DELETE and approvals.is_needed(DELETE):
        return DELETE
    if approvals.is_needed(WEBHOOK_HOST) and (given := list(_addresses_given(plan))):
        seen = hosts_seen(account, plan)
        if any(host_of(address) not in seen for address in given):
            return WEBHOOK_HOST
    return ""


def host_of(address: str) -> str | None:
    """Return the host of an address in lower case; None where it is not beyond doubt, which is never seen before."""
    address = address.strip()
    if _AMBIGUOUS.search(address) or _HALF_SCHEME.match(address):
        return None
    try:
        # A shop's address is often its bare name.
        host = urlsplit(address if "://" in address else f"//{address}").hostname
    except ValueError:
        return None
    return host.rstrip(".") or None if host else None


def hosts_seen(account: LinkedAccount, plan: Plan) -> frozenset[str]:
    """Return the hosts that the customer's accounts have now, had before this plan, or got by a change that is done."""
    accounts = _accounts_of(account)
    addresses = [change.before for change in plan.changes if _is_address(change, change.before)]
    addresses += _addresses_in(accounts)
    done = Operation.objects.filter(account__in=accounts, state=State.DONE).order_by("-created_at")
    for raw in done.values_list("plan", flat=True)[:CHANGES_READ]:
        addresses += _addresses_given(Plan.from_json(raw)) if raw else ()
    return frozenset(host for address in addresses if address and (host := host_of(address)))


def _accounts_of(account: LinkedAccount) -> list[LinkedAccount]:
    """Return the account, and those that the providers too say are of the same customer.

    Not those that only our match gives to that customer: whoever edits a reference could bring in a stranger's account
    with its hosts.
    """
    if not account.external_id:
        return [account]
    siblings = LinkedAccount.objects.filter(external_id=account.external_id).exclude(pk=account.pk)
    return [account, *siblings.order_by("-changed_at", "-id")[: ACCOUNTS_READ - 1]]


def _addresses_given(plan: Plan) -> Iterator[str]:
    return (change.after for change in plan.changes if change.after and _is_address(change, change.after))


def _is_address(change: Change, value: str | None) -> bool:
    """Say whether a change is one of an address.

    A field that takes any text is classed by what it held: where it was empty, its new value tells.
    """
    if not value or change.secret or change.audit == AuditClass.RECORD:
        return False
    return change.audit == AuditClass.URL or _ADDRESS.match(value) is not None


def _addresses_in(accounts: Iterable[LinkedAccount]) -> list[str]:
    accounts = list(accounts)
    schemas = _schemas_of(accounts)
    found: list[str] = []
    for account in accounts:
        try:
            provider = pure(account.integration)
        except UnknownIntegration:
            continue
        schema, snapshot = schemas.get((account.integration, account.schema_key)), account.to_snapshot()
        for action in provider.actions:
            if action.capability is not Capability.UPDATE:
                continue
            fields = provider.fields(action.name, snapshot, schema)
            found += [f.initial for f in fields if f.audit == AuditClass.URL and isinstance(f.initial, str)]
    return found


def _schemas_of(accounts: Iterable[LinkedAccount]) -> dict[tuple[str, str], Schema]:
    keys = {account.schema_key for account in accounts if account.schema_key}
    names = {account.integration for account in accounts}
    stored = RemoteSchema.objects.filter(integration__in=names, key__in=keys) if keys else ()
    return {(schema.integration, schema.key): schema.to_schema() for schema in stored}
