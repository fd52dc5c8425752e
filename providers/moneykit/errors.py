"""What MoneyKit's refusals mean: by code first, closed by default. The rows stand in `rules/`."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping

from ..cleaning import clean_text
from ..errors import UNEXPECTED, Becomes, ErrorRule, find_rule
from ..failures import failure_of_silence
from ..http import NoReply, Reply
from ..outcomes import Conflict, Denied, Evidence, Failure, FieldErrors, Gone, RateLimited, Refused, Unavailable
from .payloads import ErrorPayload, ValidationErrorPayload, read
from .rules import BY_CALL, RULES
from .rules.local import WRONG_ADDRESS
from .rules.state import BAD_STATE, OTHER

__all__ = ["BY_CALL", "RULES", "error_in", "evidence_of", "failure_of", "outcome_of", "rule_for"]

NO_FIELDS: Mapping[str, str] = {}
_OUR_PAGE = re.compile(r"https://([a-z0-9-]+\.)*moneykit\.(com|mintlify\.app)(/|$)")

logger = logging.getLogger("linkdesk.providers.moneykit")


def failure_of(
    answer: Reply | NoReply,
    *,
    writes: bool,
    known_fields: Mapping[str, str] = NO_FIELDS,
    about_link: bool = True,
) -> Failure:
    """Return the failure behind an answer that is not the one hoped for.

    `known_fields` are the fields of the form that was sent, each with what to do when it is refused: an error about
    another one gets the key "". `about_link` is False for calls that name no object: a bare 404 then means the address.
    """
    if isinstance(answer, NoReply):
        return failure_of_silence(answer, writes=writes)
    error = error_in(answer)
    if 200 <= answer.status < 300:
        # An error inside a success contradicts itself: nobody knows what was done.
        return _unexpected(answer, error, writes=writes)
    if answer.status == 404 and not error.error_code and not about_link:
        return outcome_of(WRONG_ADDRESS, evidence_of(answer), writes=writes)
    rule = rule_for(answer.status, error)
    if rule is None:
        return _unexpected(answer, error, writes=writes)
    if rule.becomes is Becomes.FIELD_ERRORS:
        return FieldErrors(_field_errors(error, rule, known_fields), rule, evidence_of(answer))
    return outcome_of(rule, evidence_of(answer), writes=writes, retry_after_s=answer.retry_after_s)


def error_in(reply: Reply) -> ErrorPayload:
    return read(ErrorPayload, reply.json if reply.is_json else None)


def rule_for(status: int, error: ErrorPayload) -> ErrorRule | None:
    """Return the row of an error; a bad state with a `link_error_code` that nobody knows is still a bad state."""
    found = find_rule(RULES, status, error.code, error.error_message)
    return OTHER if found is None and error.code.startswith(f"{BAD_STATE}/") else found


def evidence_of(reply: Reply) -> Evidence:
    """Return what to quote to MoneyKit's support, and the page about the error if MoneyKit names one of its own."""
    error = error_in(reply)
    code = "/".join(filter(None, (error.error_code, error.link_error_code)))
    return Evidence(
        http_status=reply.status,
        remote_code=code[:100],
        remote_message=error.error_message[:500],
        request_id=reply.request_id[:64],
        documentation_url=documentation_of(error),
    )


def documentation_of(error: ErrorPayload) -> str:
    """Return the address of a page of MoneyKit's own; any other place is not one to send people to."""
    url = error.documentation_url
    return url[:500] if _OUR_PAGE.match(url) and url.isprintable() else ""


def outcome_of(
    rule: ErrorRule, evidence: Evidence, *, writes: bool = False, retry_after_s: float | None = None
) -> Failure:
    """Return the outcome that a row leads to; a write that ends in `Unavailable` may have been applied."""
    wait_s = rule.retry_after_s if retry_after_s is None else retry_after_s
    make: dict[Becomes, Callable[[], Failure]] = {
        Becomes.FIELD_ERRORS: lambda: FieldErrors({"": (rule.sentence,)}, rule, evidence),
        Becomes.REFUSED: lambda: Refused(rule, evidence, retry_after_s=None if wait_s is None else int(wait_s)),
        Becomes.CONFLICT: lambda: Conflict(rule, evidence=evidence),
        Becomes.DENIED: lambda: Denied(rule, evidence),
        Becomes.GONE: lambda: Gone(rule, evidence),
        Becomes.RATE_LIMITED: lambda: RateLimited(rule, evidence, retry_after_s=wait_s),
        Becomes.UNAVAILABLE: lambda: Unavailable(rule, evidence, maybe_applied=writes),
    }
    return make[rule.becomes]()


def _field_errors(
    error: ErrorPayload, rule: ErrorRule, known_fields: Mapping[str, str]
) -> Mapping[str, tuple[str, ...]]:
    """Put each message at the field that its location names: ("body", "link_tags", "0") is the first tag."""
    found: dict[str, tuple[str, ...]] = {}
    for refused in error.validation_errors:
        path = refused.location[1:] if refused.location[:1] in (("body",), ("query",), ("path",)) else refused.location
        key = path[0] if path and path[0] in known_fields else ""
        advice = f" {known_fields[key]}" if key else ""
        found[key] = (*found.get(key, ()), f"{_words(refused, path, key)}{advice}")
    return found or {"": (rule.sentence,)}


def _words(refused: ValidationErrorPayload, path: tuple[str, ...], key: str) -> str:
    rest = path[1:] if key else path
    where = " ".join(f"entry {int(part) + 1}" if part.isdecimal() and len(part) < 7 else part for part in rest)
    message = f"MoneyKit says: {refused.message[:300].rstrip('.') or 'not accepted'}."
    return f"{where[0].upper()}{where[1:200]}. {message}" if where else message


def _unexpected(reply: Reply, error: ErrorPayload, *, writes: bool) -> Unavailable:
    """Log and return an answer that no row knows. A 4xx says that nothing was done; anything else may have been."""
    code = clean_text(error.code, 60)
    logger.warning("moneykit: unexpected answer, status %d, code %r, JSON %s", reply.status, code, reply.is_json)
    refused = 400 <= reply.status < 500
    return Unavailable(UNEXPECTED, evidence_of(reply), maybe_applied=writes and not refused)
