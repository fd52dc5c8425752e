"""What an entry is found by: derived from it, written with it, rebuilt to the same."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from dashboard.models import AuditEntry, AuditTerm
from dashboard.models.audit import Kind
from dashboard.services import audit, audit_index
from dashboard.services.audit import SYSTEM, Actor, AuditUnavailable, Target
from dashboard.services.audit_terms import MAX_CHARS, MAX_FIELDS, MAX_TERMS, terms_of, vocabulary_of

from .audit_samples import append, run

ANA = Actor("7", "Ana Souza <ana@desk.example>", "agent, viewer")


def entry(facts: Any = None, **columns: str) -> dict[str, Any]:
    empty = dict.fromkeys(("action", "actor_id", "actor", "role", "target", "integration", "result"), "")
    body = facts if isinstance(facts, str) else json.dumps(facts or {})
    return {**empty, "seq": 1, "body": body, **columns}


def terms(facts: Any = None, **columns: str) -> set[str]:
    return {f"{name}:{value}" for name, value in terms_of(entry(facts, **columns))}


def test_an_entry_is_found_by_its_columns() -> None:
    found = terms(role="agent, viewer", target="belvo: Banco Azul 8848-x", integration="belvo", result="refused")

    assert found == {
        "role:agent", "role:viewer", "target:banco", "target:azul", "target:8848-x",
        "integration:belvo", "result:refused",
    }  # fmt: skip


def test_who_has_no_id_is_found_by_words() -> None:
    assert "actor:linkdesk" in terms(actor="Linkdesk", actor_id="")
    assert terms(actor="Ana Souza", actor_id="7") == set()


def test_changes_are_found_by_field_and_by_the_values_that_may_be_known() -> None:
    changes = [
        {"field": "access_mode", "class": "public", "label": "Access mode", "before": "Recurrent", "after": "single"},
        {"field": "password", "class": "never"},
        {"field": "key", "class": "secret", "label": "Private key", "change": "set"},
        {"field": "user", "class": "personal", "before": None, "after": {"masked": "m•••", "pseudonym": "ab12"}},
        {"field": "webhook", "class": "url", "before": {"url": "https://Old.example/x?t=*", "digest": "d1"}},
        {"field": "3", "class": "record", "after": {"digest": "d3"}},
    ]

    assert terms({"changes": changes}) == {
        "field:access_mode", "field:access mode", "before:recurrent", "after:single", "field:password", "field:key",
        "field:private key", "field:user", "after:ab12", "field:webhook", "before:old.example/x?t=*", "field:3",
        "after:d3",
    }  # fmt: skip


def test_facts_are_found_by_their_words_and_the_approval_by_its_number() -> None:
    facts = {
        "approval": "AP-1", "reason": "Called (twice), “wrong” bank", "provider_status": 428, "codes_sent": 3,
        "nested": [{"request_id": "Req-777"}], "browser": "Mozilla",
    }  # fmt: skip

    found = terms(facts)

    assert {"approval:ap-1", "word:called", "word:twice", "word:wrong", "word:428", "word:req-777"} <= found
    assert not {"word:3", "word:mozilla", "word:ap-1"} & found


def test_many_changes_push_no_field_out() -> None:
    changes = [{"field": f"f{n}", "class": "public", "before": f"b{n}", "after": f"a{n}"} for n in range(60)]

    found = terms({"changes": changes, "reason": "w " * 500}, result="ok")

    assert {f"field:f{n}" for n in range(60)} <= found
    assert {"result:ok", "before:b19", "after:a19", "word:w"} <= found and len(found) <= 60 + MAX_TERMS


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["changes", "field", "a", "after"]), inner),
    ),
    st.text(),
)
def test_whatever_a_body_holds_there_are_few_short_terms(facts: Any, text: str) -> None:
    for body in (json.dumps(facts), text):
        found = terms_of(entry(body, target=text, actor=text))

        assert len(found) <= MAX_TERMS + MAX_FIELDS
        assert len(set(found)) == len(found)
        assert all(0 < len(value) <= MAX_CHARS and "\0" not in value for _, value in found)
        assert all(len(value) <= 160 for _, value in vocabulary_of(entry(body, actor=text)))


# -- in the database


@pytest.mark.django_db
def test_terms_are_written_with_the_entry() -> None:
    audit.record(Kind.EVENT, "customer.changed", actor=ANA, target=Target("1", "Customer ab12"), result="ok")

    assert set(AuditTerm.objects.values_list("name", "value", "seq")) == {
        ("result", "ok", 1), ("role", "agent", 1), ("role", "viewer", 1), ("target", "customer", 1),
        ("target", "ab12", 1), ("action", "customer.changed", 0), ("person", "ana souza <ana@desk.example>\t7", 0),
    }  # fmt: skip


@pytest.mark.django_db
def test_an_entry_that_cannot_be_found_is_not_written() -> None:
    run("ALTER TABLE dashboard_auditterm RENAME TO hidden")

    with pytest.raises(AuditUnavailable), transaction.atomic():
        append()

    assert not AuditEntry.objects.exists()


@pytest.mark.django_db
def test_a_rebuild_gives_the_same_terms(capsys: pytest.CaptureFixture[str]) -> None:
    append(7, reason="on the phone")
    audit.record(Kind.READ, "audit.read", actor=ANA)
    written = set(AuditTerm.objects.values_list("name", "value", "seq"))
    audit_index.empty()
    assert not AuditTerm.objects.exists()

    call_command("index_audit")

    assert set(AuditTerm.objects.values_list("name", "value", "seq")) == written
    assert "8 entries" in capsys.readouterr().out
    call_command("index_audit", "--empty-first")
    assert set(AuditTerm.objects.values_list("name", "value", "seq")) == written


@pytest.mark.django_db
def test_the_terms_of_a_segment_go_and_the_others_stay() -> None:
    append(4)

    audit_index.forget_until(2)

    assert set(AuditTerm.objects.exclude(seq=0).values_list("seq", flat=True)) == {3, 4}
    assert AuditTerm.objects.filter(seq=0).exists()
    assert audit.verify().ok


@pytest.mark.django_db
def test_a_rebuild_writes_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    append(5)
    audit_index.empty()
    monkeypatch.setattr(audit_index, "BATCH_ENTRIES", 2)
    monkeypatch.setattr(audit_index, "MAX_ROWS", 3)
    seen: list[int] = []

    assert audit_index.rebuild(seen.append) == 5
    assert seen == [2, 4, 5]
    assert SYSTEM.text.casefold() in AuditTerm.objects.filter(name="actor").values_list("value", flat=True)


@pytest.mark.django_db
def test_prefixes_are_found_in_plain_order() -> None:
    """By the rules of a language "a-b" would stand between "aa" and "ac"."""
    with connection.cursor() as cursor:
        audit_index._insert([("word", value, 1) for value in ("aa", "a-b", "Ab", "ac", "é")])
        cursor.execute("SELECT value FROM dashboard_auditterm WHERE name = 'word' AND value >= 'a-' AND value < 'a.'")
        assert cursor.fetchall() == [("a-b",)]
