"""Belvo's JSON as typed values: every field optional, unknown fields and unknown enum values kept, nothing raises.

Belvo announces new fields, other lengths and other timestamp precision as non-breaking changes, so a value of the wrong
type reads as "not given". Source: Belvo Integration Checklist (OFDA); OAS 1.223.0 marks no property of Link as
required.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from ..cleaning import clean_text, clean_texts, mappings

# A QR code as an image in a data URI; longer ones are cut and will not show.
_MAX_CHALLENGE = 200_000


def clean_json(value: Any, depth: int = 12) -> Any:
    """Return JSON with every text cleaned; what is nested deeper than `depth` is dropped."""
    if isinstance(value, str):
        return clean_text(value)
    if depth == 0:
        return None
    if isinstance(value, dict):
        return {clean_text(key, 200): clean_json(item, depth - 1) for key, item in value.items()}
    if isinstance(value, list):
        return [clean_json(item, depth - 1) for item in value]
    return value


def _moment(value: object) -> datetime | None:
    """Read ISO 8601 with 0 to 6 fraction digits and `Z` or an offset. Source: Belvo Integration Checklist (OFDA)."""
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _whole(value: object) -> int | None:
    """Read an int or a numeric string. Source: the MFA page of Belvo shows `"expiry": "720"`, the OAS a number."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return int(value)
    except (ValueError, OverflowError):
        return None


def _yes_or_no(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


Text = Annotated[str, BeforeValidator(clean_text)]
LongText = Annotated[str, BeforeValidator(lambda value: clean_text(value, _MAX_CHALLENGE))]
Texts = Annotated[tuple[str, ...], BeforeValidator(clean_texts)]
Moment = Annotated[datetime | None, BeforeValidator(_moment)]
Whole = Annotated[int | None, BeforeValidator(_whole)]
YesOrNo = Annotated[bool | None, BeforeValidator(_yes_or_no)]
Mappings = Annotated[tuple[dict[str, Any], ...], BeforeValidator(mappings)]
Mapping_ = Annotated[dict[str, Any], BeforeValidator(_mapping)]


class Payload(BaseModel):
    """Anything Belvo sends. Unknown fields are kept in `model_extra`; a validation message never shows the input."""

    model_config = ConfigDict(extra="allow", hide_input_in_errors=True, frozen=True, protected_namespaces=())


class LinkPayload(Payload):
    """Source: OAS 1.223.0, schema Link; the owner's documents show seven of these fields."""

    id: Text = ""
    institution: Text = ""
    access_mode: Text = ""
    status: Text = ""
    last_accessed_at: Moment = None
    created_at: Moment = None
    created_by: Text = ""
    refresh_rate: Text = ""
    external_id: Text = ""
    institution_user_id: Text = ""
    credentials_storage: Text = ""
    fetch_resources: Texts = ()
    stale_in: Text = ""


class PagePayload(Payload):
    """Source: OAS 1.223.0, every list: count, next, previous, results."""

    count: Whole = None
    next: Text = ""
    results: Mappings = ()


def is_page(raw: object) -> bool:
    """Say whether an answer is a page at all: one without results is no empty list."""
    return isinstance(raw, dict) and isinstance(raw.get("results"), list)


class OptionPayload(Payload):
    """One option of a `select` field."""

    code: Text = ""
    label: Text = ""
    validation: Text = ""
    validation_message: Text = ""
    placeholder: Text = ""


class FormFieldPayload(Payload):
    """Source: OAS 1.223.0, Institution.form_fields;
    `pre_selected`, `value`, `optional`, `length` seen in a captured answer.
    """

    name: Text = ""
    type: Text = ""
    label: Text = ""
    placeholder: Text = ""
    validation: Text = ""
    validation_message: Text = ""
    value_options: Mappings = Field(default=(), alias="values")
    pre_selected: Whole = None
    value: Text = ""
    optional: YesOrNo = None
    length: Whole = None

    @property
    def options(self) -> tuple[OptionPayload, ...]:
        return tuple(read(OptionPayload, option) for option in self.value_options)


class InstitutionPayload(Payload):
    """Source: OAS 1.223.0, schema Institution; `country_code` seen in a captured answer."""

    id: Whole = None
    name: Text = ""
    type: Text = ""
    display_name: Text = ""
    country_code: Text = ""
    country_codes: Texts = ()
    form_fields: Mappings = ()
    features: Mappings = ()
    resources: Texts = ()
    integration_type: Text = ""
    status: Text = ""


class ErrorPayload(Payload):
    """One error of the envelope.

    Source: Belvo “API and Widget Errors”; `message` may be missing (`session_expired_ob`).
    """

    code: Text = ""
    message: Text = ""
    request_id: Text = ""
    field: Text = ""


class TokenDataPayload(Payload):
    """Source: OAS 1.223.0 (`expects_user_input`) and Belvo's MFA page (`expect_user_input`)."""

    instructions: Text = ""
    type: Text = ""
    value: LongText = ""
    expects_user_input: YesOrNo = None
    expect_user_input: YesOrNo = None


class ChallengePayload(ErrorPayload):
    """A 428 that can be answered. Source: OAS 1.223.0 (in an array), the owner's documents (bare object)."""

    session: Text = ""
    expiry: Whole = None
    link: Text = ""
    token_generation_data: Mapping_ = Field(default_factory=dict)

    @property
    def generation(self) -> TokenDataPayload:
        return read(TokenDataPayload, self.token_generation_data)


class ConsentPayload(Payload):
    """What may be shown of a consent.

    Names and the document number are not read. Source: OAS 1.223.0, schema Consent.
    """

    id: Text = ""
    link_id: Text = ""
    institution_display_name: Text = ""
    belvo_institution_name: Text = ""
    status: Text = ""
    created_at: Moment = None
    expired_at: Moment = None
    undefined_consent_expiration: YesOrNo = None
    consent_duration: Whole = None
    permissions: Mapping_ = Field(default_factory=dict)


class AsyncPayload(Payload):
    """The body of a 202. Source: OAS 1.223.0, refresh and delete."""

    request_id: Text = ""


P = TypeVar("P", bound=Payload)


def read(kind: type[P], raw: object) -> P:
    """Read a payload; anything that is not an object reads as an empty one."""
    try:
        return kind.model_validate(raw if isinstance(raw, dict) else {})
    except (ValidationError, RecursionError):
        return kind.model_validate({})
