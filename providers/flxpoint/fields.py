"""The form of a connection, from its own configs: order, required, type, options, advanced, hidden, editable.

Source: the model ConnectionConfig of “Update Connection”. Assumed: `dataType` has no published values; those of the
samples get their widget, everything else is plain text, and non-empty options are a choice whatever the type.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..answers import Snapshot
from ..fields import AuditClass, Choice, Field, FieldKind, FieldValue
from .configs import Config, Held, configs_in
from .payloads import MAX_TEXT
from .snapshots import name_of

# The connection's own name. No config can have this handle and be taken for it: a config of that handle comes first.
NAME = "connection.name"
_NUMBER = re.compile(r"-?[0-9]+([.,][0-9]+)?")
_PERSONAL = re.compile(r"user|e-?mail|login|contact|phone", re.IGNORECASE)
_URL = re.compile(r"ur[il](?![a-z])|endpoint|webhook|callback", re.IGNORECASE)
# Free text that the audit log may keep as it is, by handle. Any other may be a secret that nobody has declared.
_LISTED = re.compile(
    r"delimiter|encoding|filename_pattern|host|legacy_connector_id|location_id|order_start_date|qualifier|region"
    r"|remote_path|seller_id|store_hash|wildcard"
)
_YES_NO = (Choice("true", "Yes"), Choice("false", "No"))
_KEEP = "Leave blank to keep the one that is set."
_LOCKED = "Set by Flxpoint; it cannot be changed here."
_UNDECLARED = "Flxpoint does not say whether this can be changed, so Linkdesk leaves it alone."
_OAUTH = "This is authorised in the store's own app screen, never here."


def config_fields(snapshot: Snapshot, *, is_new: bool = False) -> tuple[Field, ...]:
    """Return the fields of a connection's form, in Flxpoint's order; hidden configs are not among them."""
    configs = configs_in(snapshot)
    fields = tuple(field_of(config, is_new=is_new) for config in configs if not config.hidden)
    if any(config.handle == NAME for config in configs):
        return fields
    return (
        Field(
            NAME,
            "Name of the connection",
            required=is_new or bool(name_of(snapshot)),
            initial=name_of(snapshot) or None,
            help="Free text, for people.",
            max_length=200,
            audit=AuditClass.PUBLIC,
        ),
        *fields,
    )


def field_of(config: Config, *, is_new: bool = False) -> Field:
    """Return the field of one config: an input, or a line that cannot be changed."""
    kind = FieldKind.TEXT if config.secret and not config.is_open else kind_of(config)
    return Field(
        config.handle,
        config.label,
        kind,
        required=config.required and config.is_open and not (config.default or (config.secret and config.is_set)),
        secret=config.secret and config.is_open,
        editable=config.is_open,
        choices=choices_of(config, kind),
        initial=_initial(config, kind),
        help=_help(config, is_new=is_new),
        placeholder=(config.default or "")[:200] if not config.secret else "",
        advanced=config.advanced,
        max_length=MAX_TEXT if kind in {FieldKind.LINES, FieldKind.DOCUMENT} else 4096,
        audit=audit_class(config),
    )


def kind_of(config: Config) -> FieldKind:
    data_type = config.data_type.lower()
    if config.options:
        return FieldKind.MULTISELECT if data_type == "multi_select" and not config.secret else FieldKind.SELECT
    if config.secret:
        return FieldKind.DOCUMENT if data_type == "text" else FieldKind.PASSWORD
    if data_type == "boolean":
        # A box that is not ticked could not be told from one that was never set.
        return FieldKind.SELECT
    if data_type in {"integer", "decimal"} and (not config.value or _NUMBER.fullmatch(config.value)):
        return FieldKind.NUMBER
    if data_type == "text" or "\n" in (config.value or ""):
        return FieldKind.LINES
    return FieldKind.TEXT


def choices_of(config: Config, kind: FieldKind) -> tuple[Choice, ...]:
    if kind == FieldKind.SELECT and not config.options:
        return _YES_NO
    return config.options if kind in {FieldKind.SELECT, FieldKind.MULTISELECT} else ()


def audit_class(config: Config) -> AuditClass:
    """Return what the audit log may keep: choices, numbers and listed texts; of any other text that it was set."""
    if config.secret:
        return AuditClass.SECRET
    words = f"{config.handle} {config.label}"
    if "://" in (config.value or "") or _URL.search(words):
        return AuditClass.URL
    if _PERSONAL.search(words):
        return AuditClass.PERSONAL
    is_closed = kind_of(config) in {FieldKind.SELECT, FieldKind.MULTISELECT, FieldKind.NUMBER}
    return AuditClass.PUBLIC if is_closed or _LISTED.fullmatch(config.handle) else AuditClass.SECRET


def items_of(value: str | None) -> tuple[str, ...]:
    """Split a value of several choices. Assumed: they are separated by commas, as in sample 48402."""
    return tuple(filter(None, (item.strip() for item in (value or "").split(","))))


def value_of(typed: FieldValue) -> str:
    """Return what was entered as Flxpoint wants it: everything is a string, lines end in \\n."""
    match typed:
        case None:
            return ""
        case bool():
            return "true" if typed else "false"
        case tuple() | list():
            return ",".join(dict.fromkeys(map(str, typed)))
        case _:
            return typed.replace("\r\n", "\n")


def shown(config: Config, value: str | None, choices: Iterable[Choice] = ()) -> str | None:
    """Return a value as people read it: the labels of choices."""
    if not value:
        return None
    labels = {choice.value: choice.label for choice in (*config.options, *choices)}
    if kind_of(config) == FieldKind.MULTISELECT:
        return ", ".join(labels.get(item, item) for item in items_of(value))
    return labels.get(value, value)


def _initial(config: Config, kind: FieldKind) -> FieldValue:
    if config.secret:
        return _SECRET_STATE[config.held] if not config.is_open else None
    if kind == FieldKind.MULTISELECT:
        return items_of(config.value)
    return config.value


_SECRET_STATE = {Held.SET: "set", Held.MASKED: "set", Held.EMPTY: None}


def _help(config: Config, *, is_new: bool) -> str:
    said = [config.help] if config.help else []
    if config.data_type.lower() == "oauth2":
        said.append(_OAUTH)
    elif not config.is_open:
        said.append(_UNDECLARED if config.editable is None else _LOCKED)
    elif config.secret and not is_new:
        said.append(_KEEP if config.is_set else "Not set.")
    if config.default and not config.secret and config.is_open:
        said.append(f"Flxpoint uses {shown(config, config.default, _YES_NO)} if nothing is set.")
    return " ".join(said)
