"""Refreshing and deleting a link: what would be sent. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from ..answers import Schema, Snapshot
from ..fields import AuditClass, Field, FieldKind, FieldValue
from ..plan import CallTemplate, Change, Plan
from .plan_parts import down_warning, path_of, resource_choices, rests_on
from .snapshots import institution_of, institution_title, is_open_finance, link_of

ASYNC_HEADER = {"X-Belvo-Request-Mode": "async"}


def refresh_fields(snapshot: Snapshot, schema: Schema | None) -> tuple[Field, ...]:
    """Return the one optional field of a refresh. Source: OAS 1.223.0, POST /api/links/{id}/refresh/."""
    return (
        Field(
            "fetch_resources",
            "Only these resources",
            FieldKind.MULTISELECT,
            choices=resource_choices(link_of(snapshot).fetch_resources, schema),
            initial=(),
            help="Choose none to fetch all that the institution supports.",
            advanced=True,
            audit=AuditClass.PUBLIC,
        ),
    )


def plan_refresh(base: Snapshot, values: Mapping[str, FieldValue], schema: Schema | None) -> Plan:
    """Plan a historical update, of all resources or of some."""
    chosen = values.get("fetch_resources")
    resources = [str(name) for name in dict.fromkeys(chosen)] if isinstance(chosen, tuple | list) else []
    return Plan(
        action="refresh",
        remote_id=base.remote_id,
        summary=f"Ask Belvo to read this link again from {institution_title(base, schema)}",
        changes=(
            Change("refresh", "Historical update", None, ", ".join(resources) or "everything", audit=AuditClass.PUBLIC),
        ),
        call=CallTemplate("POST", f"{path_of(base)}refresh/", {"fetch_resources": resources} if resources else {}),
        base_digest=rests_on(base),
        warnings=(*down_warning(base, schema), "Belvo allows this once in 10 minutes for each link."),
    )


def plan_delete(base: Snapshot, schema: Schema | None) -> Plan:
    """Plan the deletion of the link and all its data. Source: OAS 1.223.0, DELETE /api/links/{id}/, async."""
    warnings = ["Belvo deletes this link with all its data. It cannot be undone."]
    if is_open_finance(schema) or "BR" in institution_of(schema).country_codes:
        warnings.append(
            "In Brazil, deleting a link is described as ending the consent too; the customer may still have to "
            "end it at "
            "their bank themselves."
        )
    return Plan(
        action="delete",
        remote_id=base.remote_id,
        summary=f"Delete this link at {institution_title(base, schema)} with all its data",
        changes=(Change("link", "Link", base.title or base.remote_id, None, audit=AuditClass.PUBLIC),),
        call=CallTemplate("DELETE", path_of(base), headers=ASYNC_HEADER),
        base_digest=rests_on(base),
        warnings=tuple(warnings),
    )
