"""Refreshing, resetting, testing and deleting a link: forms and plans. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from ..answers import Schema, Snapshot
from ..fields import AuditClass, Choice, Field, FieldKind, FieldValue
from ..outcomes import FieldErrors
from ..plan import CallTemplate, Change, Plan
from .codes import PRODUCTS, REFRESH_LIMITS, label_of
from .payloads import ProductPayload
from .plan_parts import path_of, rests_on
from .snapshots import bank_of, link_of, words

EVENTS = {
    "link.state_changed": "The link's state changed",
    "link.product_refresh": "A product was refreshed",
    "transactions.updates_available": "There are new transactions",
}


def refresh_fields(snapshot: Snapshot) -> tuple[Field, ...]:
    """Return the products to choose from, each with its limit, and the consent to pay. Source: SDK and examples."""
    products = link_of(snapshot).products
    return (
        Field(
            "products",
            "Products",
            FieldKind.MULTISELECT,
            required=True,
            choices=tuple(Choice(name, _offer(name, product)) for name, product in products.items()),
            initial=tuple(name for name, product in products.items() if name in PRODUCTS and not product.unavailable),
            help="Asking before the time is over is refused or fails, and changes nothing.",
            audit=AuditClass.PUBLIC,
        ),
        Field(
            "may_be_billed",
            "A refresh on demand may be billed; go ahead",
            FieldKind.BOOLEAN,
            initial=False,
            help="By the contract with MoneyKit, each refresh asked for by hand may cost money.",
            audit=AuditClass.PUBLIC,
        ),
    )


def plan_refresh(base: Snapshot, values: Mapping[str, FieldValue], schema: Schema | None) -> Plan | FieldErrors:
    """Plan a refresh of the chosen products. Source: SDK, POST /links/{id}/products."""
    granted = link_of(base).products
    given = values.get("products")
    chosen = [name for name in granted if isinstance(given, tuple | list) and name in given]
    if not chosen:
        return FieldErrors({"products": ("Choose at least one.",)})
    if values.get("may_be_billed") is not True:
        return FieldErrors({"may_be_billed": ("Tick this first: the refresh may be billed.",)})
    limits = [f"{label_of(name)}: {REFRESH_LIMITS[name]}." for name in chosen if name in REFRESH_LIMITS]
    stuck = [f"{label_of(name)} cannot be refreshed now: {granted[name].unavailable}" for name in chosen]
    return Plan(
        action="refresh",
        remote_id=base.remote_id,
        summary=f"Ask MoneyKit to read {words(chosen).lower()} again from {bank_of(base, schema)}",
        changes=(Change("products", "Products to refresh", None, words(chosen), audit=AuditClass.PUBLIC),),
        call=CallTemplate("POST", path_of(base, "/products"), {"products": chosen}),
        base_digest=rests_on(base),
        warnings=(
            "This refresh may be billed.",
            *limits,
            *(text for name, text in zip(chosen, stuck, strict=True) if granted[name].unavailable),
        ),
    )


def plan_reset(base: Snapshot) -> Plan:
    """Plan the reset of a sandbox link. Source: SDK, POST /links/{id}/reset."""
    return Plan(
        action="reset",
        remote_id=base.remote_id,
        summary="Make this sandbox link need a reconnect",
        changes=(Change("state", "State", base.status, "needs a reconnect", audit=AuditClass.PUBLIC),),
        call=CallTemplate("POST", path_of(base, "/reset")),
        base_digest=rests_on(base),
        warnings=("Only the customer's sign-in, in the sandbox, brings the link back.",),
    )


def webhook_test_fields() -> tuple[Field, ...]:
    return (
        Field(
            "event",
            "Event",
            FieldKind.SELECT,
            required=True,
            choices=tuple(Choice(event, label) for event, label in EVENTS.items()),
            initial="link.state_changed",
            audit=AuditClass.PUBLIC,
        ),
    )


def plan_webhook_test(base: Snapshot, values: Mapping[str, FieldValue]) -> Plan:
    """Plan a test webhook; the key that makes it unique is added when it is sent."""
    given = values.get("event")
    event = given if isinstance(given, str) and given in EVENTS else "link.state_changed"
    return Plan(
        action="test_webhook",
        remote_id=base.remote_id,
        summary="Have MoneyKit send a test webhook",
        changes=(Change("event", "Event", None, event, audit=AuditClass.PUBLIC),),
        call=CallTemplate(
            "POST", f"/webhooks/test/link/{path_of(base).removeprefix('/links/')}", {"webhook_event": event}
        ),
        base_digest=rests_on(base, "webhook"),
        warnings=("It goes to the webhook of this link, as a real one would.",),
    )


def plan_delete(base: Snapshot, schema: Schema | None) -> Plan:
    """Plan the deletion of the link. Source: SDK of 2023, DELETE /links/{id}; MoneyKit's pages: irreversible."""
    return Plan(
        action="delete",
        remote_id=base.remote_id,
        summary=f"Delete this link at {bank_of(base, schema)} with all its data",
        changes=(Change("link", "Link", base.title or base.remote_id, None, audit=AuditClass.PUBLIC),),
        call=CallTemplate("DELETE", path_of(base)),
        base_digest=rests_on(base),
        warnings=(
            "MoneyKit deletes this link with all its data. It cannot be undone; a bare record stays for 90 days.",
            "The customer would have to connect again, and the new link gets another id.",
        ),
    )


def _offer(name: str, product: ProductPayload) -> str:
    """Return what a person should know before the click: the limit, and when it was last tried."""
    parts = [label_of(name)]
    if name in REFRESH_LIMITS:
        parts.append(REFRESH_LIMITS[name])
    if product.last_attempted_at:
        parts.append(f"last tried {product.last_attempted_at:%Y-%m-%d %H:%M} UTC")
    if product.unavailable:
        parts.append(f"cannot be refreshed: {product.unavailable[:120]}")
    return " · ".join(parts)
