"""Lists, links and institutions as snapshots and schemas; nothing Belvo may send breaks the reading."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.answers import Snapshot
from providers.belvo.client import RATE
from providers.belvo.snapshots import schema_of, snapshot_of
from providers.http import Exchange
from providers.outcomes import Denied, Gone, Ok, Unavailable

from ..canned import Answer, CannedServer, as_json
from ..contract import got
from .support import LINK_A, belvo, files, link, sample, sample_json


def page(*results: Any, following: str | None = None, count: int = 1) -> Answer:
    return as_json({"count": count, "next": following, "previous": None, "results": list(results)})


def test_a_page_of_links_is_read_whole() -> None:
    with CannedServer(page(*sample_json("link_list.json")["results"], count=7)) as server:
        found = got(belvo(server.url).list())

    assert len(found.items) == 5
    assert (found.total, found.next_cursor) == (7, None)
    assert server.asked[0].path == "/api/links/?page=1&page_size=1000"


def test_our_keys_go_as_basic_authentication() -> None:
    with CannedServer(page()) as server:
        belvo(server.url).list()

    kind, _, pair = server.asked[0].headers["authorization"].partition(" ")
    assert (kind, base64.b64decode(pair)) == ("Basic", b"id-of-tests:password-of-tests")
    assert server.asked[0].headers["user-agent"] == "linkdesk"


def test_the_next_page_is_asked_for_by_its_number() -> None:
    with CannedServer(page()) as server:
        server.answer(page(following=f"{server.url}/api/links/?page=2&page_size=1000"), page())
        first = got(belvo(server.url).list())
        got(belvo(server.url).list(first.next_cursor))

    assert first.next_cursor == "2"
    assert server.asked[1].path == "/api/links/?page=2&page_size=1000"


@pytest.mark.parametrize(
    "following",
    [
        "https://elsewhere.example/api/links/?page=2",
        "//elsewhere.example/api/links/?page=2",
        "ftp://127.0.0.1/api/links/?page=2",
        "http://[broken/?page=2",
        "/api/links/?page=1",
        "/api/links/?page=0",
        "/api/links/?page=x",
        "/api/links/?page=" + "9" * 5000,
        "/api/links/",
    ],
)
def test_a_next_page_elsewhere_or_behind_is_not_followed_and_reported(following: str) -> None:
    known = sample_json("link_detail.json")
    with CannedServer(page(known, following=following)) as server:
        provider = belvo(server.url)
        first = got(provider.list())
        second = provider.list(first.next_cursor)

    assert [snapshot.remote_id for snapshot in first.items] == [LINK_A], "what came is kept"
    assert isinstance(second, Unavailable)
    assert second.rule.code == "belvo.next_page_unusable"
    assert len(server.asked) == 1


def test_a_page_beyond_the_end_is_the_end() -> None:
    """Links may be deleted while the pages are read."""
    with CannedServer(sample("error_404_not_found.json")) as server:
        beyond = belvo(server.url).list("3")
        first = belvo(server.url).list()

    assert got(beyond).items == () and got(beyond).next_cursor is None
    assert isinstance(first, Denied)
    assert first.rule.code == "belvo.wrong_address"


def test_a_list_without_results_is_no_empty_list() -> None:
    for answer in (as_json({}), as_json([]), as_json({"results": None}), Answer(200, b"<html>", "text/html")):
        with CannedServer(answer) as server:
            assert isinstance(belvo(server.url).list(), Unavailable)


def test_what_is_not_a_link_is_left_out_of_a_page() -> None:
    odd = [None, 5, {}, {"id": ""}, {"id": "../../token"}, {"id": "a b"}, {"id": 7.5}]
    with CannedServer(page(*odd, sample_json("link_detail.json"))) as server:
        found = got(belvo(server.url).list())

    assert [snapshot.remote_id for snapshot in found.items] == [LINK_A]


@pytest.mark.parametrize("file", [*files("link_detail"), "update_ok.json", "mfa_resume_ok.json", "link_patch_ok.json"])
def test_every_documented_link_is_read(file: str) -> None:
    raw, found = sample_json(file), link(file)

    assert (found.remote_id, found.status) == (raw["id"], raw["status"])
    assert (found.schema_key, found.external_id) == (raw["institution"], raw["external_id"] or "")
    assert found.created_at is not None and found.created_at.tzinfo is UTC


def test_the_seven_fields_of_the_oldest_shape_are_enough() -> None:
    found = link("update_ok_minimal.json")

    assert found.status == "valid"
    assert found.created_at is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-02-12T10:15:07.552301Z", datetime(2026, 2, 12, 10, 15, 7, 552301, tzinfo=UTC)),
        ("2026-02-12T10:15:07.552Z", datetime(2026, 2, 12, 10, 15, 7, 552000, tzinfo=UTC)),
        ("2026-02-12T10:15:07+00:00", datetime(2026, 2, 12, 10, 15, 7, tzinfo=UTC)),
        ("2026-02-12T07:15:07-03:00", datetime(2026, 2, 12, 10, 15, 7, tzinfo=UTC)),
        ("2026-02-12T10:15:07", datetime(2026, 2, 12, 10, 15, 7, tzinfo=UTC)),
        ("0001-01-01T00:00:00+14:00", None),
        ("yesterday", None),
        (17, None),
        (None, None),
    ],
)
def test_every_timestamp_style_is_read_and_nonsense_is_none(text: object, expected: datetime | None) -> None:
    assert link(last_accessed_at=text).last_success_at == expected


def test_text_that_no_database_takes_is_mended() -> None:
    found = link(status="val\x00id", institution="x" * 900, external_id="\ud800lone", extra={"deep": ["\x00"]})

    assert found.status == "val\ufffdid"
    assert len(found.schema_key) == 200
    repr(found.body).encode("utf-8")
    assert "\x00" not in repr([found.external_id, found.body])


def test_secrets_that_belvo_might_add_to_a_link_are_not_kept() -> None:
    assert "password" not in link(password="leaked", username="leaked").body
    assert "leaked" not in repr(link(password="leaked", username="leaked"))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(sorted(sample_json("link_detail.json"))), JSON))
def test_no_link_raises(raw: dict[str, Any]) -> None:
    found = snapshot_of(raw)

    assert found is None or isinstance(found, Snapshot)
    assert found is None or found.digest


@given(st.dictionaries(st.sampled_from(sorted(sample_json("institution_detail.json"))), JSON))
def test_no_institution_raises(raw: dict[str, Any]) -> None:
    found = schema_of(raw)

    assert found is None or found.digest


def test_an_institution_is_found_by_its_name() -> None:
    with CannedServer(sample("institution_list_by_name.json")) as server:
        found = got(belvo(server.url).fetch_schema("heimdall_mx_retail"))

    assert server.asked[0].path == "/api/institutions/?name=heimdall_mx_retail"
    assert (found.key, found.title, found.status) == ("heimdall_mx_retail", "Heimdall Bank (Pruebas MFA)", "healthy")
    assert found.body["country_codes"] == ["MX"]
    assert "logo" not in found.body


def test_another_institution_than_the_one_asked_for_is_not_taken() -> None:
    with CannedServer(sample("institution_list_by_name.json")) as server:
        assert isinstance(belvo(server.url).fetch_schema("narnia_mx_retail"), Gone)


def test_all_documented_institutions_are_read() -> None:
    with CannedServer(sample("institution_list.json")) as server:
        found = got(belvo(server.url).list_schemas())

    assert len(found.items) == 7
    assert [schema.key for schema in found.items if schema.status == "down"] == ["gringotts_co_retail"]


def test_another_link_than_the_one_asked_for_is_not_taken() -> None:
    with CannedServer(sample("link_detail.json")) as server:
        assert isinstance(belvo(server.url).fetch("cd70c4fb-8b0f-49b7-b638-0dd06111f9f3"), Unavailable)


def test_an_id_cannot_leave_its_place_in_the_path() -> None:
    with CannedServer(sample("error_404_not_found.json")) as server:
        belvo(server.url).fetch("../token/?x=1")

    assert server.asked[0].path == "/api/links/..%2Ftoken%2F%3Fx%3D1/"


def test_keys_are_good_if_the_root_answers_and_not_if_a_page_does() -> None:
    for answer, good in (
        (Answer(200, b"{}"), True),
        (Answer(204), True),
        (Answer(200, b"<html>", "text/html"), False),
        (sample("error_401_authentication_failed.json"), False),
    ):
        with CannedServer(answer) as server:
            assert isinstance(belvo(server.url).check(), Ok) is good


def test_the_request_id_of_a_refusal_is_in_the_call_log() -> None:
    exchanges: list[Exchange] = []
    with CannedServer(sample("error_404_not_found.json")) as server:
        belvo(server.url, exchanges).fetch(LINK_A)

    assert exchanges[0].request_id == "e17c6ad4733d4a35be5a93a82e983bb7"
    assert exchanges[0].path_template == "/api/links/{id}/"


def test_no_window_of_thirty_seconds_sees_eighty_requests() -> None:
    assert RATE.per_s == 30
    assert RATE.requests + RATE.burst < 80
