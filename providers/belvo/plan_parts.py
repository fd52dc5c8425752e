"""What the plans of all of Belvo's actions share. Pure."""

from __future__ import annotations

from ..answers import Schema, Snapshot, digest_of
from ..fields import Choice, Field
from ..plan import Change
from .snapshots import institution_of, institution_title, is_down


def path_of(base: Snapshot) -> str:
    return f"/api/links/{base.remote_id}/"


def rests_on(base: Snapshot, *settings: str) -> str:
    """Return a digest of what a plan rests on.

    A new `last_accessed_at` alone must not send the agent back to the preview.
    """
    return digest_of([base.remote_id, base.status, base.schema_key, {name: base.body.get(name) for name in settings}])


def secret_change(field: Field) -> Change:
    return Change(field.name, field.label, None, None, secret=True, audit=field.audit)


def down_warning(base: Snapshot, schema: Schema | None) -> tuple[str, ...]:
    name = institution_title(base, schema)
    return (
        (f"Belvo reports that {name} is down. The attempt will most likely not get through.",)
        if is_down(schema)
        else ()
    )


def resource_choices(current: tuple[str, ...], schema: Schema | None) -> tuple[Choice, ...]:
    """Return what the institution offers, and what is set now even if it is no longer offered."""
    offered = institution_of(schema).resources
    return tuple(Choice(name, name.replace("_", " ").capitalize()) for name in dict.fromkeys((*offered, *current)))
