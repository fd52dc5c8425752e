"""What Belvo's refusals mean: by code first, by status second, closed by default.

The rows stand in `rules/`. This module reads the envelope (an array of errors, a bare object, or no JSON at all) and
makes the outcome of the row that matches.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping

from ..cleaning import clean_text
from ..errors import UNEXPECTED, Becomes, ErrorRule, find_rule
from ..failures import failure_of_silence
from ..http import NoReply, Reply
from ..outcomes import (
    Conflict,
    Denied,
    Evidence,
    Failure,
    FieldErrors,
    Gone,
    RateLimited,
    Refused,
    Unavailable,
)
from .payloads import ErrorPayload, read
from .rules import BY_CALL, RULES
from .rules.link import LINK_REFRESHED

__all__ = ["BY_CALL", "RULES", "errors_in", "evidence_of", "failure_of", "outcome_of", "rule_for"]

logger = logging.getLogger("linkdesk.providers.belvo")

_QUOTES = str.maketrans({"’": "'", "‘": "'", "`": "'", "“": '"', "”": '"'})
# The field that a refusal names, where it is not the one we sent. Source: OAS 1.223.0, refresh: field `resources`.
_OUR_FIELD: Mapping[str, str] = {"resources": "fetch_resources"}
_MAX_ERRORS = 50


def failure_of(
    answer: Reply | NoReply,
    *,
    writes: bool,
    known_fields: frozenset[str] = frozenset(),
    meanings: Mapping[str, ErrorRule] | None = None,
) -> Failure:
    """Return the failure behind an answer that is not the one hoped for.

    `known_fields` are the fields of the form that was sent: an error about another one gets the key "". `meanings`
    names rows that mean something else for this call, by the code of the row they replace.
    """
    if isinstance(answer, NoReply):
        return failure_of_silence(answer, writes=writes)
    if 200 <= answer.status < 300:
        # An error inside a success contradicts itself: nobody knows what was done.
        return _unexpected(answer, errors_in(answer)[0], writes=writes)
    found = [(error, _meaning(rule_for(answer.status, error), meanings)) for error in errors_in(answer)]
    known = [(error, rule) for error, rule in found if rule]
    others = [(error, rule) for error, rule in known if rule.becomes is not Becomes.FIELD_ERRORS]
    if others:
        error, rule = others[0]
        return outcome_of(rule, evidence_of(answer, error), writes=writes, retry_after_s=_wait_s(rule, error, answer))
    if known:
        return _field_errors(answer, known, known_fields)
    return _unexpected(answer, found[0][0], writes=writes)


def errors_in(reply: Reply) -> tuple[ErrorPayload, ...]:
    """Return the errors of an envelope, at least one: an empty one where the body names none.

    Source: OAS 1.223.0 and the owner's documents (array), the SDK for JavaScript (bare object), the errors page (HTML).
    """
    raw = reply.json if reply.is_json else None
    found = raw[:_MAX_ERRORS] if isinstance(raw, list) else [raw]
    errors = tuple(read(ErrorPayload, item) for item in found if isinstance(item, dict))
    return errors or (ErrorPayload(),)


def rule_for(status: int, error: ErrorPayload) -> ErrorRule | None:
    return find_rule(RULES, status, error.code.strip().lower(), _plain(error.message))


def evidence_of(reply: Reply, error: ErrorPayload | None = None) -> Evidence:
    """Return what to quote to Belvo's support. A block by the edge has no request id."""
    error = error or errors_in(reply)[0]
    return Evidence(
        http_status=reply.status,
        remote_code=error.code[:100],
        remote_message=error.message[:500],
        request_id=error.request_id[:64],
    )


def outcome_of(
    rule: ErrorRule, evidence: Evidence, *, writes: bool = False, retry_after_s: float | None = None
) -> Failure:
    """Return the outcome that a row leads to.

    A write that ends in `Unavailable` is always `maybe_applied`: with a 408 or 5xx Belvo had begun to work on it,
    and may have stored the new password before it broke. Reading back tells; sending again could lock the customer out.
    """
    wait_s = None if retry_after_s is None else int(retry_after_s)
    make: dict[Becomes, Callable[[], Failure]] = {
        Becomes.FIELD_ERRORS: lambda: FieldErrors({"": (rule.sentence,)}, rule, evidence),
        Becomes.REFUSED: lambda: Refused(rule, evidence, retry_after_s=wait_s),
        Becomes.CONFLICT: lambda: Conflict(rule, evidence=evidence),
        Becomes.DENIED: lambda: Denied(rule, evidence),
        Becomes.GONE: lambda: Gone(rule, evidence),
        Becomes.RATE_LIMITED: lambda: RateLimited(rule, evidence, retry_after_s=retry_after_s),
        Becomes.UNAVAILABLE: lambda: Unavailable(rule, evidence, maybe_applied=writes),
    }
    return make[rule.becomes]()


def _meaning(rule: ErrorRule | None, meanings: Mapping[str, ErrorRule] | None) -> ErrorRule | None:
    return meanings.get(rule.code, rule) if rule and meanings else rule


def _field_errors(
    reply: Reply, refused: list[tuple[ErrorPayload, ErrorRule]], known_fields: frozenset[str]
) -> FieldErrors:
    errors: dict[str, tuple[str, ...]] = {}
    for error, rule in refused:
        name = _OUR_FIELD.get(error.field, error.field)
        key = name if name in known_fields else ""
        errors[key] = (*errors.get(key, ()), _words(error, rule, unknown_field=name if not key else ""))
    first_error, first_rule = refused[0]
    return FieldErrors(errors, first_rule, evidence_of(reply, first_error))


def _words(error: ErrorPayload, rule: ErrorRule, *, unknown_field: str) -> str:
    """Return our sentence, with the field if the form has none of that name, and Belvo's words where they add some."""
    sentence = f"{unknown_field}: {rule.sentence}" if unknown_field else rule.sentence
    adds = rule.code in {"belvo.invalid", "belvo.invalid_choice", "belvo.validation_error"}
    return f"{sentence} Belvo says: {error.message[:300]}" if adds and error.message else sentence


def _wait_s(rule: ErrorRule, error: ErrorPayload, reply: Reply) -> float | None:
    """Return for how long to wait: the remote's own word first, then the minutes in its message, then the row's."""
    if reply.retry_after_s is not None:
        return reply.retry_after_s
    if rule is LINK_REFRESHED and (minutes := re.search(r"\b(\d{1,2})\s*min", error.message)):
        return int(minutes[1]) * 60
    return rule.retry_after_s


def _plain(message: str) -> str:
    """Return a message as rows compare it: plain quotes, single spaces, no final dot."""
    return " ".join(message.translate(_QUOTES).split()).rstrip(". ")


def _unexpected(reply: Reply, error: ErrorPayload, *, writes: bool) -> Unavailable:
    """Log and return an answer that no row knows. A 4xx says that nothing was done; anything else may have been."""
    code = clean_text(error.code, 60)
    logger.warning("belvo: unexpected answer, status %d, code %r, JSON %s", reply.status, code, reply.is_json)
    refused = 400 <= reply.status < 500
    return Unavailable(UNEXPECTED, evidence_of(reply, error), maybe_applied=writes and not refused)
