"""The bytes of an entry: written down once more here, so that they cannot change by accident."""

import hashlib
import hmac
import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.models import AuditEntry
from dashboard.services.audit import Actor, Kind, Target, record
from dashboard.services.audit_bytes import MAX_TEXT_CHARS, canonical, clean

_PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=20), inner, max_size=4),
    max_leaves=12,
)


def _length_prefixed(*values):
    raw = [value if isinstance(value, bytes) else value.encode() for value in values]
    return b"".join(struct.pack(">I", len(part)) + part for part in raw)


@pytest.mark.django_db
def test_the_mac_is_what_the_format_says():
    given_columns = {"integration": "belvo", "operation_id": "op-é", "result": "ok"}
    record(Kind.EVENT, "one.first", actor=Actor("", "", ""))
    record(
        Kind.INTENT, "a.b", actor=Actor("7", "María", "agent"), target=Target("t", "T"), **given_columns, facts={"z": 1}
    )

    first, entry = AuditEntry.objects.order_by("seq")
    covered = (
        _length_prefixed("audit/v1", "main", "a1")
        + struct.pack(">Q", 2)
        + _length_prefixed(bytes(first.mac), entry.at, "intent", "a.b", "7", "María", "agent", "t", "T")
        + _length_prefixed("belvo", "op-é", "ok", '{"z":1}')
    )
    assert bytes(entry.mac) == hmac.new(b"a" * 32, covered, hashlib.sha256).digest()


@given(st.dictionaries(st.text(max_size=20), _PLAIN, max_size=5))
def test_the_text_of_facts_is_the_same_after_every_round(facts):
    text = canonical(facts)

    assert canonical(json.loads(text)) == text
    text.encode("utf-8")


@given(st.dictionaries(st.text(max_size=5), st.integers(), max_size=5))
def test_the_order_of_keys_does_not_matter(facts):
    small = {key: value % 1000 for key, value in facts.items()}

    assert canonical(small) == canonical(dict(reversed(small.items())))


@given(st.text(st.characters(exclude_categories=()), max_size=200), st.integers(3, 100))
def test_cleaned_text_is_storable_and_short_enough(text, limit):
    cleaned = clean(text, limit)

    assert len(cleaned) <= limit
    assert "\0" not in cleaned
    assert clean(cleaned, limit) == cleaned
    cleaned.encode("utf-8")


def test_text_of_the_full_length_is_not_cut():
    assert clean("x" * MAX_TEXT_CHARS) == "x" * MAX_TEXT_CHARS
