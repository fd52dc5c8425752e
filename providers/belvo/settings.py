"""The settings of a link: the form, and the PATCH of what changed. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..answers import Schema, Snapshot
from ..fields import AuditClass, Choice, Field, FieldKind, FieldValue
from ..outcomes import FieldErrors
from ..plan import CallTemplate, Change, Plan
from .payloads import LinkPayload
from .plan_parts import path_of, resource_choices, rests_on
from .snapshots import link_of

_MODES = {"single": "Single: read once", "recurrent": "Recurrent: kept up to date (billed)"}
# Source: OAS 1.223.0, `^\d{1,3}d$`; a link that keeps nothing is no link.
_STALE_IN = re.compile(r"[1-9][0-9]{0,2}d")
_DAYS_WANTED = "A whole number of days, 1 to 999."


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
            pattern_message=_DAYS_WANTED,
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
    body = _changed(link, values)
    if not _is_lifetime(body.get("stale_in", "1d")):
        return FieldErrors({"stale_in": (_DAYS_WANTED,)})
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


def _changed(link: LinkPayload, values: Mapping[str, FieldValue]) -> dict[str, Any]:
    """Return the body of what differs; a blank value changes nothing, an empty choice of resources does."""
    body: dict[str, Any] = {}
    mode, stale_in, resources = (values.get(name) for name in ("access_mode", "stale_in", "fetch_resources"))
    if isinstance(mode, str) and mode and mode != link.access_mode:
        body["access_mode"] = mode
    if isinstance(stale_in, str) and stale_in.strip() and _days_of(stale_in) != _days_of(link.stale_in):
        body["stale_in"] = f"{_days_of(stale_in)}d"
    if isinstance(resources, tuple | list) and set(resources) != set(link.fetch_resources):
        body["fetch_resources"] = list(dict.fromkeys(resources))
    return body


def _days_of(stale_in: str) -> str:
    """Return `365d` and `0365` as `365`; anything else as it is."""
    days = stale_in.strip().removesuffix("d")
    return str(int(days)) if days.isascii() and days.isdigit() and len(days) < 10 else days


def _is_lifetime(stale_in: str) -> bool:
    return _STALE_IN.fullmatch(stale_in) is not None


def _shown(value: object) -> str | None:
    if isinstance(value, tuple | list):
        return ", ".join(str(item) for item in value) or None
    text = str(value or "")
    return f"{_days_of(text)} days" if _is_lifetime(text) else text or None


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
    return _is_lifetime(after) and _is_lifetime(before) and int(after[:-1]) < int(before[:-1])
