"""Webhooks are verified by a static header and read as hints; nothing in them can break us."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.answers import WebhookEvent
from providers.secrets import Secret

from .support import LINK_B, SAMPLES, files, pure, sample_json

KINDS = {"LINK": "link", "CONSENT": "consent", "SOMETHING_NEW": "unknown"}


def parse(raw: Any) -> WebhookEvent:
    (event,) = pure().parse_webhook(json.dumps(raw).encode())
    return event


@pytest.mark.parametrize("name", ["Authorization", "authorization", "AUTHORIZATION"])
def test_the_configured_header_is_accepted_however_it_is_spelt(name: str) -> None:
    assert pure().verify_webhook({"Host": "x", name: "Bearer for-tests"}, b"{}")


@pytest.mark.parametrize(
    "value", ["", "Bearer", "Bearer for-test", "bearer for-tests", "Bearer for-tests ", "Básico ñ"]
)
def test_any_other_header_is_refused(value: str) -> None:
    assert not pure().verify_webhook({"Authorization": value}, b"{}")
    assert not pure().verify_webhook({"X-Authorization": "Bearer for-tests"}, b"{}")


@pytest.mark.parametrize("configured", [None, "", Secret("")])
def test_without_a_configured_header_nothing_is_accepted(configured: Any) -> None:
    provider = pure()
    provider.config = {**provider.config, "WEBHOOK_AUTHORIZATION": configured}
    if configured is None:
        provider.config = {key: value for key, value in provider.config.items() if key != "WEBHOOK_AUTHORIZATION"}

    assert not provider.verify_webhook({"Authorization": ""}, b"{}")
    assert not provider.verify_webhook({}, b"{}")


@pytest.mark.parametrize("file", files("webhook_"))
def test_every_documented_webhook_is_read(file: str) -> None:
    raw = sample_json(file)

    (event,) = pure().parse_webhook((SAMPLES / file).read_bytes())

    assert event.event_id.startswith(raw["webhook_id"])
    assert (event.remote_id, event.code) == (raw["link_id"], raw["webhook_code"])
    assert event.kind == KINDS.get(raw["webhook_type"], "data")
    assert event.request_id == raw.get("request_id", "")
    assert event.external_id == (raw["external_id"] or "")


def test_the_cause_of_a_broken_link_is_kept() -> None:
    details = parse(sample_json("webhook_link_invalid_credentials.json")).details

    assert details["error_code"] == "login_error"
    assert details["error_message"] == "Invalid credentials provided to login to the institution"


def test_counts_and_dates_are_kept_and_other_details_are_not() -> None:
    details = parse(
        {
            **sample_json("webhook_transactions_historical_update.json"),
            "data": {"total_transactions": 19, "first_transaction_date": "2025-02-03", "owner_name": "Marina"},
        }
    ).details

    assert details["total_transactions"] == 19
    assert details["first_transaction_date"] == "2025-02-03"
    assert "Marina" not in repr(details)


def test_a_repeated_delivery_is_one_event_and_another_body_is_another() -> None:
    raw = sample_json("webhook_link_deleted.json")
    spaced = json.dumps(dict(reversed(raw.items())), indent=4).encode()

    (again,) = pure().parse_webhook(spaced)

    assert again.event_id == parse(raw).event_id
    assert parse({**raw, "webhook_code": "token_required"}).event_id != parse(raw).event_id
    assert len(parse({"webhook_type": "LINK", "link_id": LINK_B}).event_id) == 64


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"17", b'"text"', b"[]", b"{}", b"{", b"\xff\xfe", b"[" * 100_000, b"[1, null]", b" " * 2_000_000],
    ids=lambda body: repr(body[:12]),
)
def test_what_is_no_event_is_nothing(body: bytes) -> None:
    assert pure().parse_webhook(body) == ()


def test_an_event_without_a_usable_link_names_none() -> None:
    for link_id in (None, "", "../token", 7, {"a": 1}):
        assert parse({"webhook_type": "LINK", "link_id": link_id}).remote_id in {"", "7"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(sorted(sample_json("webhook_link_token_required.json"))), JSON))
def test_no_delivery_raises(raw: dict[str, Any]) -> None:
    events = pure().parse_webhook(json.dumps(raw).encode())

    assert len(events) == (1 if raw else 0)


@given(st.binary(max_size=200))
def test_no_bytes_raise(body: bytes) -> None:
    pure().parse_webhook(body)
