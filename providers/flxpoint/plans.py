"""What a PUT or a POST would hold: the whole set, the edits applied. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..answers import Schema, Snapshot
from ..fields import FieldKind, FieldValue
from ..outcomes import FieldErrors
from ..plan import CallTemplate, Change, Plan, placeholder
from .configs import Config, Held, configs_in
from .feeds import feeds_in
from .fields import NAME, choices_of, config_fields, field_of, items_of, kind_of, shown, value_of
from .secrecy import holds_credentials, is_mask
from .snapshots import connection_type, content_digest, name_of, template_of, type_name

CHANGED_ONLY = "changed_only"
_MASK = "This is only a placeholder for a value. Type the value itself, or leave the field as it was."
_CREDENTIALS = (
    "This address holds a password, which Linkdesk would have to keep in the clear. Use the configs for user and "
    "password instead."
)


def plan_configs(
    base: Snapshot,
    values: Mapping[str, FieldValue],
    given_secrets: frozenset[str],
    schema: Schema | None,
    *,
    put_mode: str,
) -> Plan | FieldErrors:
    """Plan a PUT of every config that is known, with the edits applied; without an edit the plan is empty.

    A kept secret stands in the body by its name only: `send` fills it in from a fresh read.
    Source: the contract, section 6.2.
    """
    edits = edits_on(base, values)
    if errors := _errors(edits, base):
        return FieldErrors(errors)
    given = tuple(config.handle for config in configs_in(base) if config.secret and config.handle in given_secrets)
    changes = _changes(base, edits, given)
    mode = put_mode if put_mode == CHANGED_ONLY else "full"
    return Plan(
        action="configs",
        remote_id=base.remote_id,
        summary=f"Change {len(changes)} config{'' if len(changes) == 1 else 's'} of “{base.title}”",
        changes=changes,
        call=CallTemplate("PUT", f"/connections/{base.remote_id}", _body(base, edits, given, mode)),
        base_digest=content_digest(base),
        secret_names=given,
        warnings=_warnings(base, edits, given, schema, mode) if changes else (),
    )


def plan_create(
    base: Snapshot, values: Mapping[str, FieldValue], given_secrets: frozenset[str], schema: Schema | None
) -> Plan | FieldErrors:
    """Plan a POST of a new connection of the type of `base`. Defaults are left to Flxpoint.

    Source: the contract, section 6.3.
    """
    if schema is None:
        return FieldErrors({"": ("Flxpoint has not described this type of connection yet. Sync, then begin again.",)})
    template = template_of(schema)
    edits = edits_on(template, values)
    if errors := _errors(edits, template):
        return FieldErrors(errors)
    given = tuple(config.handle for config in configs_in(template) if config.secret and config.handle in given_secrets)
    missing = [
        field.name
        for field in config_fields(template, is_new=True)
        if field.required and not edits.get(field.name) and field.name not in given
    ]
    if missing and (edits or given):
        return FieldErrors(dict.fromkeys(missing, ("This is needed for a new connection.",)))
    return Plan(
        action="create",
        remote_id=base.remote_id,
        summary=f"Make a new connection of the type {type_name(template)}",
        changes=_changes(template, edits, given),
        call=CallTemplate("POST", "/connections", _body(template, edits, given, "full")),
        base_digest=content_digest(template),
        secret_names=given,
        warnings=("It is made at once. Flxpoint's API has no call to delete or to disable it afterwards.",),
    )


def edits_on(base: Snapshot, values: Mapping[str, FieldValue]) -> dict[str, str]:
    """Return what differs from the base, by field. An empty text means: clear it, because the form showed the value."""
    edits: dict[str, str] = {}
    if NAME in values and _differs(name_of(base), name := value_of(values[NAME])):
        edits[NAME] = name.strip()
    for config in configs_in(base):
        if config.handle not in values or config.secret or not config.is_open:
            continue
        typed = value_of(values[config.handle])
        if _differs(config.value or "", typed, kind_of(config)):
            edits[config.handle] = typed
    return edits


def _differs(before: str, after: str, kind: FieldKind = FieldKind.TEXT) -> bool:
    """Compare as a form gives it back: one line comes trimmed, a list has no order, a choice comes as it is."""
    match kind:
        case FieldKind.MULTISELECT:
            return set(items_of(before)) != set(items_of(after))
        case FieldKind.SELECT | FieldKind.LINES:
            return before.replace("\r\n", "\n") != after
        case _:
            return before.replace("\r\n", "\n").strip() != after.strip()


def _errors(edits: Mapping[str, str], base: Snapshot) -> dict[str, tuple[str, ...]]:
    options = {config.handle: [c.value for c in choices_of(config, kind_of(config))] for config in configs_in(base)}
    errors: dict[str, tuple[str, ...]] = {}
    for field, value in edits.items():
        if field != NAME and is_mask(value, tuple(options.get(field, ()))):
            errors[field] = (_MASK,)
        elif holds_credentials(value):
            errors[field] = (_CREDENTIALS,)
    return errors


def _changes(base: Snapshot, edits: Mapping[str, str], given: tuple[str, ...]) -> tuple[Change, ...]:
    changes: list[Change] = []
    fields = {field.name: field for field in config_fields(base)}
    if NAME in edits:
        changes.append(
            Change(NAME, fields[NAME].label, name_of(base) or None, edits[NAME] or None, audit=fields[NAME].audit)
        )
    for config in configs_in(base):
        field = field_of(config)
        if config.handle in given:
            changes.append(Change(config.handle, field.label, None, None, secret=True, audit=field.audit))
        elif config.handle in edits:
            before, after = (shown(config, text, field.choices) for text in (config.value, edits[config.handle]))
            changes.append(Change(config.handle, field.label, before, after, audit=field.audit))
    return tuple(changes)


def _body(base: Snapshot, edits: Mapping[str, str], given: tuple[str, ...], mode: str) -> dict[str, Any]:
    configs = []
    for config in configs_in(base):
        is_changed = config.handle in edits or config.handle in given
        if not is_changed and (mode == CHANGED_ONLY or not config.is_sent):
            continue
        value = placeholder(config.handle) if config.secret else edits.get(config.handle, config.value)
        configs.append({"handle": config.handle, "value": value})
    return {"connectionType": connection_type(base), "name": edits.get(NAME, name_of(base)), "configs": configs}


def _warnings(
    base: Snapshot, edits: Mapping[str, str], given: tuple[str, ...], schema: Schema | None, mode: str
) -> tuple[str, ...]:
    warnings: list[str] = []
    cleared = [config.label for config in configs_in(base) if edits.get(config.handle) == ""]
    if cleared:
        warnings.append(f"Will be emptied: {', '.join(cleared)}.")
    left_out = [config.label for config in configs_in(base) if _is_left_out(config, edits, given)]
    if mode == CHANGED_ONLY:
        warnings.append("Only what changes is sent. Whether Flxpoint keeps the rest is read back and said.")
    elif left_out:
        warnings.append(
            f"Flxpoint does not show {', '.join(left_out)}, so the update leaves it out. Whether it was kept is read "
            "back as far as Flxpoint tells."
        )
    if feeds := feeds_in(schema, base.remote_id):
        warnings.append(f"This {type_name(base)} connection feeds {'; '.join(feed.text for feed in feeds[:6])}.")
    return tuple(warnings)


def _is_left_out(config: Config, edits: Mapping[str, str], given: tuple[str, ...]) -> bool:
    is_changed = config.handle in edits or config.handle in given
    return config.editable is True and config.held == Held.MASKED and not is_changed
