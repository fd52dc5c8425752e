"""One attempt as a value: whatever a remote does ends here, as an answer or as the reason why there is none."""

from __future__ import annotations

import http.client
import logging
import random
import ssl
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import requests
import urllib3

from .body import BadEncoding, BodyTooLarge, CutEncoding, read_body
from .replies import NoReply
from .retry_after import parse_retry_after
from .wire import Attempt, BadFraming, TooMuch, Wire

_MAX_RETRY_WAIT_S = 5.0
_WORTH_A_RETRY = frozenset({502, 503, 504})

logger = logging.getLogger("providers.http")


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer, not filtered yet."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def make_attempt(wire: Wire, prepared: requests.PreparedRequest, attempt: Attempt) -> Answer | NoReply:
    """Make one attempt; a connection that gave no whole answer is not used again."""
    answer = _answer_of(wire, prepared, attempt)
    if isinstance(answer, NoReply):
        wire.drop()
    return answer


def _answer_of(wire: Wire, prepared: requests.PreparedRequest, attempt: Attempt) -> Answer | NoReply:
    status: int | None = None
    head = None
    try:
        head = wire.attempt(prepared, attempt)
        status = head.status
        refusal = _refusal_of(status, head.headers, attempt.max_body_bytes)
        if refusal:
            return NoReply(refusal, sent=True, status=status)
        encoding = header_of(head.headers, "content-encoding") or ""
        body = read_body(head.body(), encoding=encoding, max_bytes=attempt.max_body_bytes)
        head.close()
        if attempt.has_excess:
            return NoReply("cut", sent=True, status=status)
        wire.keep()
        return Answer(status, head.headers, body)
    except (BodyTooLarge, TooMuch):
        reason = attempt.failure or "too_large"
    except (BadEncoding, BadFraming):
        reason = "bad_answer"
    except CutEncoding:
        reason = "cut"
    except (requests.RequestException, urllib3.exceptions.HTTPError, http.client.HTTPException, OSError) as error:
        reason = attempt.failure or _reason_of(error, attempt)
    except Exception as error:
        # Ours, not the remote's. No message: it could hold a value that was on its way.
        where = "".join(traceback.format_tb(error.__traceback__))
        logger.error("transport broke: %s\n%s", type(error).__name__, where)
        reason = "bad_answer"
    finally:
        if head is not None:
            head.close()
    return NoReply(reason, sent=attempt.has_written, status=status)


def _refusal_of(status: int, headers: Mapping[str, str], max_body_bytes: int) -> str:
    """Say why an answer is not taken, from its head alone; "" if it is."""
    if 300 <= status < 400:
        return "redirect"
    if status > 599:
        return "bad_answer"
    length = (header_of(headers, "content-length") or "0").strip()
    if not (length.isascii() and length.isdigit()):
        return "bad_answer"
    return "too_large" if len(length) > 15 or int(length) > max_body_bytes else ""


def _reason_of(error: Exception, attempt: Attempt) -> str:
    if attempt.has_written:
        return "bad_answer" if isinstance(error, requests.exceptions.InvalidHeader) else "cut"
    if not attempt.is_connected:
        return "unreachable"
    if isinstance(error, (requests.exceptions.SSLError, ssl.SSLError)):
        return "tls"
    return "timeout" if time.monotonic() >= attempt.deadline_at else "tls"


def wait_before_retry_s(answer: Answer | NoReply, attempts: int) -> float | None:
    """Return how long to wait before a read is tried again, or None if that would be of no use."""
    backoff_s: float = 0.2 * 2 ** (attempts - 1) * random.uniform(0.75, 1.25)  # noqa: S311 - not for secrecy
    if isinstance(answer, NoReply):
        return backoff_s if answer.reason in ("unreachable", "cut") else None
    if answer.status not in _WORTH_A_RETRY:
        return None
    asked_s = parse_retry_after(header_of(answer.headers, "retry-after"), datetime.now(UTC))
    if asked_s is None:
        return backoff_s
    return max(asked_s, backoff_s) if asked_s <= _MAX_RETRY_WAIT_S else None


def header_of(headers: Mapping[str, str], name: str) -> str | None:
    return next((value for key, value in headers.items() if key.lower() == name), None)
