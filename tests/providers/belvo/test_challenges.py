"""The room opens for a 428 with a session, in every shape that is documented, and for nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from providers.answers import Challenge
from providers.http import Exchange
from providers.outcomes import NeedsToken, Ok, Outcome, Refused
from providers.plan import Plan
from providers.secrets import Secret

from ..canned import Answer, CannedServer, as_json
from .support import LINK_A, belvo, institution, link, sample, sample_json


def ask(answer: Answer, exchanges: list[Exchange] | None = None) -> Outcome:
    base = link("link_detail.json")
    with CannedServer(answer) as server:
        provider = belvo(server.url, exchanges)
        plan = provider.plan_update("credentials", base, {}, frozenset({"password"}), institution("heimdall_mx_retail"))
        assert isinstance(plan, Plan)
        return provider.send(plan, {}, {"password": Secret("pass-valid-1")})


def challenge(answer: Answer, exchanges: list[Exchange] | None = None) -> Challenge:
    outcome = ask(answer, exchanges)
    assert isinstance(outcome, NeedsToken), outcome
    return outcome.challenge


def changed(**changes: Any) -> Answer:
    return as_json([{**sample_json("update_428_mfa.json")[0], **changes}], 428)


def seconds_of(found: Challenge) -> float:
    assert found.expires_at is not None and found.received_at is not None
    return (found.expires_at - found.received_at).total_seconds()


@pytest.mark.parametrize("file", ["update_428_mfa.json", "update_428_mfa_object.json"])
def test_an_array_and_a_bare_object_are_the_same_challenge(file: str) -> None:
    found = challenge(sample(file))

    raw = sample_json(file)
    assert found.session.reveal() == (raw[0] if isinstance(raw, list) else raw)["session"]
    assert (found.remote_id, found.kind, found.value) == (LINK_A, "numeric", "48213")
    assert found.instructions == "Use this code to generate the token"
    assert found.expects_input
    assert seconds_of(found) == 720
    assert not found.expiry_is_assumed


def test_the_end_is_counted_from_now() -> None:
    before = datetime.now(UTC)

    found = challenge(sample("update_428_mfa.json"))

    assert found.expires_at is not None
    assert timedelta(0) <= found.expires_at - before - timedelta(seconds=720) < timedelta(seconds=5)


def test_a_qr_code_is_kept_whole_and_wants_no_input() -> None:
    found = challenge(sample("update_428_mfa_qr.json"))
    large = challenge(changed(token_generation_data={"type": "qr", "value": "data:image/png;base64," + "A" * 90_000}))

    assert (found.kind, found.expects_input) == ("qr", False)
    assert found.value.startswith("data:image/png;base64,")
    assert len(large.value) > 90_000


def test_both_spellings_of_the_input_flag_and_an_expiry_as_text_are_read() -> None:
    text = challenge(sample("update_428_mfa_text.json"))
    inputless = challenge(sample("update_428_mfa_inputless.json"))

    assert (text.kind, text.expects_input, seconds_of(text)) == ("text", True, 720)
    assert (inputless.kind, inputless.expects_input, inputless.value) == ("inputless", False, "")


@pytest.mark.parametrize("expiry", [None, "", "soon", 0, -5, 86_401, "9" * 30, 10**30, 1.5e9, True, [720]])
def test_an_expiry_that_cannot_be_believed_is_assumed(expiry: object) -> None:
    found = challenge(changed(expiry=expiry))

    assert found.expiry_is_assumed
    assert seconds_of(found) == 300


@pytest.mark.parametrize("expiry", [9600, "9600", 86_400])
def test_a_long_expiry_within_a_day_is_believed(expiry: object) -> None:
    found = challenge(changed(expiry=expiry))

    assert not found.expiry_is_assumed
    assert seconds_of(found) == int(str(expiry))


def test_the_oldest_shape_without_any_instruction_opens_the_room_too() -> None:
    raw = sample_json("update_428_mfa.json")[0]
    raw.pop("token_generation_data")

    found = challenge(as_json(raw, 428))

    assert (found.kind, found.instructions, found.expects_input) == ("text", "", True)


@pytest.mark.parametrize("data", [None, [], "x", {"type": 7, "value": {}, "expects_user_input": "maybe"}])
def test_instructions_of_the_wrong_type_are_left_out(data: object) -> None:
    found = challenge(changed(token_generation_data=data))

    assert found.expects_input
    assert found.value == ""


def test_the_first_object_with_a_session_is_taken() -> None:
    bare, whole = {"code": "token_required"}, sample_json("update_428_mfa.json")[0]

    assert challenge(as_json([bare, whole], 428)).session.reveal() == whole["session"]


def test_what_cannot_be_answered_opens_no_room() -> None:
    activation = ask(sample("update_428_activation_required.json"))
    no_session = ask(changed(session=None))
    other_code = ask(changed(code="activation_required"))

    assert isinstance(activation, Refused) and activation.rule.code == "belvo.activation_required"
    assert isinstance(no_session, Refused) and no_session.rule.code == "belvo.token_required.no_session"
    assert isinstance(other_code, Refused) and other_code.rule.code == "belvo.activation_required"


def test_the_link_that_a_challenge_names_is_not_trusted() -> None:
    assert challenge(changed(link="cd70c4fb-8b0f-49b7-b638-0dd06111f9f3")).remote_id == LINK_A


def test_the_answer_goes_to_the_collection_with_the_session_unchanged() -> None:
    opened = challenge(sample("update_428_mfa.json"))
    with CannedServer(sample("mfa_resume_ok.json")) as server:
        outcome = belvo(server.url).resume(opened, Secret("111111"))

    assert isinstance(outcome, Ok)
    assert (server.asked[0].method, server.asked[0].path) == ("PATCH", "/api/links/")
    assert server.asked[0].json == sample_json("mfa_resume_request.json")


def test_nothing_is_sent_as_a_code_where_none_is_expected() -> None:
    opened = challenge(sample("update_428_mfa_inputless.json"))
    with CannedServer(Answer(201, sample("mfa_resume_ok.json").body)) as server:
        outcomes = [belvo(server.url).resume(opened, token) for token in (None, Secret("555"))]

    assert all(isinstance(outcome, Ok) for outcome in outcomes)
    assert all(set(asked.json) == {"session", "link"} for asked in server.asked)


def test_a_wrong_code_keeps_the_room_open_with_the_new_session() -> None:
    opened = challenge(sample("update_428_mfa.json"))
    with CannedServer(sample("mfa_resume_428_wrong_token.json")) as server:
        outcome = belvo(server.url).resume(opened, Secret("999999"))

    assert isinstance(outcome, NeedsToken)
    assert outcome.challenge.session.reveal() == sample_json("mfa_resume_428_wrong_token.json")[0]["session"]
    assert (outcome.challenge.value, seconds_of(outcome.challenge)) == ("90377", 640)


def test_a_session_that_belvo_repeats_is_still_that_session() -> None:
    """The transport filters what was sent, so the repeated session comes back masked."""
    opened = challenge(sample("update_428_mfa.json"))
    with CannedServer(sample("update_428_mfa.json")) as server:
        outcome = belvo(server.url).resume(opened, Secret("999999"))

    assert isinstance(outcome, NeedsToken)
    assert outcome.challenge.session.reveal() == opened.session.reveal()


def test_a_lost_session_does_not_end_the_link() -> None:
    opened = challenge(sample("update_428_mfa.json"))
    with CannedServer(sample("error_404_not_found.json")) as server:
        outcome = belvo(server.url).resume(opened, Secret("111111"))

    assert isinstance(outcome, Refused)
    assert outcome.rule.code == "belvo.session_unknown"


def test_a_challenge_shows_neither_session_nor_code() -> None:
    opened = challenge(sample("update_428_mfa.json"))

    assert "42452e2ff9a546c3aca3b1cff761e2a8" not in repr(opened)


def test_the_call_log_holds_neither_session_nor_code_nor_password() -> None:
    exchanges: list[Exchange] = []
    opened = challenge(sample("update_428_mfa.json"), exchanges)
    with CannedServer(sample("mfa_resume_428_wrong_token.json")) as server:
        belvo(server.url, exchanges).resume(opened, Secret("773311"))

    assert len(exchanges) == 2
    for secret in ("42452e2ff9a546c3aca3b1cff761e2a8", "6f6a5b6d0a234ccca2f04d9cd2cd810a", "773311", "pass-valid-1"):
        assert secret not in repr(exchanges)
    assert exchanges[1].path_template == "/api/links/"
