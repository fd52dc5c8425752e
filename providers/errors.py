"""The error catalogue: closed tables, one per provider, matched by code first and status second."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from .attention import Attention, Who


class Becomes(StrEnum):
    """Which member of `Outcome` a rule leads to."""

    FIELD_ERRORS = "field_errors"
    REFUSED = "refused"
    CONFLICT = "conflict"
    DENIED = "denied"
    GONE = "gone"
    RATE_LIMITED = "rate_limited"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class ErrorRule:
    """One row: what a remote may answer, and what that means for people.

    `code` is ours and stable: it is stored, filtered on and linked to. An empty `statuses` matches any status; an empty
    `remote_codes` matches an answer without a code only if `statuses` is given. `message` is searched whatever its
    case. `sentence` says what happened and whether anything changed; `next_step` says what to do, in the imperative.
    `quotes`: the sentence points at the remote's own words, so they are shown with it.
    """

    code: str
    becomes: Becomes
    sentence: str
    next_step: str
    who: Who
    source: str
    statuses: tuple[int, ...] = ()
    remote_codes: tuple[str, ...] = ()
    message: str = ""
    attention: Attention | None = None
    retry_after_s: int | None = None
    script: str = ""
    quotes: bool = False

    def matches(self, status: int, remote_code: str, message: str) -> bool:
        if self.statuses and status not in self.statuses:
            return False
        if self.remote_codes:
            if remote_code not in self.remote_codes:
                return False
        elif (remote_code and not self.message) or (not self.statuses and not self.message):
            return False
        return not self.message or re.search(self.message, message, re.IGNORECASE) is not None


def find_rule(rules: Iterable[ErrorRule], status: int, remote_code: str, message: str) -> ErrorRule | None:
    """Return the first matching row; rows with a `message` stand before the row of the bare code."""
    return next((rule for rule in rules if rule.matches(status, remote_code, message)), None)


UNEXPECTED = ErrorRule(
    code="unexpected_response",
    becomes=Becomes.UNAVAILABLE,
    sentence="The provider gave an answer that Linkdesk does not know.",
    next_step="Check the account now. If it happens again, give the code and request id below to an administrator.",
    who=Who.PROVIDER,
    attention=None,
    source="Linkdesk: nothing in the catalogue matched.",
)
NO_ANSWER = ErrorRule(
    code="no_answer",
    becomes=Becomes.UNAVAILABLE,
    sentence="The provider did not answer in time.",
    next_step="Wait a minute, then check the account.",
    who=Who.PROVIDER,
    source="Linkdesk: the transport's own deadline.",
)
UNREACHABLE = ErrorRule(
    code="unreachable",
    becomes=Becomes.UNAVAILABLE,
    sentence="The provider could not be reached. Nothing was sent.",
    next_step="Try again in a minute. If it lasts, tell an administrator.",
    who=Who.PROVIDER,
    source="Linkdesk: no connection was made.",
)
LOCALLY_LIMITED = ErrorRule(
    code="rate_limited_here",
    becomes=Becomes.RATE_LIMITED,
    sentence="Linkdesk holds back requests to stay within the provider's limit. Nothing was sent.",
    next_step="Try again at the time shown.",
    who=Who.AGENT,
    source="Linkdesk: the shared rate gate.",
)
BROKEN_OFF = ErrorRule(
    code="broken_off",
    becomes=Becomes.UNAVAILABLE,
    sentence="The connection to the provider broke off before its answer was complete.",
    next_step="Wait a minute, then check the account.",
    who=Who.PROVIDER,
    source="Linkdesk: the connection was closed or reset.",
)
UNTRUSTED = ErrorRule(
    code="untrusted_server",
    becomes=Becomes.UNAVAILABLE,
    sentence="The server that answered could not prove that it is the provider. Nothing was sent.",
    next_step="Tell an administrator; do not try again before they have looked.",
    who=Who.ADMIN,
    source="Linkdesk: the TLS certificate was not accepted.",
)
UNUSABLE = ErrorRule(
    code="unusable_answer",
    becomes=Becomes.UNAVAILABLE,
    sentence="The provider's answer could not be used: too large, sent elsewhere, or not sound HTTP.",
    next_step="Check the account now. If it happens again, tell an administrator.",
    who=Who.PROVIDER,
    source="Linkdesk: the transport's limits.",
)
MET_BEFORE_SENDING = ErrorRule(
    code="met_before_sending",
    becomes=Becomes.CONFLICT,
    sentence="This was changed since the form was opened, and you have changed the same. Nothing was sent.",
    next_step="Compare the two changes and choose which stands.",
    who=Who.AGENT,
    attention=Attention.CONFLICT,
    source="Linkdesk: the mirror moved under a draft, and both sides changed one entry.",
)
BUILT_IN = (UNEXPECTED, NO_ANSWER, UNREACHABLE, LOCALLY_LIMITED, BROKEN_OFF, UNTRUSTED, UNUSABLE, MET_BEFORE_SENDING)
