"""MoneyKit's JSON as typed values: every field optional, unknown fields and words kept, nothing raises.

The vendor's own example lacks fields that its SDK calls required, so a missing or odd value reads as "not given".
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from ..cleaning import clean_text, clean_texts, mappings


def clean_json(value: Any, depth: int = 10) -> Any:
    """Return JSON with every text cleaned; what is nested deeper than `depth` is dropped."""
    if isinstance(value, str):
        return clean_text(value, 65_536)
    if depth == 0:
        return None
    if isinstance(value, dict):
        return {clean_text(key, 200): clean_json(item, depth - 1) for key, item in value.items()}
    if isinstance(value, list):
        return [clean_json(item, depth - 1) for item in value]
    return value


def _moment(value: object) -> datetime | None:
    """Read ISO 8601. Assumed: without a zone it is UTC; older examples have none, newer ones end in Z."""
    if isinstance(value, datetime):
        return value
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
        return found and (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


Text = Annotated[str, BeforeValidator(clean_text)]
LongText = Annotated[str, BeforeValidator(lambda value: clean_text(value, 65_536))]
Texts = Annotated[tuple[str, ...], BeforeValidator(clean_texts)]
Moment = Annotated[datetime | None, BeforeValidator(_moment)]
Mappings = Annotated[tuple[dict[str, Any], ...], BeforeValidator(mappings)]
Mapping_ = Annotated[dict[str, Any], BeforeValidator(_mapping)]


class Payload(BaseModel):
    """Anything MoneyKit sends. A validation message never shows the input."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True, frozen=True, protected_namespaces=())


class ProductPayload(Payload):
    """How one product of a link fares. Source: the owner's document (Update Link), `products.*`."""

    refreshed_at: Moment = None
    last_attempted_at: Moment = None
    error_code: Text = ""
    error_message: Text = ""
    unavailable: Text = ""


class LinkPayload(Payload):
    """Source: the owner's document (Update Link); the SDK adds `provider` and the deprecated fields."""

    link_id: Text = ""
    institution_id: Text = ""
    institution_name: Text = ""
    state: Text = ""
    error_code: Text = ""
    last_synced_at: Moment = None
    provider: Text = ""
    link_tags: Texts = ()
    webhook: LongText = ""
    raw_products: Mapping_ = Field(default_factory=dict, alias="products")
    available_products: Texts = ()

    @property
    def products(self) -> dict[str, ProductPayload]:
        """Return the products that were granted, by name: a product that is present is granted."""
        granted = ((clean_text(name, 60), raw) for name, raw in self.raw_products.items() if isinstance(raw, dict))
        return {name: read(ProductPayload, raw) for name, raw in granted if name}


class ListedLinkPayload(Payload):
    """What GET /links tells of a link."""

    link_id: Text = ""
    created_at: Moment = None


class InstitutionPayload(Payload):
    institution_id: Text = ""
    name: Text = ""
    country: Text = ""
    domain: Text = ""
    institution_id_aliases: Texts = ()


class ValidationErrorPayload(Payload):
    location: Texts = ()
    message: Text = ""


class ErrorPayload(Payload):
    """Source: SDK, every error: code, message, documentation; 422 adds `link_error_code` or `validation_errors`."""

    error_code: Text = ""
    error_message: Text = ""
    documentation_url: Text = ""
    link_error_code: Text = ""
    raw_validation_errors: Mappings = Field(default=(), alias="validation_errors")

    @property
    def validation_errors(self) -> tuple[ValidationErrorPayload, ...]:
        return tuple(read(ValidationErrorPayload, raw) for raw in self.raw_validation_errors[:50])

    @property
    def code(self) -> str:
        """Return the code that the catalogue is searched for: a bad state is one row for each state."""
        code = self.error_code.strip().lower()
        state = self.link_error_code.strip().lower()
        return f"{code}/{state}" if state else code


P = TypeVar("P", bound=Payload)


def read(kind: type[P], raw: object) -> P:
    """Read a payload; anything that is not an object reads as an empty one."""
    try:
        return kind.model_validate(raw if isinstance(raw, dict) else {})
    except (ValidationError, RecursionError):
        return kind.model_validate({})
