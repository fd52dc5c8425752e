"""What the detail page shows of a link, in order."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlsplit, urlunsplit

from ..answers import Fact, LookupTable, Schema, Snapshot
from .codes import REFRESH_LIMITS, label_of
from .payloads import InstitutionPayload, ProductPayload, read
from .snapshots import bank_of, link_of

_COUNTRIES = {"US": "United States", "GB": "United Kingdom", "CA": "Canada"}
_AGGREGATORS = {"moneykit": "MoneyKit itself", "mx": "MX"}


def facts(snapshot: Snapshot, schema: Schema | None) -> tuple[Fact, ...]:
    """Return the facts; what MoneyKit did not say has no value."""
    link = link_of(snapshot)
    institution = read(InstitutionPayload, schema.body if schema else {})
    ids = "Ids"
    products = LookupTable(
        ("Product", "Refreshed", "Last tried", "Error", "Cannot be refreshed", "Limit"),
        tuple(_row(name, product) for name, product in link.products.items()),
        note="Times are in UTC. Data that was read before stays readable when a product cannot be refreshed.",
    )
    return (
        Fact("Institution", bank_of(snapshot, schema)),
        Fact("Country", _COUNTRIES.get(institution.country, institution.country) or None),
        Fact("State at MoneyKit", snapshot.status or None, "code"),
        Fact("Error code", snapshot.error_code or None, "code"),
        Fact("Connected through", _AGGREGATORS.get(link.provider, link.provider.capitalize()) or None),
        Fact("Last refreshed", snapshot.last_success_at, "time"),
        Fact("Created", snapshot.created_at, "time"),
        Fact("Webhook", _without_user(link.webhook) or None, "code"),
        Fact("Tags", link.link_tags or None, "list"),
        Fact("Could be added", tuple(map(label_of, link.available_products)) or None, "list"),
        Fact("Products", products if products.rows else None, "table", "Products"),
        Fact("Customer reference", snapshot.external_id or None, "code", ids),
        Fact("Link id", snapshot.remote_id, "code", ids),
        Fact("Institution id", snapshot.schema_key or None, "code", ids),
    )


def _row(name: str, product: ProductPayload) -> tuple[str, ...]:
    error = ": ".join(filter(None, (product.error_code, product.error_message[:300])))
    return (
        label_of(name),
        _time(product.refreshed_at),
        _time(product.last_attempted_at),
        error,
        product.unavailable[:300],
        REFRESH_LIMITS.get(name, ""),
    )


def _time(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M}" if at else "never"


def _without_user(webhook: str) -> str:
    """Return the address without a name and password, should one stand in it."""
    try:
        parts = urlsplit(webhook)
        _, at, host = parts.netloc.rpartition("@")
        return urlunsplit(parts._replace(netloc=f"•••@{host}")) if at else webhook
    except ValueError:
        return webhook
