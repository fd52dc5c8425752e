"""The forms of Belvo's actions: from the institution's own `form_fields`, and from ours where Belvo describes none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..answers import Schema, Snapshot
from ..fields import AuditClass, Choice, Field, FieldKind
from .payloads import FormFieldPayload, OptionPayload
from .snapshots import form_fields_of, institution_of, link_of

# What PUT takes, of all that an institution may ask for at registration. Source: the owner's documents; OAS 1.35.0.
UPDATABLE = ("password", "password2", "token", "username_type")
_USERNAMES = ("username", "username2", "username3")
_SECRETS = frozenset({"password", "password2", "token"})
_KEEP = "Leave blank to keep the one that Belvo has."
_LABELS = {
    "password": "Password",
    "password2": "Second password",
    "token": "Code of the institution",
    "username_type": "Type of document",
    "username": "Username",
    "username2": "Second username",
    "username3": "Third username",
}
_MODES = {"single": "Single: read once", "recurrent": "Recurrent: kept up to date (billed)"}
_LOCALES = {"es": "Spanish", "pt": "Portuguese", "en": "English"}


def credentials_fields(schema: Schema | None) -> tuple[Field, ...]:
    """Return the fields for new credentials, in the institution's order; the usual ones if it is not known."""
    described = form_fields_of(schema)
    fields = tuple(_described(described, is_fiscal=is_fiscal(schema))) or _USUAL
    if is_fiscal(schema):
        fields = (*fields, *_FISCAL)
    return (*fields, _ENCRYPTION_KEY)


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
            initial=days_of(link.stale_in),
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
            choices=_resource_choices(link.fetch_resources, schema),
            initial=link.fetch_resources,
            help="What Belvo reads at each historical update. A change alone starts no update.",
            audit=AuditClass.PUBLIC,
        ),
    )


def refresh_fields(snapshot: Snapshot, schema: Schema | None) -> tuple[Field, ...]:
    """Return the one optional field of a refresh. Source: OAS 1.223.0, POST /api/links/{id}/refresh/."""
    return (
        Field(
            "fetch_resources",
            "Only these resources",
            FieldKind.MULTISELECT,
            choices=_resource_choices(link_of(snapshot).fetch_resources, schema),
            initial=(),
            help="Choose none to fetch all that the institution supports.",
            advanced=True,
            audit=AuditClass.PUBLIC,
        ),
    )


def repair_link_fields(schema: Schema | None) -> tuple[Field, ...]:
    """Return the language of Belvo's widget. Source: Belvo “Hosted Widget Update Mode”: `locale=es|pt|…`."""
    return (
        Field(
            "locale",
            "Language of the page",
            FieldKind.SELECT,
            choices=tuple(Choice(value, label) for value, label in _LOCALES.items()),
            initial=default_locale(schema),
            help="The customer sees Belvo's page in this language.",
            audit=AuditClass.PUBLIC,
        ),
    )


def consents_fields() -> tuple[Field, ...]:
    """Return the document number that Belvo demands. Source: OAS 1.223.0, GET /api/consents/: 11 to 14 characters."""
    return (
        Field(
            "user_document",
            "Customer's document number (CPF or CNPJ)",
            FieldKind.TEXT,
            required=True,
            secret=True,
            help="Digits only. Belvo finds consents by it; it is not kept anywhere in Linkdesk.",
            pattern=r"^[0-9.\-/ ]{11,20}$",
            pattern_message="11 digits for a person, 14 for a company.",
            max_length=20,
            audit=AuditClass.NEVER,
        ),
    )


def is_fiscal(schema: Schema | None) -> bool:
    return institution_of(schema).type == "fiscal"


def default_locale(schema: Schema | None) -> str:
    """Return the language of the institution's country: Portuguese for Brazil, else Spanish."""
    return "pt" if "BR" in institution_of(schema).country_codes else "es"


def days_of(stale_in: str) -> str:
    """Return `365d` as `365`; anything else as it is."""
    return stale_in.removesuffix("d") if stale_in.removesuffix("d").isdigit() else stale_in


def _described(described: Iterable[FormFieldPayload], *, is_fiscal: bool) -> Iterator[Field]:
    seen: set[str] = set()
    for field in described:
        if field.name in seen or field.name not in (*UPDATABLE, *_USERNAMES):
            continue
        seen.add(field.name)
        yield _field_of(field, is_fiscal=is_fiscal)


def _field_of(field: FormFieldPayload, *, is_fiscal: bool) -> Field:
    label = field.label[:200] or _LABELS[field.name]
    if field.name in _USERNAMES:
        return Field(
            field.name,
            label,
            editable=False,
            help="Cannot be changed, and Belvo does not show it. Another username means deleting this link and making a new one.",
            audit=AuditClass.NEVER,
        )
    if field.type == "hidden":
        return Field(field.name, label, hidden_value=field.value, audit=AuditClass.NEVER)
    if field.name == "username_type":
        return _username_type(field, label)
    return Field(
        field.name,
        label,
        FieldKind.PASSWORD if field.type != "number" else FieldKind.TEXT,
        required=field.name == "password" and not field.optional and not is_fiscal,
        secret=True,
        help=_help(field.name, optional=bool(field.optional)),
        placeholder=field.placeholder[:200],
        pattern=field.validation[:1000],
        pattern_message=field.validation_message[:300],
        max_length=field.length if field.length and 0 < field.length <= 4096 else 4096,
        audit=AuditClass.SECRET,
    )


def _username_type(field: FormFieldPayload, label: str) -> Field:
    options = tuple(option for option in field.options if option.code)
    return Field(
        field.name,
        label,
        FieldKind.SELECT if options else FieldKind.TEXT,
        choices=tuple(Choice(option.code[:40], option.label[:200] or option.code[:40]) for option in options),
        initial=_pre_selected(options, field.pre_selected),
        help="Sent together with the new password.",
        placeholder=field.placeholder[:200],
        max_length=40,
        audit=AuditClass.PUBLIC,
    )


def _pre_selected(options: tuple[OptionPayload, ...], index: int | None) -> str | None:
    return options[index].code[:40] if index is not None and 0 <= index < len(options) else None


def _help(name: str, *, optional: bool) -> str:
    if name == "token":
        return "Only if the customer already has a code at hand. Leave blank, and the institution asks for one if it needs it."
    if name == "password" and not optional:
        return "The password that the customer uses at the institution now."
    return _KEEP


def _resource_choices(current: tuple[str, ...], schema: Schema | None) -> tuple[Choice, ...]:
    """Return what the institution offers, and what is set now even if it is no longer offered."""
    offered = institution_of(schema).resources
    return tuple(Choice(name, name.replace("_", " ").capitalize()) for name in dict.fromkeys((*offered, *current)))


_USUAL = (
    Field(
        "password",
        _LABELS["password"],
        FieldKind.PASSWORD,
        required=True,
        secret=True,
        help=_help("password", optional=False),
        audit=AuditClass.SECRET,
    ),
    Field("password2", _LABELS["password2"], FieldKind.PASSWORD, secret=True, help=_KEEP, audit=AuditClass.SECRET),
    Field(
        "token",
        _LABELS["token"],
        FieldKind.PASSWORD,
        secret=True,
        help=_help("token", optional=True),
        audit=AuditClass.SECRET,
    ),
)
# Assumed: certificates never appear in form_fields seen so far; they belong to fiscal institutions.
_FISCAL = (
    Field(
        "certificate",
        "Certificate (.cer)",
        FieldKind.DOCUMENT,
        secret=True,
        help="Paste it or choose the file. Only together with the private key.",
        group="Certificate",
        max_length=65_536,
        audit=AuditClass.SECRET,
    ),
    Field(
        "private_key",
        "Private key (.key)",
        FieldKind.DOCUMENT,
        secret=True,
        help="Paste it or choose the file. Only together with the certificate.",
        group="Certificate",
        max_length=65_536,
        audit=AuditClass.SECRET,
    ),
)
# Source: the owner's documents only; gone from Belvo's own description since OAS 1.20.1.
_ENCRYPTION_KEY = Field(
    "encryption_key",
    "Encryption key (legacy)",
    FieldKind.PASSWORD,
    secret=True,
    help="An old field that Belvo no longer describes. Leave blank unless Belvo's support asks for it.",
    group="Advanced",
    advanced=True,
    audit=AuditClass.SECRET,
)
