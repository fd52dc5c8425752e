"""Versions are told apart value by value and sub-value by sub-value, and nothing of a text is lost on the way."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dashboard.views.version_pieces import pieces_of

TEXT = st.text(alphabet="ab|\\\n \x85\u2028", max_size=12)


def marked(text: str, original: str | None) -> list[list[str]]:
    """Return the values with what differs in brackets."""
    return [
        [f"[{piece.text}]" if piece.is_changed else piece.text for piece in value]
        for value in pieces_of(text, original)
    ]


def test_only_the_sub_value_that_differs_is_marked() -> None:
    assert marked("20900|20999\n20800", "20900|20930\n20800") == [["20900", "[20999]"], ["20800"]]


def test_values_are_compared_by_place() -> None:
    assert marked("b\nc", "a\nb\nc") == [["[b]"], ["[c]"], ["[]"]]
    assert marked("a\nb\nnew", "a\nb") == [["a"], ["b"], ["[new]"]]
    assert marked("a\n\nc", "a\nb\nc") == [["a"], ["[]"], ["c"]]


def test_sub_values_that_came_or_went_are_marked() -> None:
    assert marked("1|2|3", "1|2") == [["1", "2", "[3]"]]
    assert marked("1", "1|2") == [["1", "[]"]]


def test_a_bar_that_is_text_separates_nothing() -> None:
    assert marked(r"a \| b", r"a \| c") == [[r"[a \| b]"]]


def test_all_of_it_is_new_where_there_was_nothing() -> None:
    assert marked("a|b\nc", None) == [["[a]", "[b]"], ["[c]"]]


@given(TEXT, TEXT)
def test_nothing_of_a_text_is_lost(text: str, original: str) -> None:
    said = ["|".join(piece.text for piece in value).rstrip("|") for value in pieces_of(text, original)]

    assert said[: len(text.split("\n"))] == [line.rstrip("|") for line in text.split("\n")]


@given(TEXT)
def test_what_nobody_changed_bears_no_mark(text: str) -> None:
    assert not any(piece.is_changed for value in pieces_of(text, text) for piece in value)
