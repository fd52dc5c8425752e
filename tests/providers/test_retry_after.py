"""`Retry-After` is a number of seconds within a day, or nothing."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.retry_after import MAX_RETRY_AFTER_S, parse_retry_after

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120.0),
        (" 7 ", 7.0),
        ("0", 0.0),
        ("1.5", 1.5),
        ("Sun, 22 Nov 2026 10:01:30 GMT", 90.0),
        ("Sunday, 22-Nov-26 10:01:30 GMT", 90.0),
        ("Sun, 22 Nov 2026 10:01:30 -0000", 90.0),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", MAX_RETRY_AFTER_S),
        ("999999999999", MAX_RETRY_AFTER_S),
        ("9" * 5_000, MAX_RETRY_AFTER_S),
        (None, None),
        ("", None),
        ("-5", None),
        ("soon", None),
        ("1e9", None),
        ("nan", None),
        ("inf", None),
        ("١٢", None),
        ("Fri, 31 Dec 99999 23:59:59 GMT", None),
        ("120, 240", None),
    ],
)
def test_retry_after_in_all_its_forms(header: str | None, seconds: float | None) -> None:
    assert parse_retry_after(header, NOW) == seconds


@given(st.text(max_size=60))
def test_nonsense_is_nothing_or_a_time_within_a_day(header: str) -> None:
    seconds = parse_retry_after(header, NOW)

    assert seconds is None or 0 <= seconds <= MAX_RETRY_AFTER_S
