"""The repair link: a link session on the existing link, opened by MoneyKit Connect on a page for the customer. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..answers import Schema, Snapshot
from ..fields import AuditClass, Choice, Field, FieldKind, FieldValue
from ..plan import CallTemplate, Change, Plan
from .codes import SESSION_PRODUCTS, label_of
from .payloads import LinkPayload
from .plan_parts import rests_on
from .snapshots import bank_of, link_of, words

# Source: SDK, CustomerUser.id.
MIN_USER_ID_CHARS, MAX_USER_ID_CHARS = 4, 150

_STAYS_GRANTED = (
    "What is granted stays granted: MoneyKit takes no product away in a session. To share less, delete the link and "
    "have the customer connect again."
)


def repair_link_fields(snapshot: Snapshot) -> tuple[Field, ...]:
    """Return the products that the same session may ask for. Source: SDK, `existing_link_id` and
    `available_products`.
    """
    offered = _offered(link_of(snapshot))
    if not offered:
        return ()
    return (
        Field(
            "add_products",
            "Also ask for",
            FieldKind.MULTISELECT,
            choices=tuple(Choice(name, label_of(name)) for name in offered),
            initial=(),
            help=f"The customer is asked to allow each of them. {_STAYS_GRANTED}",
            audit=AuditClass.PUBLIC,
        ),
    )


def plan_repair_link(
    base: Snapshot, values: Mapping[str, FieldValue], schema: Schema | None, *, redirect_uri: str
) -> Plan:
    """Plan a link session with `existing_link_id`.

    Webhook and tags go along as they are, because MoneyKit removes what is not sent. Products can be added and not
    removed: “Existing product settings, however, cannot be changed and will be silently ignored.” Source: SDK 0.2.3,
    CreateLinkSessionRequest.existing_link_id.
    """
    link = link_of(base)
    given = values.get("add_products")
    added = [name for name in _offered(link) if isinstance(given, tuple | list) and name in given]
    body: dict[str, Any] = {
        "customer_user": {"id": user_id_for(base)},
        "existing_link_id": base.remote_id,
        "redirect_uri": redirect_uri,
        **what_is_kept(link),
    }
    changes = [Change("repair_link", "Repair link", None, "works once, for 30 minutes", audit=AuditClass.PUBLIC)]
    if added:
        body["settings"] = {"products": {name: {"required": False, "prefetch": True} for name in added}}
        changes.append(
            Change("add_products", "Products", words(list(link.products)), _with(link, added), audit=AuditClass.PUBLIC)
        )
    return Plan(
        action="repair_link",
        remote_id=base.remote_id,
        summary=f"Make a link where the customer signs in at {bank_of(base, schema)} again",
        changes=tuple(changes),
        call=CallTemplate("POST", "/link-session", body),
        base_digest=rests_on(base, "available_products"),
        warnings=(
            "Anyone who has the link can sign in with it: send it to the customer only.",
            *_kept_in_words(link),
            *((_STAYS_GRANTED,) if added else ()),
        ),
    )


def added_by(plan: Plan) -> tuple[str, ...]:
    """Return the products that the session of a plan asks for beside those granted."""
    settings = (plan.call.body or {}).get("settings", {})
    return tuple(label_of(name) for name in settings.get("products", {}))


def user_id_for(base: Snapshot) -> str:
    """Return our id of the customer. For an existing link MoneyKit ignores it (source: SDK, `existing_link_id`), so
    the link's own id may stand in where ours is not known or has not 4 to 150 characters.
    """
    reference = base.external_id
    return reference if MIN_USER_ID_CHARS <= len(reference) <= MAX_USER_ID_CHARS else base.remote_id


def what_is_kept(link: LinkPayload) -> dict[str, Any]:
    """Return what a session must carry so that the link keeps it."""
    return {**({"webhook": link.webhook} if link.webhook else {}), "link_tags": list(link.link_tags)}


def _offered(link: LinkPayload) -> tuple[str, ...]:
    """Return what can be added, each once: a link may name as available what is granted already."""
    return tuple(name for name in SESSION_PRODUCTS if name in link.available_products and name not in link.products)


def _kept_in_words(link: LinkPayload) -> tuple[str, ...]:
    tags = len(link.link_tags)
    kept = [*(["the webhook"] if link.webhook else []), *([f"{tags} tag{'' if tags == 1 else 's'}"] if tags else [])]
    if not kept:
        return ()
    return (
        f"The link keeps {' and '.join(kept)}. MoneyKit would remove what is not sent again, so Linkdesk reads it "
        "afresh and sends it along.",
    )


def _with(link: LinkPayload, added: list[str]) -> str:
    return words([*link.products, *added])
