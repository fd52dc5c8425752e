"""Parcel's catalogue, and the one function that turns a refusal into an outcome."""

from __future__ import annotations

from collections.abc import Mapping

from ..attention import Attention, Who
from ..errors import UNEXPECTED, Becomes, ErrorRule, find_rule
from ..failures import failure_of_silence
from ..http import NoReply, Reply
from ..outcomes import Denied, Evidence, Failure, FieldErrors, Gone, Refused, Unavailable

SOURCE = "tests/fifth/parcel/sandbox.py"
BAD_KEY = ErrorRule(
    code="parcel.bad_key",
    becomes=Becomes.DENIED,
    sentence="Parcel does not accept our key. Nothing was changed.",
    next_step="Tell an administrator: PARCEL_KEY must be replaced.",
    who=Who.ADMIN,
    attention=Attention.OUR_KEYS,
    remote_codes=("bad_key",),
    source=SOURCE,
)
NO_LOCKER = ErrorRule(
    code="parcel.no_locker",
    becomes=Becomes.GONE,
    sentence="Parcel has no such locker any more. Nothing was changed.",
    next_step="Ask the customer to rent a new one.",
    who=Who.CUSTOMER,
    remote_codes=("no_locker",),
    script="Your locker is no longer there. Please rent a new one.",
    source=SOURCE,
)
JAMMED = ErrorRule(
    code="parcel.jammed",
    becomes=Becomes.REFUSED,
    sentence="The locker's door is jammed, so it takes no changes. Nothing was changed.",
    next_step="Wait until the courier has mended it.",
    who=Who.INSTITUTION,
    attention=Attention.INSTITUTION_DOWN,
    remote_codes=("jammed",),
    source=SOURCE,
)
WEAK_PIN = ErrorRule(
    code="parcel.weak_pin",
    becomes=Becomes.FIELD_ERRORS,
    sentence="Parcel finds this PIN too easy to guess. Nothing was changed.",
    next_step="Ask the customer for another one.",
    who=Who.CUSTOMER,
    remote_codes=("weak_pin",),
    script="Please choose a PIN that is harder to guess.",
    source=SOURCE,
)
BAD_NAME = ErrorRule(
    code="parcel.bad_name",
    becomes=Becomes.FIELD_ERRORS,
    sentence="Parcel does not take this name. Nothing was changed.",
    next_step="Choose one of at most 20 characters.",
    who=Who.AGENT,
    remote_codes=("bad_name",),
    source=SOURCE,
)
RULES = (BAD_KEY, NO_LOCKER, JAMMED, WEAK_PIN, BAD_NAME)
FIELD_OF: Mapping[str, str] = {"parcel.weak_pin": "pin", "parcel.bad_name": "name"}


def failure_of(answer: Reply | NoReply, *, writes: bool) -> Failure:
    if isinstance(answer, NoReply):
        return failure_of_silence(answer, writes=writes)
    raw = answer.json if isinstance(answer.json, dict) else {}
    code, message = (value if isinstance(value := raw.get(name), str) else "" for name in ("code", "message"))
    evidence = Evidence(http_status=answer.status, remote_code=code[:80], remote_message=message[:500])
    rule = find_rule(RULES, answer.status, code, message) if 400 <= answer.status < 500 else None
    if rule is None:
        return Unavailable(UNEXPECTED, evidence, maybe_applied=writes and not 400 <= answer.status < 500)
    match rule.becomes:
        case Becomes.DENIED:
            return Denied(rule, evidence)
        case Becomes.GONE:
            return Gone(rule, evidence)
        case Becomes.FIELD_ERRORS:
            return FieldErrors({FIELD_OF[rule.code]: (rule.sentence,)}, rule, evidence)
        case _:
            return Refused(rule, evidence)
