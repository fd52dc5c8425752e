"""Marks inside values: nothing is lost, nothing is taken for a blank, and nobody types a mark by accident."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.linkar import multivalue as mv

from .support import patient

TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters=mv.AM))
MARKED = st.text(alphabet=st.sampled_from([*"ab |\\", mv.VM, mv.SM, mv.TM, mv.FS, mv.RS, "\r", "\n", "\t", "\x85"]))


@patient
@given(TEXT | MARKED)
def test_what_is_shown_as_lines_is_read_as_it_was(attribute: str) -> None:
    assert mv.from_lines(mv.to_lines(attribute)) == attribute


@patient
@given(MARKED)
def test_lines_may_come_back_with_the_line_ends_of_a_browser(attribute: str) -> None:
    assert mv.from_lines(mv.to_lines(attribute).replace("\n", "\r\n")) == attribute


@patient
@given(TEXT)
def test_what_is_shown_holds_no_mark_and_no_control_character(attribute: str) -> None:
    shown = mv.to_lines(attribute).replace("\n", "")

    assert mv.is_plain(shown)


@patient
@given(st.lists(TEXT, min_size=1), st.integers(1, 12), TEXT)
def test_changing_one_attribute_leaves_every_other_byte(attributes: list[str], number: int, value: str) -> None:
    changed = mv.attributes_of(mv.with_attributes(mv.record_of(attributes), {number: value}))

    assert changed[number - 1] == value
    assert [each for place, each in enumerate(changed) if place != number - 1 and place < len(attributes)] == [
        each for place, each in enumerate(attributes) if place != number - 1
    ]


def test_values_and_sub_values_keep_their_order() -> None:
    assert mv.values_of("17619ü17659ý17600") == [["17619", "17659"], ["17600"]]
    assert mv.to_lines("17619ü17659ý17600") == "17619|17659\n17600"


@pytest.mark.parametrize("mark", mv.MARKS)
def test_a_letter_that_is_a_mark_is_refused_by_name(mark: str) -> None:
    for read in (mv.from_text, mv.from_lines):
        with pytest.raises(mv.BadText, match=mark):
            read(f"M{mark}ller")


@pytest.mark.parametrize("capital", "ÜÝÞÛ")
def test_capital_letters_are_no_marks(capital: str) -> None:
    assert mv.from_text(f"{capital}ber") == f"{capital}ber"


def test_a_letter_that_is_a_mark_can_be_spelled_out() -> None:
    assert mv.spelled_out("Müller, þórður, Sýr, Dûr") == "Mueller, thórdur, Syr, Dur".replace("thórdur", "thórður")


@pytest.mark.parametrize("text", ["\\", "a\\b", "\\x41", "\\xfc", "\\xzz"])
def test_a_backslash_that_means_nothing_is_refused(text: str) -> None:
    with pytest.raises(mv.BadText, match="backslash"):
        mv.from_lines(text)


@pytest.mark.parametrize("text", ["a\x1cb", "a\tb", "\x00", "a\x85"])
def test_a_control_character_is_refused(text: str) -> None:
    with pytest.raises(mv.BadText, match="control character"):
        mv.from_text(text)
