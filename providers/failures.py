"""What it means when no complete answer came: the same for every provider."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import BROKEN_OFF, LOCALLY_LIMITED, NO_ANSWER, UNREACHABLE, UNTRUSTED, UNUSABLE, ErrorRule
from .outcomes import Evidence, Failure, RateLimited, Unavailable

if TYPE_CHECKING:
    from .http import NoReply

_RULE_OF_REASON: dict[str, ErrorRule] = {
    "timeout": NO_ANSWER,
    "unreachable": UNREACHABLE,
    "tls": UNTRUSTED,
    "cut": BROKEN_OFF,
    "too_large": UNUSABLE,
    "redirect": UNUSABLE,
    "bad_answer": UNUSABLE,
}


def failure_of_silence(silence: NoReply, *, writes: bool) -> Failure:
    """Return the failure behind a missing answer. A write that may have reached the remote is `maybe_applied`."""
    if silence.reason == "limited":
        return RateLimited(LOCALLY_LIMITED, retry_after_s=silence.wait_s)
    rule = _RULE_OF_REASON.get(silence.reason, UNUSABLE)
    if silence.reason == "timeout" and not silence.sent:
        rule = UNREACHABLE
    if silence.reason == "cut" and not silence.sent:
        rule = UNREACHABLE
    return Unavailable(rule, Evidence(http_status=silence.status), maybe_applied=writes and silence.sent)
