"""The form for new credentials follows the institution, and never asks for what cannot be changed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.answers import Schema
from providers.belvo.fields import credentials_fields
from providers.fields import AuditClass, Field, FieldKind

from .support import institution, link, pure


def by_name(schema: Schema | None) -> dict[str, Field]:
    return {field.name: field for field in credentials_fields(schema)}


def described(*form_fields: dict[str, Any], **changes: Any) -> Schema:
    return institution(form_fields=list(form_fields), **changes)


def test_fields_come_in_the_institutions_order_and_words() -> None:
    fields = credentials_fields(institution("ironbank_br_business"))

    assert [field.name for field in fields] == [
        *("username_type", "username", "username2", "password", "password2"),
        "encryption_key",
    ]
    password = by_name(institution("ironbank_br_business"))["password"]
    assert (password.label, password.kind, password.secret, password.required) == (
        *("Senha", FieldKind.PASSWORD),
        *(True, True),
    )
    assert password.pattern == "^[a-zA-Z0-9_]{1,16}$"
    assert password.pattern_message == "Requiere 1 y 16 caracteres"


def test_a_username_is_shown_as_not_changeable() -> None:
    for name in ("username", "username2"):
        field = by_name(institution("ironbank_br_business"))[name]

        assert not field.editable
        assert "Cannot be changed" in field.help


def test_the_types_of_document_are_the_institutions_own() -> None:
    field = by_name(institution("ironbank_br_business"))["username_type"]

    assert field.kind is FieldKind.SELECT
    assert [(choice.value, choice.label) for choice in field.choices] == [
        ("999", "Identification (invalid)"),
        ("003", "Passport (valid)"),
    ]
    assert field.initial == "999"
    assert field.audit is AuditClass.PUBLIC


def test_a_hidden_field_is_kept_and_not_shown() -> None:
    field = by_name(institution("planet_mx_employment"))["password"]

    assert field.hidden_value == "fake-password"
    assert not field.secret


def test_a_code_given_up_front_is_optional_and_as_long_as_the_institution_says() -> None:
    field = by_name(institution("heimdall_mx_retail"))["token"]

    assert (field.required, field.secret, field.max_length) == (False, True, 6)


def test_an_unknown_institution_gets_the_usual_fields() -> None:
    fields = by_name(None)

    assert list(fields) == ["password", "password2", "token", "encryption_key"]
    assert [name for name, field in fields.items() if field.required] == ["password"]


def test_a_certificate_is_for_tax_offices_only_and_replaces_the_password() -> None:
    fiscal, bank = by_name(institution("tatooine_mx_fiscal")), by_name(institution())

    assert fiscal["certificate"].kind is fiscal["private_key"].kind is FieldKind.DOCUMENT
    assert not fiscal["password"].required
    assert "certificate" not in bank


def test_the_legacy_key_is_folded_away() -> None:
    field = by_name(institution())["encryption_key"]

    assert field.advanced and field.secret and not field.required


def test_only_what_put_takes_is_asked_for() -> None:
    fields = by_name(
        described({"name": "password"}, {"name": "pin"}, {"name": "external_id"}, {"name": ""}, {"label": "no name"})
    )

    assert list(fields) == ["password", "encryption_key"]


def test_a_field_described_twice_is_asked_for_once() -> None:
    fields = credentials_fields(described({"name": "password", "label": "A"}, {"name": "password", "label": "B"}))

    assert [field.label for field in fields if field.name == "password"] == ["A"]


@pytest.mark.parametrize("length", ["6", 6, "0", "-1", "99999", "six", None, [6]])
def test_a_nonsense_length_is_ignored(length: object) -> None:
    field = by_name(described({"name": "token", "length": length}))["token"]

    assert field.max_length == (6 if length in ("6", 6) else 4096)


def test_every_field_of_every_action_has_an_audit_class_on_purpose() -> None:
    provider, snapshot = pure(), link()
    for schema in (None, *(institution(name) for name in ("tatooine_mx_fiscal", "ironbank_br_business"))):
        for action in provider.actions:
            for field in provider.fields(action.name, snapshot, schema):
                kept = field.audit in {AuditClass.PUBLIC}
                assert not (field.secret and kept), field.name
                assert kept or field.secret or not field.editable or field.hidden_value is not None, field.name


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=8,
)
KEYS = ("name", "type", "label", "values", "value", "pre_selected", "optional", "length", "validation", "placeholder")
FORM_FIELD = st.dictionaries(st.sampled_from(KEYS), JSON, max_size=8).flatmap(
    lambda raw: st.sampled_from(("password", "username", "username_type", "token", "x")).map(
        lambda name: {**raw, "name": name}
    )
)


@given(st.lists(FORM_FIELD | JSON, max_size=5), JSON, JSON)
def test_no_description_of_a_form_raises(form_fields: list[Any], kind: Any, status: Any) -> None:
    schema = institution(form_fields=form_fields, type=kind, status=status, resources=kind, country_codes=status)

    for action in pure().actions:
        pure().fields(action.name, link(), schema)
    assert credentials_fields(schema)
