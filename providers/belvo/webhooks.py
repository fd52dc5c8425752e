"""Belvo's webhooks: a static Authorization header, and events that are hints only. Pure.

Belvo signs nothing and sends no timestamp. Source: Belvo “Aggregation Webhooks”.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from typing import Any

from ..answers import WebhookEvent, digest_of
from ..cleaning import clean_text
from ..secrets import Secret
from .client import as_bytes
from .payloads import clean_json
from .snapshots import is_link_id

# What may be kept of `data`: counts, dates, ids, the error. Nothing that names a person.
_KEPT_DETAILS = frozenset(
    {"error_code", "error_message", "status", "consent_id", "consent_due_date", "action", "institution"}
)
_MAX_BYTES = 1_000_000


def verify(headers: Mapping[str, str], expected: str | Secret | None) -> bool:
    """Compare the Authorization header with the configured one, in constant time;
    nothing configured refuses everything.
    """
    wanted = as_bytes(expected) if isinstance(expected, Secret) else (expected or "").encode()
    if not wanted:
        return False
    given = next((value for name, value in headers.items() if name.lower() == "authorization"), "")
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), wanted)


def parse(body: bytes) -> tuple[WebhookEvent, ...]:
    """Return the event of a delivery; () for anything that is not a JSON object (or an array of them)."""
    if len(body) > _MAX_BYTES:
        return ()
    try:
        raw = json.loads(body)
    except (ValueError, RecursionError):
        return ()
    items = raw if isinstance(raw, list) else [raw]
    return tuple(_event(item) for item in items if isinstance(item, dict) and item)


def _event(raw: dict[str, Any]) -> WebhookEvent:
    link_id = clean_text(raw.get("link_id"), 64)
    data = raw.get("data")
    return WebhookEvent(
        event_id=_event_id(raw),
        remote_id=link_id if is_link_id(link_id) else "",
        kind=_KINDS.get(clean_text(raw.get("webhook_type"), 60).upper(), "unknown"),
        code=clean_text(raw.get("webhook_code"), 100),
        request_id=clean_text(raw.get("request_id"), 64),
        external_id=clean_text(raw.get("external_id"), 256),
        details={
            "type": clean_text(raw.get("webhook_type"), 60),
            "process": clean_text(raw.get("process_type"), 60),
            **_details(data if isinstance(data, dict) else {}),
        },
    )


def _event_id(raw: dict[str, Any]) -> str:
    """Return Belvo's `webhook_id` with a digest of the body.

    Assumed: it is not certain that `webhook_id` names the event and not the endpoint; with the digest, two events never
    count as one, and a repeated delivery still does.
    """
    digest = digest_of(clean_json(raw))
    webhook_id = clean_text(raw.get("webhook_id"), 64)
    return f"{webhook_id}-{digest[:16]}" if webhook_id else digest


def _details(data: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in data.items() if key in _KEPT_DETAILS or isinstance(value, int)}
    dates = {key: value for key, value in data.items() if key.endswith("_date")}
    return {clean_text(key, 100): clean_json(value, 2) for key, value in (kept | dates).items()}


_DATA = [
    "ACCOUNTS",
    "OWNERS",
    "TRANSACTIONS",
    "BILLS",
    "INVESTMENTS",
    "INVESTMENT_TRANSACTIONS",
    "EXCHANGES",
    "INCOMES",
    "RECURRING_EXPENSES",
    "RISK_INSIGHTS",
    "INVOICES",
    "TAX_STATUS",
    "TAX_RETURNS",
    "TAX_RETENTIONS",
    "TAX_COMPLIANCE_STATUS",
    "FINANCIAL_STATEMENTS",
    "EMPLOYMENT_RECORDS",
    "CURRENT_EMPLOYMENTS",
    "EMPLOYMENT_METRICS",
    "EMPLOYMENTS",
]
_KINDS = {"LINK": "link", "CONSENT": "consent", **dict.fromkeys(_DATA, "data")}
