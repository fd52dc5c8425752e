"""What each refusal of Belvo means, and what must not match."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from providers.belvo.errors import RULES, failure_of, rule_for
from providers.belvo.payloads import ErrorPayload
from providers.http import Exchange
from providers.limiter import MemoryLimiter
from providers.outcomes import (
    Denied,
    FieldErrors,
    Gone,
    NeedsToken,
    Outcome,
    RateLimited,
    Refused,
    Unavailable,
)
from providers.plan import Plan
from providers.secrets import Secret

from ..canned import Answer, CannedServer, as_json
from .support import belvo, institution, link, sample

LOGIN_MESSAGES = {
    "Invalid credentials provided to login to the institution": "wrong_password",
    "INVALID CREDENTIALS PROVIDED to login to the institution.": "wrong_password",
    "Login not attempted due to invalid credentials": "not_attempted",
    "Missing credentials to login to the institution": "missing_credentials",
    "The user account is locked, user needs to contact the institution to unlock it": "locked",
    "The user account access was forbidden by the institution": "forbidden",
    "A MFA token is required by the institution, but it's not supported yet by Belvo.": "code_not_supported",
    "A MFA token is required by the institution, but it’s not supported yet by Belvo": "code_not_supported",
    "Impossible to login, something unexpected happened while logging into the institution. Try again later.": (
        "institution_trouble"
    ),
    "": "other",
    "A sentence that nobody has documented": "other",
}


def send(answer: Answer, *, password: str = "a-good-password", exchanges: list[Exchange] | None = None) -> Outcome:
    """Send a new password to a server that gives this answer."""
    base = link()
    with CannedServer(answer) as server:
        provider = belvo(server.url, exchanges)
        plan = provider.plan_update("credentials", base, {}, frozenset({"password"}), institution())
        assert isinstance(plan, Plan)
        return provider.send(plan, {}, {"password": Secret(password)})


def refusals(*errors: dict[str, Any], status: int = 400) -> Answer:
    return as_json(list(errors), status)


@pytest.mark.parametrize(("message", "cause"), LOGIN_MESSAGES.items())
def test_the_causes_of_a_refused_login_are_told_apart_by_the_message(message: str, cause: str) -> None:
    rule = rule_for(400, ErrorPayload(code="login_error", message=message))

    assert rule is not None
    assert rule.code == f"belvo.login_error.{cause}"


def test_rows_with_a_message_stand_before_the_row_of_the_bare_code() -> None:
    for index, rule in enumerate(RULES):
        earlier = [other for other in RULES[:index] if not other.message and other.remote_codes]

        assert not any(set(other.remote_codes) & set(rule.remote_codes) for other in earlier), rule.code


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, ""),
        (404, ""),
        (409, ""),
        (400, "account_locked"),
        (400, "invalid_token"),
        (401, "brand_new"),
        (403, "new"),
    ],
)
def test_what_the_catalogue_does_not_know_is_not_guessed(status: int, code: str) -> None:
    assert rule_for(status, ErrorPayload(code=code, message="Something")) is None


def test_an_unknown_refusal_is_logged_without_its_body(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)

    outcome = send(refusals({"code": "brand_new", "message": "not for the log", "request_id": "r1"}))

    assert isinstance(outcome, Unavailable)
    assert outcome.rule.code == "unexpected_response"
    assert not outcome.maybe_applied, "a 4xx says that nothing was done"
    assert (outcome.evidence.remote_code, outcome.evidence.remote_message) == ("brand_new", "not for the log")
    assert "brand_new" in caplog.text
    assert "not for the log" not in caplog.text


@pytest.mark.parametrize(
    "answer",
    [
        sample("error_500_unexpected_error.json"),
        sample("error_500_service_unavailable.json"),
        sample("error_408_request_timeout.json"),
        Answer(502, b"<html>", "text/html"),
        Answer(504, b"", "text/plain"),
        Answer(500, b"", "text/plain"),
        Answer(200, b"<html>fine</html>", "text/html"),
        Answer(200, b""),
        as_json([{"code": "login_error", "message": "Invalid credentials provided"}], 200),
        as_json({"id": "00000000-0000-4000-8000-000000000000", "status": "valid"}),
        Answer(cut=True),
    ],
)
def test_a_write_that_belvo_had_begun_may_have_been_applied(answer: Answer) -> None:
    outcome = send(answer)

    assert isinstance(outcome, Unavailable)
    assert outcome.maybe_applied


def test_a_bare_object_is_an_error_like_an_array_of_one() -> None:
    outcome = send(as_json({"code": "institution_down", "message": "Down", "request_id": "r1"}, 400))

    assert isinstance(outcome, Refused)
    assert outcome.rule.code == "belvo.institution_down"
    assert outcome.evidence.request_id == "r1"


def test_two_errors_about_fields_are_both_shown_at_their_fields() -> None:
    outcome = send(sample("error_400_required.json"))

    assert isinstance(outcome, FieldErrors)
    assert dict(outcome.errors) == {
        "password": ("Belvo requires this field.",),
        "username_type": ("Belvo requires this field.",),
    }
    assert outcome.rule is not None and outcome.rule.code == "belvo.required"
    assert outcome.evidence.request_id == "6699caca287f49299b137c238a187965"


def test_an_error_about_a_field_that_the_form_does_not_have_is_shown_above_it() -> None:
    outcome = send(refusals({"code": "invalid", "message": "Not a UUID.", "field": "link"}))

    assert isinstance(outcome, FieldErrors)
    assert outcome.errors[""] == ("link: Belvo does not accept this value. Belvo says: Not a UUID.",)


def test_a_refusal_beside_an_error_about_a_field_says_more() -> None:
    outcome = send(refusals({"code": "required", "field": "token"}, {"code": "institution_down"}))

    assert isinstance(outcome, Refused)
    assert outcome.rule.code == "belvo.institution_down"


def test_an_unsupported_resource_is_shown_at_our_field() -> None:
    base = link("link_detail.json")
    with CannedServer(sample("error_400_invalid_resources.json")) as server:
        provider = belvo(server.url)
        plan = provider.plan_update("refresh", base, {"fetch_resources": ("BILLS",)}, frozenset(), institution())
        assert isinstance(plan, Plan)
        outcome = provider.send(plan, {}, {})

    assert isinstance(outcome, FieldErrors)
    assert set(outcome.errors) == {"fetch_resources"}
    assert "EMPLOYMENT_RECORDS, OWNERS" in outcome.errors["fetch_resources"][0]


def test_too_many_sessions_is_known_by_its_code_whatever_the_status() -> None:
    outcomes = [send(sample(f"error_{status}_too_many_sessions.json")) for status in (400, 404)]

    for outcome in outcomes:
        assert isinstance(outcome, Refused)
        assert outcome.rule.code == "belvo.too_many_sessions"
        assert outcome.retry_after_s == 120


def test_the_minutes_of_a_cooldown_are_read_from_the_message() -> None:
    outcome = send(sample("error_409_link_refreshed.json"))
    silent = send(refusals({"code": "link_refreshed"}, status=409))

    assert isinstance(outcome, Refused) and isinstance(silent, Refused)
    assert outcome.retry_after_s == 7 * 60
    assert silent.retry_after_s == 10 * 60


def test_an_empty_consent_is_not_about_our_keys_although_it_is_a_401() -> None:
    assert isinstance(send(sample("error_401_consent_without_accounts.json")), Refused)
    assert isinstance(send(sample("error_401_authentication_failed.json")), Denied)


def test_only_belvos_own_word_makes_a_link_gone() -> None:
    link_id = link().remote_id
    with CannedServer(sample("error_404_not_found.json")) as server:
        assert isinstance(belvo(server.url).fetch(link_id), Gone)
    for answer in (Answer(404, b"<html>nginx</html>", "text/html"), as_json({"detail": "Not found."}, 404)):
        with CannedServer(answer) as server:
            assert isinstance(belvo(server.url).fetch(link_id), Unavailable)


@pytest.mark.parametrize(
    "answer", [sample("error_403_blocked.html"), sample("error_429_too_many_requests.json")], ids=["403", "429"]
)
def test_a_throttled_request_closes_the_gate_for_everybody(answer: Answer) -> None:
    limiter = MemoryLimiter()
    with CannedServer(answer) as server:
        first = belvo(server.url, limiter=limiter, gate="belvo").fetch("a1")
        second = belvo(server.url, limiter=limiter, gate="belvo").check()

    assert isinstance(first, RateLimited) and isinstance(second, RateLimited)
    assert first.rule.code != "rate_limited_here"
    assert second.rule.code == "rate_limited_here"
    assert second.retry_after_s is not None and 50 < second.retry_after_s <= 60
    assert len(server.asked) == 1


def test_a_refusal_with_json_at_403_does_not_close_the_gate() -> None:
    limiter = MemoryLimiter()
    with CannedServer(sample("error_403_access_to_resource_denied.json")) as server:
        provider = belvo(server.url, limiter=limiter, gate="belvo")

        assert all(isinstance(provider.fetch("a1"), Denied) for _ in range(2))


def test_a_password_that_belvo_echoes_is_filtered_out() -> None:
    exchanges: list[Exchange] = []
    echo = refusals({"code": "login_error", "message": "Invalid credentials provided: hunter-2-canary"})

    outcome = send(echo, password="hunter-2-canary", exchanges=exchanges)

    assert isinstance(outcome, Refused)
    assert outcome.rule.code == "belvo.login_error.wrong_password"
    assert outcome.evidence.remote_message == "Invalid credentials provided: •••"
    assert "hunter-2-canary" not in repr((outcome, exchanges))


@pytest.mark.parametrize("password", ["login_error", "code", "token_required", "valid", "password"])
def test_a_password_that_is_a_word_of_belvos_hides_nothing(password: str) -> None:
    refused = send(sample("error_400_login_error.json"), password=password)
    asked = send(sample("update_428_mfa.json"), password=password)

    assert isinstance(refused, Refused)
    assert refused.rule.code == "belvo.login_error.wrong_password"
    assert isinstance(asked, NeedsToken)


def test_fifty_thousand_errors_are_no_trouble() -> None:
    outcome = send(refusals(*[{"code": "required", "field": f"f{n}"} for n in range(50_000)]))

    assert isinstance(outcome, FieldErrors)
    assert len(outcome.errors[""]) == 50


def test_silence_is_the_transports_to_explain() -> None:
    from providers.http import NoReply

    outcome = failure_of(NoReply("timeout", sent=True), writes=True)

    assert isinstance(outcome, Unavailable)
    assert (outcome.rule.code, outcome.maybe_applied) == ("no_answer", True)
