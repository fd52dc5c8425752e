"""The settings of a link: the form, and the PATCH of what changed. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..answers import Schema, Snapshot
from ..fields import AuditClass, Choice, Field, FieldKind, FieldValue
from ..outcomes import FieldErrors
from ..plan import CallTemplate, Change, Plan
from .plan_parts import path_of, resource_choices, rests_on
from .snapshots import link_of

_MODES = {"single": "Single: read once", "recurrent": "Recurrent: kept up to date (billed)"}
_STALE_IN = re.compile(r"[0-9]{1,3}d")


def settings_fields(snapshot: Snapshot, schema: Schema | None) -> tuple[Field, ...]:
    """Return what PATCH changes, with the current values. Source: OAS 1.223.0, PATCH /api/links/{id}/."""
    link = link_of(snapshot)
    modes = dict(_MODES) if link.access_mode in {"", *_MODES} else {**_MODES, link.access_mode: link.access_mode}
    return (
        Field(
            "access_mode",
            "Access mode",
            FieldKind.SELECT,
            choices=tuple(Choice(value, label) for value, label in modes.items()),
            initial=link.access_mode or None,
            help="A recurrent link is read again at its refresh rate.",
            audit=AuditClass.PUBLIC,
        ),
        Field(
            "stale_in",
            "Keep data for (days)",
            FieldKind.NUMBER,
            initial=_days_of(link.stale_in),
            help="Belvo deletes the data of this link when it has not been updated for so many days: 1 to 999.",
            pattern=r"^\d{1,3}d?$",
            pattern_message="A whole number of days, 1 to 999.",
            max_length=4,
            audit=AuditClass.PUBLIC,
        ),
        Field(
            "fetch_resources",
            "Resources to fetch",
            FieldKind.MULTISELECT,
            choices=resource_choices(link.fetch_resources, schema),
            initial=link.fetch_resources,
            help="What Belvo reads at each historical update. A change alone starts no update.",
            audit=AuditClass.PUBLIC,
        ),
    )


def plan_settings(base: Snapshot, values: Mapping[str, FieldValue], schema: Schema | None) -> Plan | FieldErrors:
    """Plan a PATCH of the settings that changed, and of nothing else. Source: OAS 1.223.0, PATCH /api/links/{id}/."""
    link = link_of(base)
    errors: dict[str, tuple[str, ...]] = {}
    body: dict[str, Any] = {}
    access_mode = values.get("access_mode", link.access_mode)
    if isinstance(access_mode, str) and access_mode and access_mode != link.access_mode:
        body["access_mode"] = access_mode
    stale_in = values.get("stale_in", link.stale_in)
    if isinstance(stale_in, str) and stale_in.strip() and _days_of(stale_in.strip()) != _days_of(link.stale_in):
        body["stale_in"] = f"{_days_of(stale_in.strip())}d"
        if not _STALE_IN.fullmatch(body["stale_in"]) or not int(body["stale_in"][:-1]):
            errors["stale_in"] = ("A whole number of days, 1 to 999.",)
    resources = values.get("fetch_resources", link.fetch_resources)
    if isinstance(resources, tuple | list) and set(resources) != set(link.fetch_resources):
        body["fetch_resources"] = [str(name) for name in dict.fromkeys(resources)]
    if errors:
        return FieldErrors(errors)
    fields = {field.name: field for field in settings_fields(base, schema)}
    current = {"access_mode": link.access_mode, "stale_in": link.stale_in, "fetch_resources": link.fetch_resources}
    return Plan(
        action="settings",
        remote_id=base.remote_id,
        summary=f"Change {len(body)} setting{'' if len(body) == 1 else 's'} of this link",
        changes=tuple(
            Change(name, fields[name].label, _shown(current[name]), _shown(value), audit=fields[name].audit)
            for name, value in body.items()
        ),
        call=CallTemplate("PATCH", path_of(base), body),
        base_digest=rests_on(base, "access_mode", "stale_in", "fetch_resources"),
        warnings=tuple(_setting_warnings(current, body)),
    )


def _days_of(stale_in: str) -> str:
    """Return `365d` as `365`; anything else as it is."""
    return stale_in.removesuffix("d") if stale_in.removesuffix("d").isdigit() else stale_in


def _shown(value: object) -> str | None:
    if isinstance(value, tuple | list):
        return ", ".join(str(item) for item in value) or None
    return str(value) if value else None


def _setting_warnings(current: Mapping[str, Any], body: Mapping[str, Any]) -> tuple[str, ...]:
    warnings = []
    if body.get("access_mode") == "recurrent":
        warnings.append(
            "Recurrent access is billed by Belvo, and a historical update of this link starts within a day."
        )
    if "stale_in" in body and _fewer_days(body["stale_in"], current["stale_in"]):
        warnings.append("Belvo will delete data earlier than it does now. Deleted data does not come back.")
    if body.get("fetch_resources") == []:
        warnings.append("No resource is chosen; Belvo may refuse that, or fetch all of them.")
    return tuple(warnings)


def _fewer_days(after: str, before: str) -> bool:
    known = bool(_STALE_IN.fullmatch(after) and _STALE_IN.fullmatch(before))
    return known and int(after[:-1]) < int(before[:-1])
