"""What an agent can do with a connection, when it makes sense, and what helps most."""

from __future__ import annotations

from ..answers import Schema, Snapshot
from ..base import Action, Availability, Capability, Effect
from .assessment import missing_configs
from .fields import NAME, config_fields
from .snapshots import connection_type

CONFIGS = Action(
    "configs",
    "Edit configs",
    Capability.UPDATE,
    Effect.WRITE,
    "settings",
    help="The name and the configs of this connection. Flxpoint replaces all of them, so all are compared first.",
)
CREATE = Action(
    "create",
    "New connection like this",
    Capability.CREATE,
    Effect.WRITE,
    "plus",
    help="An empty connection of the same type, with a form of its own. This one stays as it is.",
)
ACTIONS = (CONFIGS, CREATE)


def availability(snapshot: Snapshot, schema: Schema | None) -> tuple[Availability, ...]:
    return (
        Availability(CONFIGS, _why_no_configs(snapshot)),
        Availability(CREATE, _why_no_create(snapshot, schema)),
    )


def primary_action(snapshot: Snapshot) -> str:
    """Return the form if something that an agent can set is missing."""
    return CONFIGS.name if any(config.is_open for config in missing_configs(snapshot)) else ""


def _why_no_configs(snapshot: Snapshot) -> str:
    if not connection_type(snapshot):
        return "Flxpoint names no type for this connection, and an update without one could change it."
    if not any(field.editable and field.name != NAME for field in config_fields(snapshot)):
        return "Flxpoint lets none of this connection's configs be changed."
    return ""


def _why_no_create(snapshot: Snapshot, schema: Schema | None) -> str:
    if schema is None or not schema.body.get("configs"):
        return "Flxpoint has not described this type of connection, so there is no form for a new one."
    return "" if connection_type(snapshot) else "Flxpoint names no type for this connection."
