"""No secret survives in what comes back, however the remote writes it."""

from __future__ import annotations

import base64
import html
import json
import time
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.redaction import MASK, Redactor, keys_of, masked, masked_text, reveal
from providers.secrets import Secret

AWKWARD = "pä&ss \"w'ord\\/<1>+%é"
WAYS = {
    "as it is": lambda text: text,
    "JSON": lambda text: json.dumps(text)[1:-1],
    "JSON, not ASCII": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "JSON, upper-case escapes": lambda text: "".join(
        character if ord(character) < 128 else f"\\u{ord(character):04X}"
        for character in json.dumps(text, ensure_ascii=False)[1:-1]
    ),
    "JSON, slashes escaped": lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
    "JSON in JSON": lambda text: json.dumps(json.dumps(text))[3:-3],
    "URL": lambda text: quote(text, safe=""),
    "URL, slashes kept": quote,
    "URL, lower-case": lambda text: quote(text, safe="").replace("%C3%A4", "%c3%a4").lower().replace("p%", "p%"),
    "form": quote_plus,
    "HTML": html.escape,
    "HTML, quotes kept": lambda text: html.escape(text, quote=False),
    "HTML, decimal apostrophe": lambda text: html.escape(text).replace("&#x27;", "&#39;"),
    "Python": lambda text: repr(text)[1:-1],
    "apostrophes escaped": lambda text: text.replace("'", "\\'"),
    "quotes escaped": lambda text: text.replace('"', '\\"'),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 for URLs": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    "base64 without its end": lambda text: base64.b64encode(text.encode()).decode().rstrip("="),
    "hex": lambda text: text.encode().hex(),
    "hex, upper-case": lambda text: text.encode().hex().upper(),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_secret_is_found_in_every_way_of_writing_it(way: str) -> None:
    written = WAYS[way](AWKWARD)

    assert Redactor([AWKWARD]).text(f"The word {written} is wrong") == f"The word {MASK} is wrong"


@pytest.mark.parametrize("prefix", ["", "a:", "ab:", "abc:"])
def test_a_secret_is_found_inside_a_longer_base64(prefix: str) -> None:
    header = base64.b64encode(f"{prefix}correct horse battery:tail".encode()).decode()

    filtered = Redactor(["correct horse battery"]).text(header)

    assert MASK in filtered
    for start in range(3):
        left = filtered.partition(MASK)[0]
        assert b"corr" not in base64.b64decode(left[start : start + (len(left) - start) // 4 * 4] or "")


@given(st.text(min_size=4, max_size=30), st.text(max_size=20), st.text(max_size=20))
def test_a_long_secret_never_survives(secret: str, before: str, after: str) -> None:
    filtered = Redactor([secret]).text(f"{before}{secret}{after}")

    if secret.strip() and secret not in before + MASK + after:
        assert secret not in filtered


@given(st.lists(st.text(min_size=4, max_size=8), max_size=4), st.text(max_size=60))
def test_text_without_secrets_is_untouched(secrets: list[str], text: str) -> None:
    filtered = Redactor(secrets).text(text)

    assert filtered == text or MASK in filtered


def test_overlapping_secrets_leave_no_rest() -> None:
    assert Redactor(["hunterh", "hunter2", "rhunt"]).text("<hunterhunter2>") == f"<{MASK}>"


def test_repetitive_text_is_filtered_in_time() -> None:
    redactor = Redactor(["a" * 40, "\\" * 30, "%" * 20])
    started = time.monotonic()

    assert redactor.text("a" * 1_000_000) == MASK
    assert redactor.text("\\" * 500_000) == MASK
    assert time.monotonic() - started < 5


# -- short secrets


@pytest.mark.parametrize(
    ("text", "filtered"),
    [
        ("1", MASK),
        ('{"token": "1"}', f'{{"token": "{MASK}"}}'),
        ("The code 1 is wrong", f"The code {MASK} is wrong"),
        ("Wrong code: 1.", f"Wrong code: {MASK}."),
        ("11 of 21 links, id a-1-b, 1.5 s, v1", "11 of 21 links, id a-1-b, 1.5 s, v1"),
    ],
)
def test_a_very_short_secret_is_replaced_only_where_it_stands_alone(text: str, filtered: str) -> None:
    assert Redactor(["1"]).text(text) == filtered


def test_numbers_that_a_very_short_secret_may_be_are_kept() -> None:
    assert Redactor(["1"]).value({"page": 1, "note": "1"}) == {"page": 1, "note": MASK}


def test_an_empty_or_blank_secret_filters_nothing() -> None:
    assert Redactor(["", " ", "\n", b""]).text("All is well here.") == "All is well here."


# -- JSON values


def test_strings_and_keys_are_filtered_at_any_depth() -> None:
    value = {"a": ["x", {"said correct horse": [None, True, 1.5, "correct horse!"]}]}

    assert Redactor(["correct horse"]).value(value) == {"a": ["x", {f"said {MASK}": [None, True, 1.5, f"{MASK}!"]}]}


def test_a_number_that_is_the_code_is_masked() -> None:
    assert Redactor(["123456"]).value({"token": 123456, "at": 1234567}) == {"token": MASK, "at": 1234567}


def test_words_of_the_contract_are_kept_where_they_stand_alone() -> None:
    redactor = Redactor(["password", "token_required"], vocabulary={"password", "token_required"})

    value = {"field": "password", "password": ["token_required"], "message": "password password is wrong"}

    assert redactor.value(value) == {
        "field": "password",
        "password": ["token_required"],
        "message": f"{MASK} {MASK} is wrong",
    }


def test_bytes_are_filtered_as_text_and_as_base64() -> None:
    document = b"-----BEGIN PRIVATE KEY-----\nabcdef\n-----END PRIVATE KEY-----\n"
    redactor = Redactor([document])

    assert redactor.text(f"<{document.decode()}>") == f"<{MASK}>"
    assert redactor.text(f"<{base64.b64encode(document).decode()}>") == f"<{MASK}>"
    assert redactor.text(json.dumps({"key": document.decode().strip()})) == json.dumps(
        {"key": MASK}, ensure_ascii=False
    )


# -- masks of our own requests and of broken answers


def test_secrets_are_revealed_at_any_depth_and_noted() -> None:
    revealed: list[str | bytes] = []

    value = reveal({"a": [Secret("word"), {"b": Secret(b"\x00\x01")}], "c": 1}, revealed)

    assert value == {"a": ["word", {"b": "AAE="}], "c": 1}
    assert revealed == ["word", b"\x00\x01"]


def test_a_shown_request_holds_neither_secrets_nor_the_values_of_secret_keys() -> None:
    value = {"a": [Secret("word"), {"session": "s-1", "token": None}], "session": {"id": 1}}

    assert masked(value, frozenset({"session", "token"})) == {
        "a": [MASK, {"session": MASK, "token": None}],
        "session": MASK,
    }


@pytest.mark.parametrize(
    "text",
    [
        '{"id": "a", "session": "se-cr-et',
        '{"session" : "x\\"se-cr-et", "id": ',
        '{"session": {"id": "se-cr-et", ',
        '{"session": ["se-cr-et", ',
        '[{"session":se-cr-et, "id": 1',
    ],
)
def test_the_values_of_secret_keys_are_masked_in_broken_json(text: str) -> None:
    filtered = masked_text(text, frozenset({"session"}))

    assert "se-cr-et" not in filtered
    assert MASK in filtered


def test_keys_of_a_request_are_found_at_any_depth() -> None:
    value: Any = {"a": [{"b": {"c": 1}}], "d": Secret("e")}

    assert keys_of(value) == {"a", "b", "c", "d"}
