"""Bodies are decoded under a cap, and their text can always be stored."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.body import (
    MAX_TEXT_BYTES,
    BadEncoding,
    BodyTooLarge,
    CutEncoding,
    capped,
    read_body,
    says_json,
    text_of,
)


@given(st.binary(max_size=2_000), st.integers(min_value=1, max_value=50))
def test_a_compressed_body_is_read_whatever_its_pieces(body: bytes, step: int) -> None:
    packed = gzip.compress(body)
    pieces = [packed[start : start + step] for start in range(0, len(packed), step)]

    assert read_body(pieces, encoding="GZip", max_bytes=2_000) == body


@given(st.binary(min_size=1, max_size=200), st.integers(min_value=1, max_value=100))
def test_a_compressed_body_without_its_end_is_cut(body: bytes, missing: int) -> None:
    packed = gzip.compress(body)[:-missing]

    if packed:
        with pytest.raises(CutEncoding):
            read_body([packed], encoding="gzip", max_bytes=10_000)


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (b"{}", "gzip"),
        (gzip.compress(b"{}", mtime=0) + b"more", "gzip"),
        (zlib.compress(b"{}"), "deflate"),
        (b"{}", "br"),
        (b"{}", "gzip, gzip"),
    ],
)
def test_a_body_that_is_not_what_it_says_is_refused(body: bytes, encoding: str) -> None:
    with pytest.raises(BadEncoding):
        read_body([body], encoding=encoding, max_bytes=10_000)


def test_reading_stops_at_the_cap() -> None:
    asked = 0

    def pieces() -> Iterator[bytes]:
        nonlocal asked
        while True:
            asked += 1
            yield b"a" * 100

    with pytest.raises(BodyTooLarge):
        read_body(pieces(), encoding="", max_bytes=1_000)
    assert asked == 11


@pytest.mark.parametrize(
    ("body", "content_type", "text"),
    [
        ("José".encode(), "application/json", "José"),
        ("José".encode("latin-1"), "text/plain; charset=ISO-8859-1", "José"),
        ("José".encode("latin-1"), "text/plain", "Jos�"),
        (b"a\0b", "text/plain", "a�b"),
        (b"abc", "text/plain; charset=nonsense", "abc"),
        (b"abc", "text/plain; charset=base64", "abc"),
        (b"+2AA-", "text/plain; charset=utf-7", "�"),
        (b"abc", "", "abc"),
        (b"abc", "\r\n;;;=charset", "abc"),
    ],
)
def test_text_can_always_be_stored(body: bytes, content_type: str, text: str) -> None:
    assert text_of(body, content_type).replace("?", "�") == text


@given(st.binary(max_size=50), st.text(max_size=40))
def test_no_content_type_breaks_the_reading_of_text(body: bytes, content_type: str) -> None:
    text = text_of(body, content_type)

    assert "\0" not in text
    text.encode("utf-8")


@pytest.mark.parametrize(
    ("content_type", "answer"),
    [
        ("application/json", True),
        ("Application/JSON; charset=utf-8", True),
        ("application/problem+json", True),
        ("text/json", False),
        ("text/html", False),
        ("application/jsonp", False),
        ("image/svg+json", False),
        ("", False),
    ],
)
def test_only_two_kinds_of_content_type_say_json(content_type: str, answer: bool) -> None:
    assert says_json(content_type) is answer


def test_text_is_capped_at_whole_characters() -> None:
    assert len(capped("é" * 50_000).encode()) == MAX_TEXT_BYTES
    assert len(capped("a" + "é" * 50_000).encode()) == MAX_TEXT_BYTES - 1
