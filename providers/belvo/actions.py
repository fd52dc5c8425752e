"""What an agent can do with a link, when it makes sense, and what helps most."""

from __future__ import annotations

from ..answers import Schema, Snapshot
from ..attention import Attention
from ..base import Action, Availability, Capability, Effect
from .assessment import assess
from .fields import credentials_fields
from .snapshots import is_open_finance

CREDENTIALS = Action(
    "credentials",
    "Update credentials",
    Capability.CREDENTIALS,
    Effect.WRITE,
    "key",
    help="Belvo signs in at the institution with the new password at once; it may ask for a code.",
)
SETTINGS = Action(
    "settings",
    "Change settings",
    Capability.UPDATE,
    Effect.WRITE,
    "settings",
    help="Access mode, how long data is kept, and which resources are fetched.",
)
REFRESH = Action(
    "refresh",
    "Refresh",
    Capability.REFRESH,
    Effect.WRITE,
    "refresh",
    help="Belvo reads everything from the institution again. Once in 10 minutes.",
)
REPAIR_LINK = Action(
    "repair_link",
    "Send repair link",
    Capability.HOSTED_SESSION,
    Effect.HANDOVER,
    "link",
    help="A page of Belvo's where the customer signs in themselves. It works once, for 10 minutes.",
)
CONSENTS = Action(
    "consents",
    "Look up consents",
    Capability.LOOKUP,
    Effect.READ,
    "file-certificate",
    help="What the customer has agreed to under Brazilian open finance, and until when.",
)
DELETE = Action(
    "delete",
    "Delete link",
    Capability.DELETE,
    Effect.DELETE,
    "trash",
    help="Deletes the link and all its data at Belvo. It cannot be undone.",
    confirm_name=True,
    danger=True,
)
ACTIONS = (CREDENTIALS, REPAIR_LINK, REFRESH, SETTINGS, CONSENTS, DELETE)


def availability(snapshot: Snapshot, schema: Schema | None) -> tuple[Availability, ...]:
    """Return every action, those that make no sense now with the reason.

    A link at an institution that is down keeps its actions: the plan warns, and the agent decides.
    """
    return (
        Availability(CREDENTIALS, _why_no_credentials(schema)),
        Availability(REPAIR_LINK),
        Availability(REFRESH, _why_no_refresh(snapshot)),
        Availability(SETTINGS),
        Availability(CONSENTS, _why_no_consents(schema)),
        Availability(DELETE),
    )


def primary_action(snapshot: Snapshot, schema: Schema | None) -> str:
    """Return the action most likely to help now, or "" where waiting or looking again is all there is."""
    match assess(snapshot, schema).attention:
        case Attention.HEALTHY:
            return REFRESH.name
        case Attention.NEEDS_PASSWORD | Attention.NEEDS_CODE:
            return REPAIR_LINK.name if _why_no_credentials(schema) else CREDENTIALS.name
        case Attention.NEEDS_RECONNECT | Attention.INCOMPLETE:
            return REPAIR_LINK.name
        case _:
            return ""


def _why_no_credentials(schema: Schema | None) -> str:
    if is_open_finance(schema):
        return "Open finance links have no password. The customer renews the consent: send the repair link."
    if not any(field.secret and not field.advanced for field in credentials_fields(schema)):
        return "This institution asks for no password, so there is none to replace. Send the repair link instead."
    return ""


def _why_no_refresh(snapshot: Snapshot) -> str:
    match snapshot.status:
        case "invalid":
            return "Belvo refreshes no invalid link. Repair the credentials first."
        case "unconfirmed":
            return "The first login was never finished, so there is nothing to refresh yet."
        case _:
            return ""


def _why_no_consents(schema: Schema | None) -> str:
    if schema is None:
        return "Linkdesk does not know this institution yet. Consents exist for Brazilian open finance only."
    return "" if is_open_finance(schema) else "This institution works with a password, not with consents."
