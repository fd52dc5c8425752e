"""Replacing the credentials of a link: what the PUT would hold. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..answers import Schema, Snapshot
from ..fields import Field, FieldValue
from ..outcomes import FieldErrors
from ..plan import CallTemplate, Change, Plan, is_placeholder, placeholder
from .fields import credentials_fields
from .plan_parts import down_warning, path_of, rests_on, secret_change
from .snapshots import institution_title, link_of

_DOCUMENT_PAIR = ("certificate", "private_key")


def plan_credentials(
    base: Snapshot, values: Mapping[str, FieldValue], given_secrets: frozenset[str], schema: Schema | None
) -> Plan | FieldErrors:
    """Plan a PUT of the fields that were filled in, and of the hidden ones; without a new secret the plan is empty.

    Source: the owner's documents and the SDKs; username and institution are never sent.
    """
    fields = {field.name: field for field in credentials_fields(schema) if field.editable}
    given = tuple(name for name, field in fields.items() if field.secret and name in given_secrets)
    if missing := _missing_of_pair(given):
        return FieldErrors(
            dict.fromkeys(missing, ("Certificate and private key belong together: give both, or none.",))
        )
    changes: list[Change] = []
    body: dict[str, Any] = {}
    for name, field in fields.items() if given else ():
        if name in given:
            changes.append(secret_change(field))
            body[name] = placeholder(name)
        elif (text := _open_text(field, values)) is not None:
            body[name] = text
            if field.hidden_value is None:
                changes.append(Change(name, field.label, None, _label_of(field, text), audit=field.audit))
    return Plan(
        action="credentials",
        remote_id=base.remote_id,
        summary=f"Replace the credentials of this link at {institution_title(base, schema)}",
        changes=tuple(changes),
        call=CallTemplate("PUT", path_of(base), body),
        base_digest=rests_on(base),
        secret_names=given,
        warnings=_warnings(base, schema) if changes else (),
    )


def _missing_of_pair(given: tuple[str, ...]) -> list[str]:
    missing = [name for name in _DOCUMENT_PAIR if name not in given]
    return missing if len(missing) == 1 else []


def _open_text(field: Field, values: Mapping[str, FieldValue]) -> str | None:
    """Return what is sent for a field that is no secret: the hidden value, or what was chosen; None for nothing."""
    if field.secret:
        return None
    value = field.hidden_value if field.hidden_value is not None else values.get(field.name, field.initial)
    usable = isinstance(value, str) and (value or field.hidden_value is not None) and not is_placeholder(value)
    return str(value)[: field.max_length] if usable else None


def _label_of(field: Field, text: str) -> str:
    return next((choice.label for choice in field.choices if choice.value == text), text)


def _warnings(base: Snapshot, schema: Schema | None) -> tuple[str, ...]:
    recurrent = link_of(base).access_mode == "recurrent"
    again = ("A recurrent link is read again by itself after new credentials.",) if recurrent else ()
    return (
        *down_warning(base, schema),
        "Belvo signs in at the institution at once. Several wrong passwords can lock the customer's account there.",
        *again,
    )
