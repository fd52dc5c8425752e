"""What Flxpoint's refusals mean: by status, told apart by their message where there is one; closed by default."""

from __future__ import annotations

import html
import logging
import re
from collections.abc import Callable, Iterable, Mapping

from ..errors import UNEXPECTED, Becomes, ErrorRule, find_rule
from ..failures import failure_of_silence
from ..http import NoReply, Reply
from ..outcomes import Conflict, Denied, Evidence, Failure, FieldErrors, Gone, RateLimited, Refused, Unavailable
from .payloads import clean_text
from .rules import NOT_THE_API, RULES, WRONG_ADDRESS

logger = logging.getLogger("linkdesk.providers.flxpoint")

MAX_MESSAGE = 500
_TAG = re.compile(r"<(script|style)\b.*?</\1\s*>|<[^>]*>", re.IGNORECASE | re.DOTALL)
ON_A_LIST: Mapping[str, ErrorRule] = {"flxpoint.not_found": WRONG_ADDRESS}


def failure_of(
    answer: Reply | NoReply,
    *,
    writes: bool,
    names: Mapping[str, str] | None = None,
    meanings: Mapping[str, ErrorRule] | None = None,
) -> Failure:
    """Return the failure behind an answer that is not the one hoped for.

    `names` are the fields that were sent, with their labels: a refusal that names one is shown there. `meanings` names
    rows that mean something else for this call, by the code of the row they replace.
    """
    if isinstance(answer, NoReply):
        return failure_of_silence(answer, writes=writes)
    message = message_in(answer)
    evidence = Evidence(http_status=answer.status, remote_message=message)
    if 200 <= answer.status < 300:
        if not writes and not answer.is_json:
            return Denied(NOT_THE_API, evidence)
        return _unexpected(answer, evidence, writes=writes)
    rule = find_rule(RULES, answer.status, "", message)
    if rule is None:
        return _unexpected(answer, evidence, writes=writes)
    rule = (meanings or {}).get(rule.code, rule)
    if rule.becomes == Becomes.FIELD_ERRORS:
        return _field_errors(rule, evidence, names or {})
    return outcome_of(rule, evidence, writes=writes, retry_after_s=answer.retry_after_s)


def outcome_of(
    rule: ErrorRule, evidence: Evidence, *, writes: bool = False, retry_after_s: float | None = None
) -> Failure:
    """Return the outcome that a row leads to. A write that met a 5xx may have been applied."""
    make: dict[Becomes, Callable[[], Failure]] = {
        Becomes.FIELD_ERRORS: lambda: FieldErrors({"": (rule.sentence,)}, rule, evidence),
        Becomes.REFUSED: lambda: Refused(rule, evidence),
        Becomes.CONFLICT: lambda: Conflict(rule, evidence=evidence),
        Becomes.DENIED: lambda: Denied(rule, evidence),
        Becomes.GONE: lambda: Gone(rule, evidence),
        Becomes.RATE_LIMITED: lambda: RateLimited(
            rule, evidence, retry_after_s=rule.retry_after_s if retry_after_s is None else retry_after_s
        ),
        Becomes.UNAVAILABLE: lambda: Unavailable(rule, evidence, maybe_applied=writes),
    }
    return make[rule.becomes]()


def message_in(reply: Reply) -> str:
    """Return the words of an answer: JSON of any of the known shapes, plain text, or HTML without its tags.

    Source: the contract, section 7; `error` may be text or an object, `errors` a list or a map.
    """
    if not reply.is_json:
        return _plain(reply.text)
    raw = reply.json
    return _plain("; ".join(dict.fromkeys(_words(raw))) if isinstance(raw, dict | list | str) else "")


def _words(raw: object, depth: int = 4) -> Iterable[str]:
    if isinstance(raw, str):
        yield raw
    elif isinstance(raw, list) and depth:
        for item in raw[:20]:
            yield from _words(item, depth - 1)
    elif isinstance(raw, dict) and depth:
        named = [raw[key] for key in ("error", "message", "errors", "detail") if raw.get(key)]
        yield from (word for item in named or () for word in _words(item, depth - 1))
        if not named and depth < 4:
            # A map of messages by the name of what they are about.
            for key, item in list(raw.items())[:20]:
                yield from (f"{key}: {word}" for word in _words(item, depth - 1))


def _plain(text: str) -> str:
    return clean_text(" ".join(html.unescape(_TAG.sub(" ", text[:20_000])).split()), MAX_MESSAGE)


def _field_errors(rule: ErrorRule, evidence: Evidence, names: Mapping[str, str]) -> FieldErrors:
    sentence = f"{rule.sentence} Flxpoint says: {evidence.remote_message}" if evidence.remote_message else rule.sentence
    found = _named_in(evidence.remote_message, names)
    return FieldErrors(dict.fromkeys(found or ("",), (sentence,)), rule, evidence)


def _named_in(message: str, names: Mapping[str, str]) -> tuple[str, ...]:
    """Return the fields that a message names by handle, else by label; the longest one where one holds another."""
    for texts in ({field: field for field in names}, dict(names)):
        found = [field for field, text in texts.items() if text and _stands_in(text, message)]
        if found:
            longest = [f for f in found if not any(f != o and texts[f].lower() in texts[o].lower() for o in found)]
            return tuple(longest or found)
    return ()


def _stands_in(text: str, message: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(text)}(?![\w-])", message, re.IGNORECASE) is not None


def _unexpected(reply: Reply, evidence: Evidence, *, writes: bool) -> Unavailable:
    """Log and return an answer that no row knows. A 4xx says that nothing was done; anything else may have been."""
    logger.warning("flxpoint: unexpected answer, status %d, JSON %s", reply.status, reply.is_json)
    refused = 400 <= reply.status < 500
    return Unavailable(UNEXPECTED, evidence, maybe_applied=writes and not refused)
