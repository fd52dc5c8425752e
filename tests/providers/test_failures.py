"""When no complete answer came, a write is an unknown exactly if the request may have arrived."""

from __future__ import annotations

import pytest

from providers.errors import BUILT_IN
from providers.failures import failure_of_silence
from providers.http import NoReply
from providers.outcomes import RateLimited, Unavailable

REASONS = {
    "timeout": "no_answer",
    "unreachable": "unreachable",
    "tls": "untrusted_server",
    "cut": "broken_off",
    "too_large": "unusable_answer",
    "redirect": "unusable_answer",
    "bad_answer": "unusable_answer",
}


@pytest.mark.parametrize(("reason", "code"), REASONS.items())
@pytest.mark.parametrize("writes", [True, False])
def test_only_a_write_that_was_sent_may_have_been_applied(reason: str, code: str, writes: bool) -> None:
    sent = failure_of_silence(NoReply(reason, sent=True, status=302), writes=writes)
    unsent = failure_of_silence(NoReply(reason, sent=False), writes=writes)

    assert isinstance(sent, Unavailable) and isinstance(unsent, Unavailable)
    assert (sent.rule.code, sent.maybe_applied, sent.evidence.http_status) == (code, writes, 302)
    assert not unsent.maybe_applied


@pytest.mark.parametrize("reason", ["timeout", "cut", "unreachable"])
def test_what_never_left_was_not_reached(reason: str) -> None:
    outcome = failure_of_silence(NoReply(reason, sent=False), writes=True)

    assert isinstance(outcome, Unavailable)
    assert outcome.rule.code == "unreachable"
    assert "Nothing was sent" in outcome.rule.sentence


def test_a_full_gate_says_when_to_try_again() -> None:
    outcome = failure_of_silence(NoReply("limited", sent=False, wait_s=12.5), writes=True)

    assert isinstance(outcome, RateLimited)
    assert outcome.retry_after_s == 12.5


def test_a_reason_that_is_new_is_still_a_failure() -> None:
    assert isinstance(failure_of_silence(NoReply("sunspots", sent=True), writes=True), Unavailable)


def test_the_built_in_rows_speak_to_people() -> None:
    assert len({rule.code for rule in BUILT_IN}) == len(BUILT_IN)
    for rule in BUILT_IN:
        assert rule.sentence.endswith(".") and rule.next_step.endswith(".") and rule.source
