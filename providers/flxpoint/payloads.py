"""Flxpoint's JSON as typed values: every field optional, null accepted everywhere, nothing raises.

Source: “Update Connection” marks no field as required and none as nullable, so both are expected.
"""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

MAX_TEXT = 65_536
_REPLACEMENT = "\ufffd"


def clean_text(value: object, limit: int = 4096) -> str:
    """Return `value` as text that any database takes: no NUL, no lone surrogates, at most `limit` characters."""
    if value is None or isinstance(value, dict | list):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)[:limit].replace("\x00", _REPLACEMENT)
    return text.encode("utf-8", "replace").decode("utf-8")


def _value(value: object) -> str | None:
    """Read a config's value. Source: every value is a string; Assumed: a bare number or boolean means the same."""
    return None if value is None or isinstance(value, dict | list) else clean_text(value, MAX_TEXT)


def _yes_or_no(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _mappings(value: object) -> tuple[dict[str, Any], ...]:
    return tuple(item for item in value if isinstance(item, dict)) if isinstance(value, list | tuple) else ()


Text = Annotated[str, BeforeValidator(clean_text)]
Value = Annotated[str | None, BeforeValidator(_value)]
YesOrNo = Annotated[bool | None, BeforeValidator(_yes_or_no)]
Whole = Annotated[int | None, BeforeValidator(_whole)]
Mappings = Annotated[tuple[dict[str, Any], ...], BeforeValidator(_mappings)]


class Payload(BaseModel):
    """Anything Flxpoint sends. A validation message never shows the input: it may be a secret."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True, frozen=True, populate_by_name=True)


class OptionPayload(Payload):
    value: Value = None
    label: Text = ""


class ConfigPayload(Payload):
    """Source: the model ConnectionConfig of “Update Connection”."""

    handle: Text = ""
    name: Text = ""
    required: YesOrNo = None
    editable: YesOrNo = None
    dataType: Text = ""
    defaultValue: Value = None
    options: Mappings = ()
    advanced: YesOrNo = None
    value: Value = None
    hidden: YesOrNo = None
    description: Text = ""
    sortOrder: Whole = None


class ConnectionPayload(Payload):
    """Source: the model Connection of “Update Connection”."""

    id: Whole = None
    connectionType: Text = ""
    connectionTypeId: Whole = None
    connectionTypeName: Text = ""
    name: Text = ""
    configs: Mappings = ()


class FeederPayload(Payload):
    """A source or a channel. Assumed: the schema of an integration is not published."""

    id: Whole = None
    name: Text = ""
    integrations: Mappings = ()


P = TypeVar("P", bound=Payload)


def read(model: type[P], raw: object) -> P:
    """Return `raw` as `model`; whatever is not an object reads as one without fields."""
    try:
        return model.model_validate(raw if isinstance(raw, dict) else {})
    except ValidationError:
        return model()
