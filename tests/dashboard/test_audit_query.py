"""The language of the query bar: everything is understood or named, nothing breaks it."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dashboard.audit_query import MAX_CONDITIONS, QUALIFIERS, Condition, Query, Value, parse, quoted
from dashboard.periods import period

NOW = datetime(2026, 5, 20, 15, 30, tzinfo=UTC)


def read(text: str) -> Query:
    return parse(text, now=NOW)


def conditions(text: str) -> list[tuple[str, list[str], bool]]:
    query = read(text)
    assert query.mistakes == ()
    return [(each.name, [value.text for value in each.values], each.is_negated) for each in query.conditions]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", []),
        ("  ana   webhook ", [("", ["ana"], False), ("", ["webhook"], False)]),
        ("field:webhook", [("field", ["webhook"], False)]),
        ("FIELD:Webhook", [("field", ["Webhook"], False)]),
        ("field:webhook,tags", [("field", ["webhook", "tags"], False)]),
        ('after:"second, bank",b', [("after", ["second, bank", "b"], False)]),
        ('"banco azul"', [("", ["banco azul"], False)]),
        ("-kind:read -refresh", [("kind", ["read"], True), ("", ["refresh"], True)]),
        ("https://hooks.example/x", [("", ["https://hooks.example/x"], False)]),
        ("after:https://hooks.example", [("after", ["https://hooks.example"], False)]),
        ("a-b", [("", ["a-b"], False)]),
        ("- --", []),
        ("maria, ana", [("", ["maria,"], False), ("", ["ana"], False)]),
        ('"foo:bar"', [("", ["foo:bar"], False)]),
        ("field:webhook field:tags", [("field", ["webhook"], False), ("field", ["tags"], False)]),
    ],
)
def test_a_query_is_words_and_qualifiers(text: str, wanted: object) -> None:
    assert conditions(text) == wanted


def test_quotes_mean_exactly() -> None:
    assert read('field:"webhook",tag').conditions == (
        Condition("field", (Value("webhook", True), Value("tag", False))),
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("foo:bar", "“foo:” is none of the qualifiers"),
        ("field:", "“field:” has nothing after it"),
        ("field:,,", "has nothing after it"),
        ('field:" "', "has nothing after it"),
        ("kind:intents", "“kind:intents” is no kind of entry"),
        ("since:someday", "“since:someday” is no time"),
        ("since:2026-13", "is no time"),
        ("since:2026-02-30", "is no time"),
        ("until:0001-01-01", "is no time"),
        ("since:99999d", "is no time"),
        ("since:2026-05 until:2026-04", "ends before it begins"),
        ("since:7d since:6d", "may stand there once"),
        ("-since:7d", "takes one value and no minus"),
        ("seq:five", "“seq:five” is no number"),
        ("seq:9..3", "ends before it begins"),
        ("seq:" + "9" * 40, "is no number"),
        ("seq:٣", "is no number"),
        ('after:"x', "A quotation mark is not closed"),
        (" ".join(f"w{n}" for n in range(MAX_CONDITIONS + 1)), "takes 12 conditions; this one has 13"),
        ("field:" + ",".join("abcdefghijk"), "takes 10 values; this one has 11"),
        ("x" * 10_000, "takes 500 characters; this one has 10,000"),
    ],
)
def test_what_cannot_be_understood_is_named(text: str, says: str) -> None:
    assert any(says in mistake for mistake in read(text).mistakes), read(text)


def test_what_was_typed_can_be_put_in_quotes_as_the_message_says() -> None:
    (mistake,) = read("belvo:123 ana").mistakes

    assert conditions(mistake.rpartition("marks: ")[2]) == [("", ["belvo:123"], False)]


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [("seq:5", 5, 5), ("seq:#5", 5, 5), ("seq:5..9", 5, 9), ("seq:5..", 5, 2**63 - 1), ("", 1, 2**63 - 1)],
)
def test_numbers_bound_the_query(text: str, first: int, last: int) -> None:
    assert (read(text).first_seq, read(text).last_seq) == (first, last)


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2026-03-31", "2026-03-31T00:00+00:00", "2026-04-01T00:00+00:00"),
        ("2026-3-1", "2026-03-01T00:00+00:00", "2026-03-02T00:00+00:00"),
        ("2026-12", "2026-12-01T00:00+00:00", "2027-01-01T00:00+00:00"),
        ("2026-q1", "2026-01-01T00:00+00:00", "2026-04-01T00:00+00:00"),
        ("2026-Q4", "2026-10-01T00:00+00:00", "2027-01-01T00:00+00:00"),
        ("2026", "2026-01-01T00:00+00:00", "2027-01-01T00:00+00:00"),
        ("today", "2026-05-20T00:00+00:00", "2026-05-21T00:00+00:00"),
        ("yesterday", "2026-05-19T00:00+00:00", "2026-05-20T00:00+00:00"),
        ("24h", "2026-05-19T15:30+00:00", "2026-05-19T15:30+00:00"),
        ("2026-03-31T10:30", "2026-03-31T10:30+00:00", "2026-03-31T10:31+00:00"),
        ("2026-03-31T10:30-03:00", "2026-03-31T10:30-03:00", "2026-03-31T10:31-03:00"),
    ],
)
def test_a_time_may_be_a_day_a_month_a_quarter_or_an_age(text: str, start: str, end: str) -> None:
    assert period(text, now=NOW) == (datetime.fromisoformat(start), datetime.fromisoformat(end))


def test_days_begin_where_people_are_also_when_the_clock_changes() -> None:
    berlin = datetime(2026, 3, 20, tzinfo=ZoneInfo("Europe/Berlin"))

    start, end = period("2026-03-29", now=berlin) or (None, None)

    assert start and end
    assert (start.isoformat(), end.isoformat()) == ("2026-03-29T00:00:00+01:00", "2026-03-30T00:00:00+02:00")


@given(st.text(max_size=600))
@example("\0\u202e\ud800:")
@example('"' * 99)
@example("since:" + "9" * 400)
def test_nothing_breaks_it(text: str) -> None:
    query = read(text)

    assert all("\0" not in value.text for each in query.conditions for value in each.values)
    assert query.mistakes or len(query.conditions) <= MAX_CONDITIONS
    assert all(each.values and all(value.text.strip() for value in each.values) for each in query.conditions)
    # What is kept in the bar is read the same again.
    assert parse(query.text, now=NOW).conditions == query.conditions or query.mistakes


@given(st.sampled_from([name for name in QUALIFIERS if name not in ("kind", "since", "until", "seq")]), st.text())
def test_a_value_in_quotes_comes_back_as_it_was(name: str, text: str) -> None:
    query = read(f"{name}:{quoted(text)}")
    if query.mistakes:
        return
    ((value,),) = [each.values for each in query.conditions]

    assert value.is_exact
    assert value.text.split() == "".join(c if c != '"' else " " for c in read(quoted(text)).text).split()


@given(st.text(max_size=30))
def test_any_text_is_a_time_or_none(text: str) -> None:
    found = period(text, now=NOW)

    assert found is None or found[0] <= found[1]
