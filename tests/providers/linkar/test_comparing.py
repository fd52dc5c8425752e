"""Two people, one record: neither edit is lost, and lines that belong together stay together."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from providers.fields import FieldKind
from providers.linkar.comparing import compare
from providers.merge import Side, Verdict
from providers.outcomes import Conflict, Ok

from .support import SM, VM, Remote, linkar


@pytest.fixture
def remote() -> Iterator[Remote]:
    with linkar() as remote:
        remote.box.change("ACCOUNTS", "AC*1006", {6: f"a{VM}b", 7: f"1{VM}2", 8: f"3{VM}4", 9: f"5{SM}6{VM}7"})
        yield remote


def form_of(remote: Remote, item_id: str) -> dict[str, object]:
    """Return what the form of a record sends if nobody touches it: only lines keep the blanks at their ends."""
    base = remote.snapshot(item_id)
    fields = remote.provider.fields("edit", base, remote.schema(base))
    return {
        each.name: each.initial if each.kind is FieldKind.LINES else str(each.initial or "").strip()
        for each in fields
        if not each.secret
    }


def test_an_untouched_form_changes_nothing(remote: Remote) -> None:
    for item_id in ("AC*1001", "AC*1002", "AC*1005", "AC*1006", "ODD*1"):
        plan = remote.plan(item_id, form_of(remote, item_id))

        assert plan.is_empty, (item_id, plan.changes)


@pytest.mark.parametrize("blank", [" ", "\t", "\xa0", "\u2028", "\x85", "\x1f", "\n", VM])
def test_blanks_at_the_ends_of_a_value_are_kept(blank: str, remote: Remote) -> None:
    remote.box.change("ACCOUNTS", "AC*1006", {5: f"{blank}444{blank}"})
    typed = form_of(remote, "AC*1006")

    assert remote.plan("AC*1006", typed).is_empty
    assert isinstance(remote.edit("AC*1006", typed | {"NAME": "New"}), Ok)
    assert remote.record("AC*1006")[4] == f"{blank}444{blank}"


def test_blanks_can_be_taken_away(remote: Remote) -> None:
    remote.box.change("ACCOUNTS", "AC*1006", {5: " 444 "})

    assert isinstance(remote.edit("AC*1006", form_of(remote, "AC*1006") | {"PHONE": "444"}), Ok)
    assert remote.record("AC*1006")[4] == "444"


def test_disjoint_edits_merge_without_a_choice(remote: Remote) -> None:
    provider, typed = remote.provider, form_of(remote, "AC*1006") | {"PHONE": "mine"}
    before = remote.snapshot("AC*1006")
    outcome = remote.edit("AC*1006", typed, meanwhile={2: "Theirs", 4: f"x@y.example{VM}z@y.example"})
    assert isinstance(outcome, Conflict) and outcome.theirs is not None

    merge = compare(provider.options.map.files[0], typed, base=before, theirs=outcome.theirs, options=provider.options)
    carried = provider.carry_over("edit", typed, before, outcome.theirs)

    assert merge.is_disjoint
    assert carried == typed | {"NAME": "Theirs", "EMAIL": "x@y.example\nz@y.example"}
    assert isinstance(remote.edit("AC*1006", carried), Ok)
    after = remote.record("AC*1006")
    assert (after[1], after[3], after[4]) == ("Theirs", f"x@y.example{VM}z@y.example", "mine")


def test_the_same_attribute_asks(remote: Remote) -> None:
    provider, typed = remote.provider, form_of(remote, "AC*1006") | {"PHONE": "mine"}
    before = remote.snapshot("AC*1006")
    remote.box.change("ACCOUNTS", "AC*1006", {5: "theirs"})
    now = remote.snapshot("AC*1006")

    merge = compare(provider.options.map.files[0], typed, base=before, theirs=now, options=provider.options)

    assert [part.name for part in merge.open] == ["PHONE"]
    assert merge.resolve({}) is None
    assert (merge.resolve({"PHONE": Side.THEIRS}) or {})["PHONE"] == "theirs"
    assert provider.carry_over("edit", typed, before, now)["PHONE"] == "mine"


def test_a_group_is_decided_as_one(remote: Remote) -> None:
    provider, typed = remote.provider, form_of(remote, "AC*1006") | {"SEATS": "1\n9"}
    before = remote.snapshot("AC*1006")
    remote.box.change(
        "ACCOUNTS", "AC*1006", {6: f"a{VM}b{VM}c", 7: f"1{VM}2{VM}3", 8: f"3{VM}4{VM}5", 9: f"5{VM}6{VM}7"}
    )
    now = remote.snapshot("AC*1006")

    merge = compare(provider.options.map.files[0], typed, base=before, theirs=now, options=provider.options)

    assert [part.name for part in merge.open] == ["Services"]
    carried = provider.carry_over("edit", typed, before, now)
    assert (carried["SERVICE"], carried["SEATS"]) == ("a\nb", "1\n9")


def test_what_no_form_shows_is_theirs_and_shown_as_news(remote: Remote) -> None:
    provider, typed = remote.provider, form_of(remote, "AC*1006") | {"PHONE": "mine"}
    before = remote.snapshot("AC*1006")
    remote.box.change("ACCOUNTS", "AC*1006", {11: "another", 13: "unnamed", 10: "1"})
    now = remote.snapshot("AC*1006")

    merge = compare(provider.options.map.files[0], typed, base=before, theirs=now, options=provider.options)

    news = {part.name: part for part in merge.parts if part.verdict is Verdict.THEIRS}
    assert set(news) == {"TOKEN", "LKFLD13", "CHANGED"}
    assert all(part.locked for part in news.values())
    assert "another" not in repr(merge)


def test_what_cannot_be_read_stays_in_the_form(remote: Remote) -> None:
    typed = form_of(remote, "AC*1006") | {"NAME": "Müller"}
    before = remote.snapshot("AC*1006")
    remote.box.change("ACCOUNTS", "AC*1006", {5: "theirs"})

    carried = remote.provider.carry_over("edit", typed, before, remote.snapshot("AC*1006"))

    assert (carried["NAME"], carried["PHONE"]) == ("Müller", "theirs")


def test_every_attribute_is_an_entry_and_none_tells_a_secret(remote: Remote) -> None:
    snapshot = remote.snapshot("AC*1006")

    entries = {each.name: each for each in remote.provider.entries("edit", snapshot, remote.schema(snapshot))}

    assert {entries[name].unit for name in ("SERVICE", "SEATS", "PRICE", "RENEWAL")} == {"Services"}
    assert entries["RENEWAL"].text == "5|6\n7"
    assert entries["EMAIL"].label == "E-mail"
    assert entries["CUSTOMER"].locked and entries["LKFLD13"].locked and not entries["TOKEN"].locked
    assert entries["TOKEN"].kept_back and entries["LKFLD13"].kept_back
    assert remote.record("AC*1006")[10] not in repr(entries) and remote.record("AC*1006")[12] not in repr(entries)
