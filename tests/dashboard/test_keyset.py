"""Pages that begin after the last row of the one before."""

from __future__ import annotations

import base64
import itertools
from typing import Any

import pytest
from django.db.models import F

from dashboard.models import ApiCall, AuditEntry, LinkedAccount
from dashboard.services import account_list
from dashboard.services.account_list import Filters, list_page
from dashboard.services.keyset import KeysetPage, Sort, as_moment, as_number, page
from tests.dashboard import accounts

pytestmark = pytest.mark.django_db


@pytest.fixture
def many() -> list[LinkedAccount]:
    """Save accounts in which every sort key has ties, nulls and letters of several alphabets."""
    names = ("", "Ana", "ana", "Ωμέγα", "Zoë", "محمد", "'; --")
    people = [
        accounts.customer(name) if name else accounts.customer(name="x", reference=f"ref-{n}")
        for n, name in enumerate(names)
    ]
    rows = []
    for number in range(23):
        owner = people[number % len(people)] if number % 4 else None
        rows.append(
            accounts.unsaved(
                owner,
                title=("Alfa", "beta", "")[number % 3],
                changed_at=accounts.NOW,
                attention_since=accounts.NOW,
                last_success_at=None if number % 2 else accounts.NOW,
            )
        )
    return LinkedAccount.objects.bulk_create(rows)


def walk(sort: str, size: int) -> list[KeysetPage[LinkedAccount]]:
    pages, after = [], ""
    for _ in itertools.count():
        pages.append(list_page(Filters(sort=sort), after=after, size=size))
        if pages[-1].after is None:
            return pages
        after = pages[-1].after
    raise AssertionError


@pytest.mark.parametrize("sort", account_list.SORTS)
def test_every_row_comes_once_whatever_the_order(many: list[LinkedAccount], sort: str) -> None:
    seen = [row.pk for page in walk(sort, 5) for row in page.rows]

    assert len(seen) == 23
    assert set(seen) == {row.pk for row in many}


@pytest.mark.parametrize("sort", account_list.SORTS)
def test_the_way_back_shows_the_same_pages(many: list[LinkedAccount], sort: str) -> None:
    pages = walk(sort, 5)

    back = list_page(Filters(sort=sort), before=pages[-1].before or "", size=5)

    assert [row.pk for row in back.rows] == [row.pk for row in pages[-2].rows]
    assert back.after is not None


def test_the_first_page_has_nothing_before_it(many: list[LinkedAccount]) -> None:
    first, second = walk("-changed", 12)

    assert first.before is None
    assert second.after is None
    assert list_page(Filters(), before=second.before or "", size=12).before is None


def test_a_row_that_goes_does_not_shift_the_pages(many: list[LinkedAccount]) -> None:
    first, second = walk("-changed", 12)
    first.rows[-1].delete()

    again = list_page(Filters(), after=first.after or "", size=12)

    assert [row.pk for row in again.rows] == [row.pk for row in second.rows]


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "bnVsbA",
        "W10",
        "WzEsMl0",
        "WyIyMDIwLTAxLTAxIiwgIngiXQ",
        "é",
        "[" * 50_000,
        "WyJcdTAwMDAiLCAiXHUwMDAwIl0",
    ],
)
@pytest.mark.parametrize("sort", ["-changed", "customer"])
def test_a_cursor_that_cannot_be_read_gives_the_first_page(many: list[LinkedAccount], cursor: str, sort: str) -> None:
    first = list_page(Filters(sort=sort), size=5)

    assert list_page(Filters(sort=sort), after=cursor, size=5).rows == first.rows


def test_a_moment_beyond_the_calendar_gives_the_first_page(many: list[LinkedAccount]) -> None:
    # Before the year 1 in UTC.
    cursor = "WyIwMDAxLTAxLTAxVDAwOjAwOjAwKzE0OjAwIiwgIjAwMDAwMDAwLTAwMDAtMDAwMC0wMDAwLTAwMDAwMDAwMDAwNyJd"

    assert list_page(Filters(), after=cursor, size=5).rows == list_page(Filters(), size=5).rows


CALLS = (ApiCall, Sort(F("at"), True, as_moment), '"2026-01-01T00:00:00+00:00"')
ENTRIES = (AuditEntry, Sort(F("seq"), True, as_number), '"1"')


@pytest.mark.parametrize("number", ["Infinity", "-1e999", "NaN", "null"])
@pytest.mark.parametrize(("model", "sort", "key"), [CALLS, ENTRIES], ids=["calls", "entries"])
def test_what_is_no_number_of_a_row_gives_the_first_page(model: Any, sort: Sort, key: str, number: str) -> None:
    for pair in (f"[{key}, {number}]", f"[{number}, {number}]"):
        cursor = base64.urlsafe_b64encode(pair.encode()).decode()

        assert page(model.objects.all(), sort, size=5, after=cursor).before is None
