"""Three versions of one object: neither edit is lost, and where both changed the same thing, a person decides."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from providers.merge import Side, Verdict, three_way

NAMES = st.sampled_from("abcdef")
VERSION = st.dictionaries(NAMES, st.sampled_from("xyz"))
GROUPS = {"lines": ("a", "b", "c")}


def verdicts(base: str, mine: str, theirs: str) -> Verdict:
    [part] = three_way({"a": base}, {"a": mine}, {"a": theirs}).parts
    return part.verdict


def test_each_case_has_its_verdict() -> None:
    assert verdicts("x", "x", "x") == Verdict.SAME
    assert verdicts("x", "y", "x") == Verdict.MINE
    assert verdicts("x", "x", "y") == Verdict.THEIRS
    assert verdicts("x", "y", "y") == Verdict.EITHER
    assert verdicts("x", "y", "z") == Verdict.CHOOSE


def test_disjoint_changes_merge_without_a_choice() -> None:
    merge = three_way({"a": "x", "b": "x"}, {"a": "y", "b": "x"}, {"a": "x", "b": "z"})

    assert merge.is_disjoint
    assert merge.resolve({}) == {"a": "y", "b": "z"}


def test_what_both_changed_waits_for_a_choice() -> None:
    merge = three_way({"a": "x"}, {"a": "y"}, {"a": "z"})

    assert merge.resolve({}) is None
    assert merge.resolve({"a": Side.MINE}) == {"a": "y"}
    assert merge.resolve({"a": Side.THEIRS}) == {"a": "z"}
    assert merge.resolve({"a": {"a": "third"}}) == {"a": "third"}


def test_a_group_is_one_part() -> None:
    base = {"a": "1", "b": "1", "c": "1"}

    merge = three_way(base, base | {"a": "2"}, base | {"c": "3"}, groups=GROUPS)

    assert [(part.name, part.verdict) for part in merge.parts] == [("lines", Verdict.CHOOSE)]
    assert merge.resolve({"lines": Side.THEIRS}) == base | {"c": "3"}


def test_what_is_not_ours_to_change_is_always_theirs() -> None:
    merge = three_way({"a": "x"}, {"a": "y"}, {"a": "z"}, locked={"a"})

    assert merge.resolve({}) == {"a": "z"}
    assert merge.parts[0].locked


@given(VERSION, VERSION, VERSION, st.sampled_from([None, GROUPS]))
def test_what_one_side_alone_changed_is_never_lost(
    base: dict[str, str], mine: dict[str, str], theirs: dict[str, str], groups: dict[str, tuple[str, ...]] | None
) -> None:
    merge = three_way(base, mine, theirs, groups=groups)

    merged = merge.resolve(dict.fromkeys([part.name for part in merge.open], Side.MINE))

    assert merged is not None
    for part in merge.parts:
        now = tuple(merged.get(member) for member in part.members)
        assert now == (part.mine if part.mine != part.base else part.theirs)


@given(VERSION, VERSION)
def test_without_another_writer_mine_is_the_result(base: dict[str, str], mine: dict[str, str]) -> None:
    assert three_way(base, mine, base).resolve({}) == mine


@given(VERSION, VERSION)
def test_without_a_change_of_mine_theirs_is_the_result(base: dict[str, str], theirs: dict[str, str]) -> None:
    assert three_way(base, base, theirs).resolve({}) == theirs
