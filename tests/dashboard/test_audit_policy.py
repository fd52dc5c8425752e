"""Every column and every field has a class, and what a class keeps back is in no entry."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.db.models import CompositePrimaryKey
from hypothesis import given
from hypothesis import strategies as st

from dashboard.models import AuditEntry, Customer, LinkedAccount
from dashboard.services import customers
from dashboard.services.audit import SYSTEM, Target, redact_changes
from dashboard.services.audit_policy import MODELS, changes_of, class_of
from providers.config import read_configuration
from providers.fields import AuditClass, Field, FieldKind
from providers.outcomes import Ok
from providers.plan import Plan
from tests.emulator import running

OURS = list(apps.get_app_config("dashboard").get_models())
KEPT_BACK = (AuditClass.PERSONAL, AuditClass.SECRET, AuditClass.NEVER, AuditClass.RECORD, AuditClass.UNDECLARED)
# Kinds into which any text can be typed.
FREE = (FieldKind.TEXT, FieldKind.PASSWORD, FieldKind.LINES, FieldKind.DOCUMENT, FieldKind.URL)


def columns_of(model: Any) -> set[str]:
    columns = (*model._meta.concrete_fields, *model._meta.many_to_many)
    return {column.name for column in columns if not isinstance(column, CompositePrimaryKey)}


def all_of(read: Any) -> list[Any]:
    items, cursor = [], None
    while True:
        page = read(cursor)
        assert isinstance(page, Ok)
        items += page.value.items
        if not (cursor := page.value.next_cursor):
            return items


@pytest.fixture(scope="module")
def forms() -> Iterator[list[tuple[Any, ...]]]:
    """Return (provider, action, snapshot, schema, fields) of everything that the emulators hold."""
    found = []
    with running() as emulator:
        for config in read_configuration(emulator.environment).integrations.values():
            session = config.provider.open_session(config.values, fingerprint=lambda *parts: "fingerprint")
            provider = config.provider(config.values, session)
            schemas = {schema.key: schema for schema in all_of(provider.list_schemas)}
            for snapshot in all_of(provider.list):
                schema = schemas.get(snapshot.schema_key)
                for action in provider.actions:
                    fields = provider.fields(action.name, snapshot, schema)
                    found.append((provider, action.name, snapshot, schema, fields))
    yield found


@pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)
def test_every_column_of_every_model_has_a_class(model: Any) -> None:
    without = columns_of(model) - set(MODELS.get(model.__name__, {}))

    assert not without, "give them a class in services/audit_policy.py"
    assert columns_of(model) == set(MODELS[model.__name__])


def test_no_class_is_left_of_a_model_that_is_gone() -> None:
    assert set(MODELS) == {model.__name__ for model in OURS}


def test_every_field_of_every_action_has_a_class(forms: Any) -> None:
    undeclared = {
        (provider.slug, action, field.name)
        for provider, action, _, _, fields in forms
        for field in fields
        if field.audit == AuditClass.UNDECLARED
    }

    assert undeclared == set()
    assert {provider.slug for provider, *_ in forms} == {"belvo", "flxpoint", "linkar", "moneykit"}


def test_a_secret_field_has_the_class_of_a_secret(forms: Any) -> None:
    milder = {
        (provider.slug, action, field.name)
        for provider, action, _, _, fields in forms
        for field in fields
        if field.secret and field.audit not in (AuditClass.SECRET, AuditClass.NEVER)
    }

    assert milder == set()


def test_what_is_typed_into_a_field_that_is_kept_back_is_in_no_entry(forms: Any) -> None:
    mark, looked_at = f"zq{secrets.token_hex(6)}", set()
    for provider, action, snapshot, schema, fields in forms:
        marked = [field for field in fields if field.audit in KEPT_BACK and field.editable and field.kind in FREE]
        for field in marked:
            plan = provider.plan_update(
                action,
                snapshot,
                {} if field.secret else _typed(fields) | {field.name: mark},
                frozenset({field.name} if field.secret else ()),
                schema,
            )
            if not isinstance(plan, Plan) or not any(change.field == field.name for change in plan.changes):
                continue
            looked_at.add((provider.slug, field.audit))
            kept = json.dumps(redact_changes(plan))
            assert mark not in kept, (provider.slug, action, field.name)
            before = str(field.initial or "")
            assert len(before) < 8 or before not in kept, (provider.slug, action, field.name)

    assert looked_at >= {
        ("belvo", AuditClass.SECRET),
        ("flxpoint", AuditClass.PERSONAL),
        ("flxpoint", AuditClass.SECRET),
        ("linkar", AuditClass.RECORD),
    }


def _typed(fields: tuple[Field, ...]) -> dict[str, Any]:
    return {field.name: field.initial for field in fields if not field.secret and field.editable}


@pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)
@given(text=st.text(alphabet="abcdefghijklmnop0123456789@. ", min_size=8, max_size=60).filter(lambda t: t.strip() == t))
def test_what_a_column_keeps_back_is_in_no_change(model: Any, text: str) -> None:
    names = [name for name in MODELS[model.__name__] if class_of(model, name) in KEPT_BACK]

    both = (dict.fromkeys(names, text), dict.fromkeys(names, f"{text}+"))
    kept = json.dumps([changes_of(model, {}, both[0]), changes_of(model, *both), changes_of(model, both[1], {})])

    assert text not in kept


def test_a_column_without_a_class_keeps_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(MODELS, "Customer", {})

    assert changes_of(Customer, {}, {"name": "Maria García"}) == [{"field": "name", "class": "never"}]


@pytest.mark.parametrize(
    ("before", "after", "says"), [("", "x", "set"), ("x", "y", "set"), ("x", "", "cleared"), (None, "y", "set")]
)
def test_of_a_secret_column_only_what_happens_to_it_is_kept(
    monkeypatch: pytest.MonkeyPatch, before: Any, after: str, says: str
) -> None:
    monkeypatch.setitem(MODELS, "Customer", {"name": AuditClass.SECRET})

    assert [change["change"] for change in changes_of(Customer, {"name": before}, {"name": after})] == [says]


@pytest.mark.django_db
def test_a_customer_that_is_made_and_changed_is_named_nowhere_in_the_log() -> None:
    mark = f"zq{secrets.token_hex(6)}"
    first = {"reference": f"{mark}-1", "name": f"{mark} Prado", "email": f"{mark}@mail.example"}
    customer = customers.create(first, actor=SYSTEM)
    customers.change(customer, {name: f"{value}x" for name, value in first.items()}, actor=SYSTEM)

    entries = AuditEntry.objects.filter(action__startswith="customer.")

    assert entries.count() == 2
    assert not [entry for entry in entries if mark in entry.body + entry.target]


@pytest.mark.parametrize("slug", ["linkar", "unheard_of"])
def test_a_title_that_can_name_a_person_is_not_in_the_log(slug: str) -> None:
    account = LinkedAccount(
        integration="erp", provider=slug, remote_id="MAIN/CLIENTS/1", title="SMITH, JOHN", schema_key="CLIENTS"
    )

    assert Target.of(account).text == "erp: CLIENTS MAIN/CLIENTS/1"


def test_an_address_where_none_was_expected_loses_its_password() -> None:
    [kept] = changes_of(LinkedAccount, {}, {"tags": ["https://user:hunter2-hunter2@host/x?key=hunter2"]})

    assert kept["class"] == "url" and "hunter2" not in json.dumps(kept)
