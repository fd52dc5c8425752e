"""The stream of one account."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from dashboard.models import ApiCall, LinkedAccount
from dashboard.services.timeline import LineKind, lines_of, timeline_of

from . import factories as make


@pytest.fixture
def ana(belvo: Any) -> Any:
    make.synced()
    return make.agent()


@pytest.fixture
def account(ana: Any) -> LinkedAccount:
    return make.account_at(make.PLAIN, status="invalid")


def call(account: LinkedAccount, minutes_ago: int, **columns: Any) -> ApiCall:
    at = timezone.now() - timedelta(minutes=minutes_ago)
    columns = {"method": "GET", "path_template": "/api/links/{id}/", "status": 200, "duration_ms": 5, **columns}
    return ApiCall.objects.create(account=account, integration="belvo", at=at, **columns)


def texts(account: LinkedAccount, **more: Any) -> list[str]:
    return [line.text for line in timeline_of(account, **more).lines]


def test_a_repair_is_told_as_intent_calls_and_result(account: LinkedAccount, ana: Any) -> None:
    make.repaired(account, ana)

    newest_first = texts(account)

    assert newest_first[0] == "Update credentials: Done"
    assert newest_first[-1] == "started “Update credentials”"
    assert "PUT /api/links/{id}/ answered 200" in newest_first


def test_a_code_is_a_line_without_its_digits(ana: Any) -> None:
    from dashboard.services import operations
    from providers.secrets import Secret

    room = make.repaired(make.account_at(make.ASKS_FOR_NUMBER), ana)
    operations.answer(room, Secret("111111"), actor=ana)
    settled = make.settled(room)

    told = lines_of(settled)

    assert [line.text for line in told if line.kind is LineKind.PEOPLE] == [
        "started “Update credentials”",
        "sent a code to the institution",
    ]
    assert {line.actor for line in told if line.kind is LineKind.PEOPLE} == {"Ana Souza"}
    assert "111111" not in repr(told)


def test_a_draft_that_was_never_sent_is_no_line(account: LinkedAccount, ana: Any) -> None:
    make.draft(account, ana)

    assert texts(account) == []


def test_the_same_call_in_a_row_is_told_once_with_its_count(account: LinkedAccount) -> None:
    for minutes in (1, 2, 3):
        call(account, minutes, status=500)
    call(account, 4)

    lines = timeline_of(account).lines

    assert [(line.text, line.count) for line in lines] == [
        ("GET /api/links/{id}/ answered 500", 3),
        ("GET /api/links/{id}/ answered 200", 1),
    ]
    assert lines[0].since is not None and lines[0].since < lines[0].at


def test_what_people_did_is_never_folded(account: LinkedAccount, ana: Any) -> None:
    make.repaired(account, ana, password="wrong")
    make.repaired(account, ana, password="wrong")

    people = timeline_of(account, kind=LineKind.PEOPLE).lines

    assert [line.count for line in people] == [1, 1]


@pytest.mark.parametrize("kind", list(LineKind))
def test_a_filter_leaves_its_kind_only(account: LinkedAccount, ana: Any, kind: LineKind) -> None:
    make.repaired(account, ana)

    assert {line.kind for line in timeline_of(account, kind=kind).lines} == {kind}


def test_a_long_stream_is_read_page_by_page_without_a_gap(account: LinkedAccount) -> None:
    for minutes in range(12):
        call(account, minutes, path_template=f"/{minutes}/")
    everything = texts(account, limit=100)

    read: list[str] = []
    older_than = None
    for _ in range(3):
        found = timeline_of(account, limit=5, older_than=older_than)
        read += [line.text for line in found.lines]
        older_than = found.older_than

    assert len(everything) == 12
    assert read == everything
    assert older_than is None


def test_what_happened_at_one_moment_stands_on_one_page(account: LinkedAccount) -> None:
    for number in range(6):
        call(account, 1, path_template=f"/{number}/")
    ApiCall.objects.update(at=ApiCall.objects.latest("at").at)
    call(account, 600, path_template="/old/")

    first = timeline_of(account, limit=5)
    second = timeline_of(account, limit=5, older_than=first.older_than)

    assert len(first.lines) == 6
    assert [line.text for line in second.lines] == ["GET /old/ answered 200"]


def test_a_call_without_an_answer_says_what_happened(account: LinkedAccount) -> None:
    call(account, 1, status=None, failure="timeout")

    assert texts(account) == ["GET /api/links/{id}/ answered timeout"]
