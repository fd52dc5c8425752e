"""What an agent can do with a link, when it makes sense, and what helps most."""

from __future__ import annotations

from ..answers import Schema, Snapshot
from ..attention import Attention
from ..base import Action, Availability, Capability, Effect
from .assessment import assess
from .snapshots import DELETED, link_of

REPAIR_LINK = Action(
    "repair_link",
    "Send repair link",
    Capability.HOSTED_SESSION,
    Effect.HANDOVER,
    "link",
    help="A page where the customer signs in at the institution again. It works once, for 30 minutes. It can also ask "
    "for more products; it takes none away.",
)
REFRESH = Action(
    "refresh",
    "Refresh",
    Capability.REFRESH,
    Effect.WRITE,
    "refresh",
    help="MoneyKit asks the institution for new data. It may be billed, and each product has its limit.",
)
SETTINGS = Action(
    "settings",
    "Edit webhook and tags",
    Capability.UPDATE,
    Effect.WRITE,
    "settings",
    help="Where MoneyKit tells of changes, and the tags of this link.",
)
TEST_WEBHOOK = Action(
    "test_webhook",
    "Send test webhook",
    Capability.LOOKUP,
    Effect.READ,
    "send",
    help="MoneyKit sends a webhook to this link's address and gives a token to ask its support about. Sandbox only.",
)
RESET = Action(
    "reset",
    "Break for a test",
    Capability.UPDATE,
    Effect.WRITE,
    "plug-connected-x",
    help="Makes a sandbox link need a reconnect, to try the repair.",
)
DELETE = Action(
    "delete",
    "Delete link",
    Capability.DELETE,
    Effect.DELETE,
    "trash",
    help="Deletes the link and all its data at MoneyKit. It cannot be undone.",
    confirm_name=True,
    danger=True,
)
ACTIONS = (REPAIR_LINK, REFRESH, SETTINGS, TEST_WEBHOOK, RESET, DELETE)
_DELETED = "This link is deleted. A deleted link cannot be brought back."


def availability(
    snapshot: Snapshot, schema: Schema | None, *, is_live: bool, has_return_address: bool
) -> tuple[Availability, ...]:
    """Return every action, those that make no sense now with the reason. MoneyKit decides the rest."""
    reasons = {
        REPAIR_LINK: ""
        if has_return_address
        else "The setting MONEYKIT_REDIRECT_URI is missing; an administrator sets it.",
        REFRESH: _why_no_refresh(snapshot),
        SETTINGS: "",
        TEST_WEBHOOK: _sandbox_only(is_live) or _why_no_test(snapshot),
        RESET: _sandbox_only(is_live) or ("" if snapshot.status == "connected" else "It is not connected now."),
        DELETE: "",
    }
    is_deleted = snapshot.status == DELETED
    return tuple(Availability(action, _DELETED if is_deleted else why_not) for action, why_not in reasons.items())


def primary_action(snapshot: Snapshot, schema: Schema | None, offered: tuple[Availability, ...]) -> str:
    """Return the action most likely to help now, or "" where waiting or looking again is all there is."""
    match assess(snapshot, schema).attention:
        case Attention.HEALTHY:
            wanted = REFRESH
        case Attention.NEEDS_RECONNECT | Attention.CUSTOMER_AT_INSTITUTION:
            wanted = REPAIR_LINK
        case Attention.INCOMPLETE if snapshot.status != "awaiting_token_exchange":
            wanted = REPAIR_LINK
        case _:
            return ""
    return wanted.name if Availability(wanted) in offered else ""


def _why_no_refresh(snapshot: Snapshot) -> str:
    if snapshot.status != "connected":
        return "MoneyKit refreshes connected links only. Repair this one first."
    return "" if link_of(snapshot).products else "No product was granted, so there is nothing to refresh."


def _sandbox_only(is_live: bool) -> str:
    return "MoneyKit allows this in its sandbox only, and these are live keys." if is_live else ""


def _why_no_test(snapshot: Snapshot) -> str:
    return "" if link_of(snapshot).webhook else "This link has no webhook. Set one first."
