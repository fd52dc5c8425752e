"""JSON from strangers is sound or refused; it never raises anything else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.json_safe import DuplicateKey, UnsoundJson, parse_json


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{",
        b'{"a": 1',
        b'{"a": 1} x',
        b"[1,]",
        b"{'a': 1}",
        b"NaN",
        b"[Infinity]",
        b"-Infinity",
        b"1e999",
        b"9" * 5_000,
        b"-" + b"9" * 500,
        b"0." + b"1" * 5_000,
        b"[" * 100_000 + b"]" * 100_000,
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"[" * 70 + b"]" * 70,
        b'"Jos\xe9"',
        b'"\x00"',
        "{}".encode("utf-16"),
        b"<html></html>",
    ],
)
def test_unsound_json_is_refused(body: bytes) -> None:
    with pytest.raises(UnsoundJson):
        parse_json(body)


@pytest.mark.parametrize("body", [b'{"a": 1, "a": 1}', b'[{"b": {"a": 1, "a": 2}}]', rb'{"\ud800": 1, "\ud801": 2}'])
def test_a_key_named_twice_is_refused(body: bytes) -> None:
    with pytest.raises(DuplicateKey):
        parse_json(body)


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"null", None),
        (b"[]", []),
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        (b"12345678901234567890123", 12345678901234567890123),
        (b"1.5", 1.5),
        (rb'"\ud83d\ude00"', "😀"),
        (rb'"a\ud83d"', "a�"),
        (rb'"\udc00\ud800"', "��"),
        (rb'["a\u0000b"]', ["a�b"]),
        (b"[" * 60 + b"]" * 60, json.loads("[" * 60 + "]" * 60)),
    ],
)
def test_sound_json_is_read(body: bytes, value: Any) -> None:
    assert parse_json(body) == value


@given(st.binary(max_size=200))
def test_whatever_comes_is_a_value_that_can_be_stored_or_is_refused(body: bytes) -> None:
    try:
        value = parse_json(body)
    except UnsoundJson:
        return

    assert "\\u0000" not in json.dumps(value, allow_nan=False)
    json.dumps(value, ensure_ascii=False).encode("utf-8")


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text("aé\0\ud800😀"),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=3),
        max_leaves=12,
    )
)
def test_sound_values_come_back_but_for_what_cannot_be_stored(value: Any) -> None:
    text = json.dumps(value)

    read = json.dumps(parse_json(text.encode()))

    assert read == text.replace("\\u0000", "\\ufffd").replace("\\ud800", "\\ufffd")
