"""The table of outcomes: which state each leads to, what people read, and what the audit log calls it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest
from django.utils import timezone

from dashboard.models import AuditEntry, LinkedAccount, Operation
from dashboard.models.operation import State
from dashboard.registry import provider_for
from dashboard.services import operations, outcomes, snapshots
from dashboard.services.settling import settle
from providers.answers import Challenge, LookupTable
from providers.attention import Attention, Who
from providers.errors import LOCALLY_LIMITED, NO_ANSWER, Becomes, ErrorRule
from providers.outcomes import (
    Accepted,
    Conflict,
    Denied,
    Evidence,
    Failure,
    FieldErrors,
    Gone,
    NeedsToken,
    Ok,
    Outcome,
    RateLimited,
    Refused,
    Unavailable,
)
from providers.secrets import Secret

from . import factories as make

AT = datetime(2026, 11, 22, 10, 32, tzinfo=UTC)
RULE = ErrorRule("t.rule", Becomes.REFUSED, "It was refused.", "Ask them.", Who.CUSTOMER, "here", retry_after_s=120)
CHALLENGE = Challenge("one", Secret("session-canary"), expires_at=AT + timedelta(days=3650))

TABLE: list[tuple[Outcome, State, str, str]] = [
    (Ok(None), State.DONE, "ok", "ok"),
    (Accepted(30), State.ACCEPTED, "accepted", "accepted"),
    (NeedsToken(CHALLENGE), State.AWAITING_TOKEN, "needs_token", "awaiting_token"),
    (FieldErrors({"password": ("Too short.",)}), State.REFUSED, "field_errors", "refused"),
    (Refused(RULE), State.REFUSED, "refused", "refused"),
    (Conflict(RULE), State.REFUSED, "conflict", "refused"),
    (Denied(RULE), State.FAILED, "denied", "failed"),
    (Gone(RULE), State.FAILED, "gone", "failed"),
    (RateLimited(RULE, Evidence(http_status=429)), State.FAILED, "rate_limited", "failed"),
    (RateLimited(LOCALLY_LIMITED), State.FAILED, "rate_limited", "failed_before_send"),
    (Unavailable(NO_ANSWER), State.FAILED, "unavailable", "failed_before_send"),
    (Unavailable(RULE, Evidence(http_status=502)), State.FAILED, "unavailable", "failed"),
    (Unavailable(NO_ANSWER, maybe_applied=True), State.UNKNOWN, "unavailable", "unknown"),
]
NAMES = [f"{type(row[0]).__name__}-{row[3]}" for row in TABLE]


def test_the_table_names_every_member() -> None:
    members = {getattr(member, "__origin__", member) for member in get_args(Outcome)}

    assert {type(outcome) for outcome, *_ in TABLE} == members | set(get_args(Failure))


@pytest.mark.parametrize(("outcome", "state", "kind", "result"), TABLE, ids=NAMES)
def test_each_outcome_has_its_state_and_its_words(outcome: Outcome, state: State, kind: str, result: str) -> None:
    meaning = outcomes.meaning_of(outcome)
    raw = outcomes.to_json(outcome, "Belvo", AT)

    assert (meaning.state, meaning.type, meaning.result) == (state, kind, result)
    assert raw["type"] == kind
    assert raw["sentence"].endswith(".")
    assert set(raw) == {
        *("type", "rule", "sentence", "next_step", "who", "script", "quotes"),
        *("http_status", "remote_code", "remote_message"),
        *("documentation_url", "request_id", "retry_after_s", "maybe_applied", "errors", "table", "at"),
    }
    assert "canary" not in json.dumps(raw)


def test_a_doubt_is_said_and_a_certainty_is_not_doubted() -> None:
    in_doubt = outcomes.to_json(Unavailable(NO_ANSWER, maybe_applied=True), "Belvo", AT)
    certain = outcomes.to_json(Unavailable(NO_ANSWER), "Belvo", AT)

    assert in_doubt["sentence"] == f"{NO_ANSWER.sentence} {outcomes.NOT_KNOWN_YET}"
    assert certain["sentence"] == NO_ANSWER.sentence


def test_the_remotes_own_time_to_wait_comes_before_the_rules() -> None:
    assert outcomes.to_json(RateLimited(RULE, retry_after_s=7), "Belvo", AT)["retry_after_s"] == 7
    assert outcomes.to_json(Refused(RULE), "Belvo", AT)["retry_after_s"] == 120


def test_a_table_is_kept_with_the_outcome() -> None:
    table = LookupTable(("Status",), (("AUTHORISED",),), "One consent.")

    raw = outcomes.to_json(Ok(table), "Belvo", AT)

    assert raw["table"] == {"columns": ["Status"], "rows": [["AUTHORISED"]], "note": "One consent."}


def test_a_remote_that_talks_too_much_is_cut() -> None:
    evidence = Evidence(400, "c" * 9_999, "m\x00" * 9_999, "r" * 9_999)

    raw = outcomes.to_json(Refused(RULE, evidence), "Belvo", AT)

    assert (len(raw["remote_code"]), len(raw["remote_message"]), len(raw["request_id"])) == (200, 4000, 128)
    assert "\x00" not in raw["remote_message"]


# -- settled on a running operation


@pytest.fixture
def running(belvo: Any) -> Operation:
    make.synced()
    return run_on(make.account_at(make.PLAIN, status="valid"))


def run_on(account: LinkedAccount, action: str = "credentials") -> Operation:
    """Return an operation as it is while its thread waits for the remote."""
    draft = make.draft(account, make.agent(), action)
    now = timezone.now()
    assert draft.move(
        State.RUNNING, sent_at=now, beat_at=now, before=snapshots.to_json(account.to_snapshot()), values={}
    )
    return draft


def after(operation: Operation, outcome: Outcome) -> Operation:
    settle(operation.pk, outcome, provider_for("belvo"))
    return Operation.objects.select_related("account").get(pk=operation.pk)


@pytest.mark.parametrize(("outcome", "state", "kind", "result"), TABLE, ids=NAMES)
def test_each_outcome_settles_an_operation(
    running: Operation, outcome: Outcome, state: State, kind: str, result: str
) -> None:
    settled = after(running, outcome)

    assert settled.state == state
    assert settled.outcome["type"] == kind
    assert settled.beat_at is None
    assert settled.version == running.version + 1
    entry = AuditEntry.objects.get(operation_id=str(running.pk), action="operation.outcome")
    assert entry.result == result
    assert settled.account.is_gone == isinstance(outcome, Gone)


def test_a_conflict_brings_their_version_into_the_mirror(belvo: Any, running: Operation) -> None:
    belvo.world.links[running.account.remote_id].body["stale_in"] = "7d"
    theirs = running.account.to_snapshot()
    theirs.body["stale_in"] = "7d"

    settled = after(running, Conflict(RULE, theirs))

    assert settled.account.body["stale_in"] == "7d"


def test_field_errors_are_kept_field_by_field(running: Operation) -> None:
    settled = after(running, FieldErrors({"password": ("Too short.", "Too plain."), "": ("Odd.",)}))

    assert settled.outcome["errors"] == {"password": ["Too short.", "Too plain."], "": ["Odd."]}
    assert settled.outcome["who"] == "agent"


def test_a_delete_that_is_done_but_still_seen_stays_open(belvo: Any) -> None:
    make.synced()
    running = run_on(make.account_at(make.PLAIN), "delete")

    settled = after(running, Ok(None))

    assert settled.state == State.ACCEPTED
    assert settled.check_at is not None
    belvo.world.links.pop(settled.account.remote_id)
    assert operations.check_back(settled.pk).receipt["verdict"] == "deleted"


def test_a_challenge_without_an_end_gets_one_of_ours(running: Operation) -> None:
    settled = after(running, NeedsToken(Challenge(running.account.remote_id, Secret("s"))))

    challenge = operations.challenge_of(settled)
    assert challenge is not None
    assert challenge.expiry_is_assumed
    assert settled.sealed_until is not None
    assert timedelta(minutes=14) < settled.sealed_until - timezone.now() <= timedelta(minutes=15)


def test_reading_back_shows_on_the_badge_of_a_refused_write(belvo: Any, running: Operation) -> None:
    belvo.world.links[running.account.remote_id].body["status"] = "invalid"

    settled = after(running, Refused(RULE))

    assert settled.account.status == "invalid"
    assert settled.account.attention == Attention.NEEDS_PASSWORD
