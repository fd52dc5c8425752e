"""What an answer that is not the one hoped for means: by its status, and by whether the database says anything."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Mapping

from ..errors import UNEXPECTED, Becomes, ErrorRule, find_rule
from ..failures import failure_of_silence
from ..http import NoReply, Reply
from ..outcomes import Conflict, Denied, Evidence, Failure, FieldErrors, Gone, RateLimited, Refused, Unavailable
from .answers import ErrorEntry, errors_in
from .rules import INPUT_REFUSED, RULES

logger = logging.getLogger("linkdesk.providers.linkar")

# As much of the database's own words as is shown.
MAX_WORDS = 500


def failure_of(answer: Reply | NoReply, *, writes: bool) -> Failure:
    """Return the failure behind an answer. For a write that was refused with 400 see `settling`: it needs a reading."""
    if isinstance(answer, NoReply):
        return failure_of_silence(answer, writes=writes)
    entries = errors_in(answer)
    # An entry of ERRORS is an error, whatever the status says.
    status = 400 if entries and 200 <= answer.status < 300 else answer.status
    rule = find_rule(RULES, status, "", _matchable(answer, entries))
    if rule is None:
        return _unexpected(answer, writes=writes)
    return outcome_of(rule, evidence_of(answer), writes=writes, retry_after_s=answer.retry_after_s)


def evidence_of(answer: Reply | NoReply) -> Evidence:
    """Return what to quote: every entry as it was received, the first one's code."""
    if isinstance(answer, NoReply):
        return Evidence(http_status=answer.status)
    entries = errors_in(answer)
    words = "; ".join(_words(entry) for entry in entries)
    return Evidence(answer.status, entries[0].code[:100] if entries else "", words[:MAX_WORDS])


def outcome_of(
    rule: ErrorRule, evidence: Evidence, *, writes: bool = False, retry_after_s: float | None = None
) -> Failure:
    """Return the outcome that a row leads to. A write that ends in `Unavailable` may have been applied."""
    wait_s = retry_after_s if retry_after_s is not None else rule.retry_after_s
    make: dict[Becomes, Callable[[], Failure]] = {
        Becomes.FIELD_ERRORS: lambda: FieldErrors({"": (rule.sentence,)}, rule, evidence),
        Becomes.REFUSED: lambda: Refused(rule, evidence),
        Becomes.CONFLICT: lambda: Conflict(rule, evidence=evidence),
        Becomes.DENIED: lambda: Denied(rule, evidence),
        Becomes.GONE: lambda: Gone(rule, evidence),
        Becomes.RATE_LIMITED: lambda: RateLimited(rule, evidence, retry_after_s=wait_s),
        Becomes.UNAVAILABLE: lambda: Unavailable(rule, evidence, maybe_applied=writes),
    }
    return make[rule.becomes]()


def field_errors_of(answer: Reply, names: Mapping[str, Iterable[str]]) -> FieldErrors | None:
    """Return the entries at the fields that they name, or None if they name none of the form.

    `names` holds, for each field, the words by which the database may call it: its name or LKFLDn.
    """
    found: dict[str, tuple[str, ...]] = {}
    for entry in errors_in(answer):
        field = next((field for field, words in names.items() if _says(entry.message, words)), "")
        words = f"The database says: {_words(entry)[:MAX_WORDS]}"
        found[field] = (*found.get(field, ()), words)
    return FieldErrors(found, INPUT_REFUSED, evidence_of(answer)) if set(found) - {""} else None


def _says(message: str, words: Iterable[str]) -> bool:
    """Say whether a message names one of `words`, whole: NAME is not in USERNAME, nor in NAME.2."""
    return any(word and re.search(rf"(?<![\w.]){re.escape(word)}(?![\w.]*\w)", message) for word in words)


def _words(entry: ErrorEntry) -> str:
    who = f" ({entry.item_id})" if entry.item_id else ""
    return f"{entry.message}{who}" if entry.message else f"code {entry.code}"


def _matchable(answer: Reply, entries: tuple[ErrorEntry, ...]) -> str:
    """Return what rows look at: that there are entries, never what they say; or what the token endpoint said."""
    if answer.status == 401 and isinstance(answer.json, dict) and "error" in answer.json:
        return "token:"
    return "entry:" if entries else ""


def _unexpected(answer: Reply, *, writes: bool) -> Unavailable:
    """Log and return an answer that no row knows. Only the database's own 400 says that a write was not done."""
    logger.warning("linkar: unexpected answer, status %d, readable %s", answer.status, answer.is_json)
    return Unavailable(UNEXPECTED, evidence_of(answer), maybe_applied=writes)
