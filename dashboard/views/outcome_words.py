"""What to tell people of an operation that was sent: what happened, whether anything changed, who acts, what next."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from dashboard.models import Approval, Operation
from dashboard.models.approval import ApprovalState
from dashboard.models.operation import State
from dashboard.services import operations
from dashboard.services.approvals import ended_words
from dashboard.services.outcomes import NOT_KNOWN_YET
from dashboard.services.report import report_word_of
from providers.attention import Who

UNCHANGED = "Nothing was changed."

WHO: dict[str, str] = {
    Who.CUSTOMER: "the customer",
    Who.AGENT: "you",
    Who.INSTITUTION: "the institution; nothing for you or the customer to do",
    Who.PROVIDER: "the provider; nothing for the customer to do",
    Who.ADMIN: "an administrator of Linkdesk",
}


@dataclass(frozen=True, slots=True)
class Words:
    """One card. `changed` is the sentence on whether anything changed; `again` is the word on the button, or
    "", and `again_helps` whether that is what to do now. `problems` are what stands against single fields, by label.
    `report` is the word on the button to a text for whoever can help."""

    heading: str
    tone: str
    icon: str
    sentence: str = ""
    changed: str = ""
    who: str = ""
    next_step: str = ""
    script: str = ""
    again: str = ""
    retry_at: datetime | None = None
    again_helps: bool = True
    problems: tuple[tuple[str, str], ...] = ()
    report: str = ""


def words_of(operation: Operation) -> Words:  # noqa: PLR0911 - one card a state
    """Return the card of a sent operation; the sentences are the catalogue's, kept with the outcome."""
    match State(operation.state):
        case State.DONE:
            return _done(operation)
        case State.ACCEPTED:
            return _from_outcome(
                operation, "Accepted, not finished yet", "brand", "clock",
                changed=f"The provider works on it. {held_words(operation)}".strip(),
                next_step="You can leave this page. It checks by itself and writes the receipt here.",
            )  # fmt: skip
        case State.UNKNOWN:
            return _unknown(operation)
        case State.REFUSED:
            return _refused(operation)
        case State.FAILED:
            return _failed(operation)
        case State.CANCELLED | State.EXPIRED if operation.approval is not None and operation.sent_at is None:
            return _not_agreed(operation.approval)
        case State.CANCELLED:
            return Words("Cancelled", "mute", "x", "This was cancelled.", _unchanged(operation), again="Start again")
        case State.EXPIRED | State.AWAITING_TOKEN:
            return Words(
                "The time for the code is over", "warn", "hourglass",
                "The institution stopped waiting. It sends a new code only when the sign-in starts again.",
                "Nothing was changed.", next_step="Begin again: the password is asked once more, it was not kept.",
                again="Begin again",
            )  # fmt: skip
        case _:
            return Words("In progress", "brand", "hourglass")


_REQUEST_ENDED: dict[str, tuple[str, str, str]] = {
    ApprovalState.DECLINED: ("Declined", "bad", "ban"),
    ApprovalState.WITHDRAWN: ("Withdrawn", "mute", "x"),
    ApprovalState.EXPIRED: ("Nobody decided in time", "warn", "clock"),
    ApprovalState.VOID: ("Void", "warn", "circle-x"),
}


def _not_agreed(approval: Approval) -> Words:
    """Tell how a request ended that no second person has agreed to."""
    heading, tone, icon = _REQUEST_ENDED.get(approval.state, ("Cancelled", "mute", "x"))
    note = f"“{approval.note}”" if approval.note else ""
    sentence = " ".join(filter(None, (ended_words(approval), note)))
    return Words(heading, tone, icon, sentence, "Nothing was sent.", again="Ask again")


_VERDICTS: dict[str, tuple[str, str, str]] = {
    "verified_healthy": ("Done, and it works", "ok", "circle-check"),
    "still_failing": ("Accepted, but it still does not work", "warn", "alert-triangle"),
    "not_verifiable": ("Done, but it could not be checked", "warn", "help-circle"),
    "not_shown": ("Accepted, but reading back does not show it", "warn", "help-circle"),
    "moved": ("Done, and something else has changed", "warn", "alert-triangle"),
    "confirmed": ("Done", "ok", "circle-check"),
    "handed_over": ("The link is ready", "ok", "send"),
    "shown": ("Here is what the provider answered", "ok", "list-details"),
    "created": ("Made", "ok", "circle-check"),
    "deleted": ("Deleted", "ok", "trash"),
}


def _done(operation: Operation) -> Words:
    heading, tone, icon = _VERDICTS.get(operation.receipt.get("verdict", ""), ("Done", "ok", "circle-check"))
    outcome = operation.outcome
    return Words(
        heading, tone, icon, operation.receipt.get("sentence") or outcome.get("sentence", ""),
        next_step=_AFTER.get(operation.receipt.get("verdict", ""), ""), script=outcome.get("script", ""),
    )  # fmt: skip


_AFTER = {"not_shown": "Look at the account, then begin again: what you typed is not kept."}


def _unknown(operation: Operation) -> Words:
    if operation.closed_at is not None:
        return _from_outcome(
            operation, "Not verifiable", "warn", "help-circle",
            changed=operation.receipt.get("sentence") or "Reading back did not show whether it was applied.",
            next_step=operation.receipt.get("next_step")
            or "Check the account once more before you try again: a second attempt may lock the customer out.",
            again="Start again",
        )  # fmt: skip
    doubt = f"We do not know whether {_object_of(operation)} was changed. Checking now."
    return _from_outcome(
        operation, "Not known yet", "warn", "help-circle", changed=f"{doubt} {held_words(operation)}".strip(),
        next_step="Nothing is sent again by itself. You can leave this page.",
    )  # fmt: skip


def held_words(operation: Operation) -> str:
    """Say until when an open operation holds its account; "" where it does not, or where nobody can look."""
    until = operations.held_until(operation)
    if until is None:
        return ""
    if until <= timezone.now():
        return (
            "The last check is due. If nothing changes in two minutes, tell an administrator: the worker has stopped."
        )
    clock = f"{timezone.localtime(until):%H:%M %Z}"
    return f"Linkdesk checks until {clock} at the latest; nothing else can be started before it has settled."


def _refused(operation: Operation) -> Words:
    if operation.outcome.get("type") == "conflict":
        return _from_outcome(
            operation, "Changed by someone else meanwhile", "warn", "git-merge",
            again="Look at both and try again",
        )  # fmt: skip
    if operation.outcome.get("type") == "field_errors":
        return _from_outcome(
            operation, "Not accepted as it was filled in", "warn", "alert-triangle", changed=UNCHANGED,
            again="Correct it",
        )  # fmt: skip
    return _from_outcome(operation, "Refused", "warn", "alert-triangle", changed=UNCHANGED, again="Try again")


def _failed(operation: Operation) -> Words:
    match operation.outcome.get("type"):
        case "denied":
            return _from_outcome(operation, "The provider refuses our keys", "bad", "key", changed=UNCHANGED)
        case "gone":
            return _from_outcome(
                operation, "It no longer exists", "bad", "circle-x", changed="There is nothing to change."
            )
        case "rate_limited":
            return _from_outcome(operation, "Too many requests", "warn", "clock", changed=UNCHANGED, again="Try again")
        case _:
            return _from_outcome(
                operation, "It did not work", "bad", "alert-triangle", changed=UNCHANGED, again="Try again"
            )


def _from_outcome(
    operation: Operation, heading: str, tone: str, icon: str, *, changed: str = "", next_step: str = "", again: str = ""
) -> Words:
    outcome = operation.outcome
    # Of the doubt the card tells itself, and of what: the password, or anything else.
    sentence = outcome.get("sentence", "").replace(NOT_KNOWN_YET, "").strip()
    # Most sentences of the catalogue say it themselves.
    if changed == UNCHANGED and "othing was" in sentence:
        changed = ""
    return Words(
        heading, tone, icon, sentence, changed, WHO.get(outcome.get("who", ""), ""),
        outcome.get("next_step") or next_step, outcome.get("script", ""), again, _retry_at(operation),
        again_helps=outcome.get("who") in (None, "", Who.AGENT), problems=tuple(_problems(operation)),
        report=report_word_of(operation),
    )  # fmt: skip


def _problems(operation: Operation) -> Iterator[tuple[str, str]]:
    """Yield label and message; what the card's sentence says already is not said twice."""
    labels = {change["field"]: change["label"] for change in (operation.plan or {}).get("changes", ())}
    told = operation.outcome.get("sentence", "")
    for field, messages in operation.outcome.get("errors", {}).items():
        for message in messages:
            rest = message if field else message.removeprefix(told).strip()
            if rest:
                yield labels.get(field, field), rest


def _retry_at(operation: Operation) -> datetime | None:
    seconds, at = operation.outcome.get("retry_after_s"), operation.outcome.get("at")
    if not seconds:
        return None
    since = datetime.fromisoformat(at) if at else operation.settled_at or operation.created_at
    return since + timedelta(seconds=min(float(seconds), 86_400 * 31))


def _unchanged(operation: Operation) -> str:
    return "Nothing was sent." if operation.sent_at is None else "Nothing was changed."


def _object_of(operation: Operation) -> str:
    return "the password" if "password" in operation.secret_names else "it"
