"""Why nothing was sent, in words, with the status that goes with it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import structlog
from django.db import DatabaseError, InterfaceError

from dashboard.models import Operation
from dashboard.services.approval_policy import WHY
from dashboard.services.audit import AuditClosed, AuditUnavailable

log = structlog.get_logger(__name__)

# What is raised before anything was sent: the intent could not be written, or not committed.
NOT_BEGUN = (AuditUnavailable, DatabaseError, InterfaceError)


@dataclass(frozen=True, slots=True)
class Notice:
    """`operation_id` is the operation to look at instead, if there is one."""

    status: int
    tone: str
    heading: str
    sentence: str
    operation_id: str = ""
    # Opens in a new tab, so that what was typed stays.
    link: str = ""
    link_text: str = ""


PLAN_CHANGED = Notice(
    409,
    "warn",
    "The plan is not the one you saw",
    "Nothing was sent. What would be sent now stands below: look at it and apply it again.",
)
BUSY = Notice(
    503,
    "warn",
    "Linkdesk is busy",
    "It carries as many operations as it may. Nothing was sent; try again in a moment.",
)
NOTHING = Notice(422, "info", "There is nothing to send", "Nothing was changed in the form, so nothing was sent.")
AUDIT_UNAVAILABLE = Notice(
    503,
    "bad",
    "The audit log cannot be written",
    "Linkdesk does nothing that it cannot put on record. Nothing was sent. Tell an administrator now.",
)
WRITES_REFUSED = Notice(
    503,
    "bad",
    "The audit log cannot be proved now",
    "Until that is put right, Linkdesk sends and changes nothing. Nothing was sent. Tell an administrator now.",
)
DATABASE_UNAVAILABLE = Notice(
    503,
    "bad",
    "The database takes no changes now",
    "Linkdesk does nothing that it cannot put on record. Nothing was sent. Try again in a minute.",
)


NOT_NEEDED = Notice(
    409,
    "info",
    "This needs no second person any more",
    "Nobody was asked and nothing was sent. What would be sent stands below: look at it and apply it.",
)


def needs_approval_notice(key: str) -> Notice:
    return Notice(
        409,
        "warn",
        "This needs a second person",
        f"{WHY.get(key, '')} Nothing was sent. Say why below and ask for approval.".strip(),
    )


def asked_already_notice(by: str, other: Operation) -> Notice:
    return Notice(
        409,
        "warn",
        f"{by or 'Somebody else'} has asked for the same",
        "That request still waits for a second person. Yours was not asked, and nothing was sent.",
        str(other.pk),
    )


def not_approved_notice(why: str) -> Notice:
    return Notice(409, "warn", "Nothing was sent", why or "Nobody has approved this.")


def not_fresh_notice(question: str) -> Notice:
    return Notice(
        403,
        "warn",
        "Please confirm that it is you",
        "Nothing was sent. Confirm in a new tab, come back and press the button again: what you typed is still here.",
        link=question,
        link_text="Confirm in a new tab",
    )


def not_begun_notice(trouble: Exception) -> Notice:
    """Say why nothing was begun, and leave a line for whoever looks after the database."""
    if isinstance(trouble, AuditClosed):
        log.error("writes_refused", code=trouble.closed.code, cause=trouble.closed.sentence)
        return replace(WRITES_REFUSED, sentence=f"{trouble.closed.sentence} {WRITES_REFUSED.sentence}")
    if isinstance(trouble, AuditUnavailable):
        log.error("audit_unavailable", exc_info=trouble)
        return AUDIT_UNAVAILABLE
    log.error("database_unavailable", exc_info=trouble)
    return DATABASE_UNAVAILABLE


def held_notice(by: str, holder: Operation) -> Notice:
    return Notice(
        409,
        "warn",
        f"{by or 'Somebody else'} is working on this now",
        "Only one change at a time is sent. Nothing of yours was sent, and what you typed is still here.",
        str(holder.pk),
    )


def closed_notice(why: str) -> Notice:
    return Notice(410, "warn", "The code was not sent", why)
