"""What an outcome means for an operation: its next state, the word in the audit log, and the JSON that pages show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, assert_never

from providers.answers import LookupTable
from providers.attention import Who
from providers.errors import LOCALLY_LIMITED, Becomes, ErrorRule
from providers.outcomes import (
    Accepted,
    Conflict,
    Denied,
    FieldErrors,
    Gone,
    NeedsToken,
    Ok,
    Outcome,
    RateLimited,
    Refused,
    Unavailable,
)

from ..models.operation import State
from ..text import storable, storable_json

INTERRUPTED = ErrorRule(
    code="interrupted",
    becomes=Becomes.UNAVAILABLE,
    sentence="Linkdesk was stopped while the provider was working on this.",
    next_step="Wait for the check that is under way.",
    who=Who.AGENT,
    source="Linkdesk: an operation without a sign of life from its process.",
)
OUR_FAULT = ErrorRule(
    code="linkdesk_fault",
    becomes=Becomes.UNAVAILABLE,
    sentence="Linkdesk broke off because of a fault of its own.",
    next_step="Tell an administrator the time and the operation's id.",
    who=Who.ADMIN,
    source="Linkdesk: an exception of ours while sending.",
)
NOT_STARTED = ErrorRule(
    code="not_started",
    becomes=Becomes.UNAVAILABLE,
    sentence="Linkdesk could not start the work. Nothing was sent.",
    next_step="Try again in a minute. If it lasts, tell an administrator.",
    who=Who.ADMIN,
    source="Linkdesk: no thread could be started.",
)
NOT_KNOWN_YET = "We do not know whether anything was changed. Checking now."


@dataclass(frozen=True, slots=True)
class Meaning:
    """`type` is the outcome's name in JSON, `result` its word in the audit log."""

    state: State
    type: str
    result: str


def meaning_of(outcome: Outcome) -> Meaning:  # noqa: PLR0911 - one return a member of the union
    """Translate an outcome by the table in the design, section 4."""
    match outcome:
        case Ok():
            return Meaning(State.DONE, "ok", "ok")
        case Accepted():
            return Meaning(State.ACCEPTED, "accepted", "accepted")
        case NeedsToken():
            return Meaning(State.AWAITING_TOKEN, "needs_token", "awaiting_token")
        case FieldErrors():
            return Meaning(State.REFUSED, "field_errors", "refused")
        case Refused():
            return Meaning(State.REFUSED, "refused", "refused")
        case Conflict():
            return Meaning(State.REFUSED, "conflict", "refused")
        case Denied():
            return Meaning(State.FAILED, "denied", "failed")
        case Gone():
            return Meaning(State.FAILED, "gone", "failed")
        case RateLimited(rule=rule):
            result = "failed_before_send" if rule.code == LOCALLY_LIMITED.code else "failed"
            return Meaning(State.FAILED, "rate_limited", result)
        case Unavailable(maybe_applied=True):
            return Meaning(State.UNKNOWN, "unavailable", "unknown")
        case Unavailable():
            answered = outcome.evidence.http_status is not None
            return Meaning(State.FAILED, "unavailable", "failed" if answered else "failed_before_send")
        case _:
            assert_never(outcome)


def to_json(outcome: Outcome, name: str, at: datetime, *, codes_sent: int = 0) -> dict[str, Any]:
    """Return the outcome as pages read it: our words with the provider's `name`, the remote's evidence, no secret."""
    sentence, next_step, who, script = _words(outcome, name, codes_sent)
    rule = getattr(outcome, "rule", None)
    evidence = outcome.evidence
    table = outcome.value if isinstance(outcome, Ok) and isinstance(outcome.value, LookupTable) else None
    errors = outcome.errors if isinstance(outcome, FieldErrors) else {}
    raw: dict[str, Any] = storable_json(
        {
            "type": meaning_of(outcome).type,
            "rule": rule.code if rule else "",
            "sentence": sentence,
            "next_step": next_step,
            "who": who,
            "script": script,
            "quotes": rule is not None and rule.quotes,
            "http_status": evidence.http_status,
            "remote_code": storable(evidence.remote_code, 200),
            "remote_message": storable(evidence.remote_message, 4000),
            "request_id": storable(evidence.request_id, 128),
            "documentation_url": storable(evidence.documentation_url, 500),
            "retry_after_s": _retry_after_s(outcome),
            "maybe_applied": isinstance(outcome, Unavailable) and outcome.maybe_applied,
            "errors": {name: list(messages) for name, messages in errors.items()},
            "table": {"columns": table.columns, "rows": table.rows, "note": table.note} if table else None,
            "at": at.isoformat(),
        }
    )
    return raw


def _words(outcome: Outcome, name: str, codes_sent: int) -> tuple[str, str, str, str]:
    """Return sentence, next step, who must act and phone script."""
    match outcome:
        case Ok():
            return f"{name} took it.", "", "", ""
        case Accepted():
            return (
                f"{name} accepted it and is still working on it.",
                "Nothing to do now: Linkdesk checks by itself.",
                Who.PROVIDER.value,
                "",
            )
        case NeedsToken() if codes_sent:
            return (
                "The code was not accepted. Another one is awaited.",
                "Ask the customer for the new code.",
                Who.CUSTOMER.value,
                "",
            )
        case NeedsToken():
            return (
                f"{name} waits for a code before it goes on.",
                "Ask the customer for the code.",
                Who.CUSTOMER.value,
                "",
            )
        case FieldErrors(rule=None):
            return (
                f"{name} did not accept what was entered. Nothing was changed.",
                "Correct the marked fields and try again.",
                Who.AGENT.value,
                "",
            )
        case _:
            rule = outcome.rule
            assert rule is not None  # noqa: S101 - FieldErrors without a rule are above
            doubt = isinstance(outcome, Unavailable) and outcome.maybe_applied
            sentence = f"{rule.sentence} {NOT_KNOWN_YET}" if doubt else rule.sentence
            return sentence, rule.next_step, rule.who.value, rule.script


def _retry_after_s(outcome: Outcome) -> float | None:
    told = getattr(outcome, "retry_after_s", None)
    rule = getattr(outcome, "rule", None)
    return told if told is not None else (rule.retry_after_s if rule else None)
