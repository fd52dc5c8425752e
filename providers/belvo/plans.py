"""What would be sent: decided before anything is, from values without secrets. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..answers import Schema, Snapshot, digest_of
from ..fields import AuditClass, Field, FieldValue
from ..outcomes import FieldErrors
from ..plan import CallTemplate, Change, Plan, placeholder
from .fields import consents_fields, credentials_fields, days_of, default_locale, settings_fields
from .snapshots import institution_of, institution_title, is_down, is_open_finance, link_of

_STALE_IN = re.compile(r"[0-9]{1,3}d")
_DOCUMENT_PAIR = ("certificate", "private_key")
ASYNC_HEADER = {"X-Belvo-Request-Mode": "async"}
UPDATE_SCOPES = "read_institutions,write_links,read_links"


def plan_credentials(
    base: Snapshot, values: Mapping[str, FieldValue], given_secrets: frozenset[str], schema: Schema | None
) -> Plan | FieldErrors:
    """Plan a PUT of the fields that were filled in, and of the hidden ones. Without a new secret there is no plan to send.

    Source: contract section 2.4; username and institution are never sent.
    """
    fields = {field.name: field for field in credentials_fields(schema) if field.editable}
    given = tuple(name for name, field in fields.items() if field.secret and name in given_secrets)
    missing = [name for name in _DOCUMENT_PAIR if name not in given] if set(_DOCUMENT_PAIR) & set(given) else []
    if missing:
        return FieldErrors(
            dict.fromkeys(missing, ("Certificate and private key belong together: give both, or none.",))
        )
    body: dict[str, Any] = {name: placeholder(name) for name in given}
    changes = [_secret_change(fields[name]) for name in given]
    if given:
        open_changes = _open_values(fields, values)
        changes += [change for change, _ in open_changes]
        body |= {change.field: value for change, value in open_changes}
        body |= {n: f.hidden_value for n, f in fields.items() if f.hidden_value is not None and n not in body}
    return Plan(
        action="credentials",
        remote_id=base.remote_id,
        summary=f"Replace the credentials of this link at {institution_title(base, schema)}",
        changes=tuple(changes),
        call=CallTemplate(
            "PUT", _path(base), {name: body[name] for name in (*fields, "encryption_key") if name in body}
        ),
        base_digest=_base(base),
        secret_names=given,
        warnings=tuple(_credential_warnings(base, schema)) if changes else (),
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
    if isinstance(stale_in, str) and stale_in.strip() and days_of(stale_in.strip()) != days_of(link.stale_in):
        body["stale_in"] = f"{days_of(stale_in.strip())}d"
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
        call=CallTemplate("PATCH", _path(base), body),
        base_digest=_base(base, "access_mode", "stale_in", "fetch_resources"),
        warnings=tuple(_setting_warnings(current, body)),
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
        call=CallTemplate("POST", f"{_path(base)}refresh/", {"fetch_resources": resources} if resources else {}),
        base_digest=_base(base),
        warnings=(*_down_warning(base, schema), "Belvo allows this once in 10 minutes for each link."),
    )


def plan_repair_link(base: Snapshot, values: Mapping[str, FieldValue], schema: Schema | None) -> Plan:
    """Plan a widget token in update mode. Source: Belvo “Hosted Widget Update Mode”; the OAS body lacks `link_id`."""
    locale = values.get("locale") or default_locale(schema)
    warnings = [
        "Anyone who has the link can sign in to this customer's institution with it: send it to the customer only."
    ]
    if is_open_finance(schema):
        warnings.append(
            "Belvo describes this page for links with a password. If it does not offer the consent, ask the customer to renew "
            "it in My Belvo Portal."
        )
    return Plan(
        action="repair_link",
        remote_id=base.remote_id,
        summary="Make a link where the customer signs in themselves",
        changes=(
            Change("locale", "Repair link", None, f"works once, for 10 minutes ({locale})", audit=AuditClass.PUBLIC),
        ),
        call=CallTemplate(
            "POST",
            "/api/token/",
            {
                "id": placeholder("SECRET_ID"),
                "password": placeholder("SECRET_PASSWORD"),
                "scopes": UPDATE_SCOPES,
                "link_id": base.remote_id,
            },
        ),
        base_digest=_base(base),
        warnings=(*_down_warning(base, schema), *warnings),
    )


def plan_consents(base: Snapshot, given_secrets: frozenset[str]) -> Plan:
    """Plan the lookup of a person's consents; without the document number it is empty."""
    (field,) = consents_fields()
    given = field.name in given_secrets
    return Plan(
        action="consents",
        remote_id=base.remote_id,
        summary="Look up the customer's consents at Belvo",
        changes=(_secret_change(field),) if given else (),
        call=CallTemplate("GET", "/api/consents/", {field.name: placeholder(field.name)} if given else {}),
        base_digest=_base(base),
        secret_names=(field.name,) if given else (),
    )


def plan_delete(base: Snapshot, schema: Schema | None) -> Plan:
    """Plan the deletion of the link and all its data. Source: OAS 1.223.0, DELETE /api/links/{id}/, async."""
    warnings = ["Belvo deletes this link with all its data. It cannot be undone."]
    if is_open_finance(schema) or "BR" in institution_of(schema).country_codes:
        warnings.append(
            "In Brazil, deleting a link is described as ending the consent too; the customer may still have to end it at "
            "their bank themselves."
        )
    return Plan(
        action="delete",
        remote_id=base.remote_id,
        summary=f"Delete this link at {institution_title(base, schema)} with all its data",
        changes=(Change("link", "Link", base.title or base.remote_id, None, audit=AuditClass.PUBLIC),),
        call=CallTemplate("DELETE", _path(base), headers=ASYNC_HEADER),
        base_digest=_base(base),
        warnings=tuple(warnings),
    )


def _path(base: Snapshot) -> str:
    return f"/api/links/{base.remote_id}/"


def _base(base: Snapshot, *settings: str) -> str:
    """Return a digest of what a plan rests on. A new `last_accessed_at` alone must not send the agent back to the preview."""
    return digest_of([base.remote_id, base.status, base.schema_key, {name: base.body.get(name) for name in settings}])


def _secret_change(field: Field) -> Change:
    return Change(field.name, field.label, None, None, secret=True, audit=field.audit)


def _open_values(fields: Mapping[str, Field], values: Mapping[str, FieldValue]) -> list[tuple[Change, str]]:
    """Return the fields that are no secrets (the type of document) as they will be sent."""
    found = []
    for name, field in fields.items():
        value = values.get(name, field.initial)
        if field.secret or field.hidden_value is not None or not isinstance(value, str) or not value:
            continue
        label = next((choice.label for choice in field.choices if choice.value == value), value)
        found.append((Change(name, field.label, None, label, audit=field.audit), value[: field.max_length]))
    return found


def _shown(value: object) -> str | None:
    if isinstance(value, tuple | list):
        return ", ".join(str(item) for item in value) or None
    return str(value) if value else None


def _down_warning(base: Snapshot, schema: Schema | None) -> tuple[str, ...]:
    name = institution_title(base, schema)
    return (
        (f"Belvo reports that {name} is down. The attempt will most likely not get through.",)
        if is_down(schema)
        else ()
    )


def _credential_warnings(base: Snapshot, schema: Schema | None) -> tuple[str, ...]:
    recurrent = link_of(base).access_mode == "recurrent"
    again = ("A recurrent link is read again by itself after new credentials.",) if recurrent else ()
    return (
        *_down_warning(base, schema),
        "Belvo signs in at the institution at once. Several wrong passwords can lock the customer's account there.",
        *again,
    )


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
