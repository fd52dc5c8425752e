"""The rows of the list, written out before the template: dates and addresses in a loop cost most of a page."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.urls import reverse

from dashboard import registry
from dashboard.models import Customer, LinkedAccount
from dashboard.services.troubles import Trouble
from dashboard.status import Freshness, Presentation, exact, freshness, presentation_of, relative
from providers.attention import Attention
from providers.base import Provider

TAGS_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Row:
    """`name` leads the row: the customer, else the external id (then it has no name), else the account itself."""

    id: str
    url: str
    version: str
    status: Presentation
    state_from: str
    name: str
    has_name: bool
    email: str
    institution: str
    provider: str
    headline: str
    since: str
    since_exact: str
    success: str
    success_exact: str
    freshness: Freshness
    reference: str
    tags: tuple[str, ...]
    more_tags: int
    is_gone: bool


@dataclass(frozen=True, slots=True)
class Group:
    """Neighbouring rows of one customer; `customer` is None for accounts that belong to nobody we know."""

    customer: Customer | None
    rows: tuple[Row, ...]


def grouped(accounts: Sequence[LinkedAccount], now: datetime, *, by_customer: bool) -> list[Group]:
    """Return the rows as they stand in the table: one group, or one per customer."""
    providers = {name: config.provider for name, config in registry.integrations().items()}
    if not by_customer:
        return [Group(None, tuple(_row(account, providers, now) for account in accounts))] if accounts else []
    groups: list[tuple[Customer | None, list[Row]]] = []
    for account in accounts:
        if not groups or groups[-1][0] != account.customer:
            groups.append((account.customer, []))
        groups[-1][1].append(_row(account, providers, now))
    return [Group(customer, tuple(rows)) for customer, rows in groups]


def _row(account: LinkedAccount, providers: Mapping[str, type[Provider]], now: datetime) -> Row:
    provider = providers.get(account.integration)
    customer = account.customer
    tags = tuple(str(tag) for tag in account.tags)
    institution = account.title or account.schema_key or "Not named"
    return Row(
        id=f"linked-account-{account.pk}",
        url=reverse("linked-account-detail", args=[account.pk]),
        version=version_of(account),
        status=presentation_of(account.attention),
        state_from=provider.state_from if provider and not account.is_gone else "",
        name=str(customer) if customer else account.external_id or institution,
        has_name=customer is not None or not account.external_id,
        email=_second_line(account),
        institution=institution,
        provider=provider.name if provider else account.integration,
        headline=account.headline,
        since=relative(account.attention_since, now),
        since_exact=exact(account.attention_since),
        success=_success(account, provider, now),
        success_exact=exact(account.last_success_at),
        freshness=freshness(account, now),
        reference=account.external_id or account.remote_id,
        tags=tags[:TAGS_SHOWN],
        more_tags=max(0, len(tags) - TAGS_SHOWN),
        is_gone=account.gone_at is not None,
    )


def _success(account: LinkedAccount, provider: type[Provider] | None, now: datetime) -> str:
    if account.last_success_at:
        return relative(account.last_success_at, now)
    return "not reported" if provider and provider.state_from else "none known"


def _second_line(account: LinkedAccount) -> str:
    if account.customer:
        return account.customer.email or account.customer.reference
    return "nobody in Customers has this external id" if account.external_id else "no customer"


def version_of(account: LinkedAccount) -> str:
    """Return what changes whenever anything in the row changes, times that pass aside."""
    customer = account.customer
    return f"{account.version}.{customer.updated_at.timestamp():.6f}" if customer else str(account.version)


def fingerprint(
    accounts: Iterable[LinkedAccount], counted: Mapping[Attention, int], in_the_way: Iterable[Trouble], now: datetime
) -> str:
    """Return a short text that differs when a poll has something new to show; the passing minute is something."""
    parts = [f"{account.pk}:{version_of(account)}" for account in accounts]
    parts += [f"{attention}={number}" for attention, number in sorted(counted.items())]
    parts += [trouble.key for trouble in in_the_way]
    parts.append(str(int(now.timestamp()) // 60))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:20]


def pack(ids: Iterable[UUID]) -> str:
    """Write ids into few characters of a URL."""
    return base64.urlsafe_b64encode(b"".join(each.bytes for each in ids)).decode().rstrip("=")


def unpack(text: str, *, at_most: int) -> list[UUID] | None:
    """Read packed ids; None for anything else."""
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (ValueError, binascii.Error):
        return None
    if len(raw) % 16 or len(raw) > 16 * at_most:
        return None
    return [UUID(bytes=raw[start : start + 16]) for start in range(0, len(raw), 16)]
