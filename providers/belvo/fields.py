"""The form for new credentials: from the institution's own `form_fields`, or the usual ones if it is not known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..answers import Schema
from ..fields import AuditClass, Choice, Field, FieldKind
from .payloads import FormFieldPayload, OptionPayload
from .snapshots import form_fields_of, institution_of

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


def credentials_fields(schema: Schema | None) -> tuple[Field, ...]:
    """Return the fields for new credentials, in the institution's order; the usual ones if it is not known."""
    described = form_fields_of(schema)
    fields = tuple(_described(described, is_fiscal=is_fiscal(schema))) or _USUAL
    if is_fiscal(schema):
        fields = (*fields, *_FISCAL)
    return (*fields, _ENCRYPTION_KEY)


def is_fiscal(schema: Schema | None) -> bool:
    return institution_of(schema).type == "fiscal"


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
            help="Cannot be changed, and Belvo does not show it. Another username means deleting this link and "
            "making a new one.",
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
        return (
            "Only if the customer already has a code at hand. Leave blank, and the institution asks for one "
            "if it needs it."
        )
    if name == "password" and not optional:
        return "The password that the customer uses at the institution now."
    return _KEEP


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
