"""The one transport to remotes: a wall-clock deadline, a byte cap, no redirects, no environment proxies.

Only reads are tried again. How one attempt is made: `wire.py` and `streams.py` (sockets), `attempts.py` (its end as a
value); how a call is written and what may be told of it: `calls.py`, `redaction.py`.
"""

from __future__ import annotations

import json as json_module
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from requests.auth import AuthBase
from requests.structures import CaseInsensitiveDict

from .attempts import Answer, make_attempt, wait_before_retry_s
from .body import capped, says_json, text_of
from .calls import Call, CannotWrite, Signature
from .fingerprints import Fingerprint, own_fingerprint
from .gatekeeper import Gatekeeper
from .json_safe import DuplicateKey, UnsoundJson, parse_json
from .limiter import Limiter, Rate
from .media import Media, UnsoundBody
from .quiet_logs import silence_urls
from .redaction import Redactor, masked, masked_text
from .replies import Exchange, NoReply, Reply
from .retry_after import parse_retry_after
from .secrets import Secret
from .tokens import MemoryTokenStore, TokenStore
from .wire import Attempt, Wire

__all__ = ["BASE_URL_FORM", "ApiSession", "Exchange", "NoReply", "Reply", "is_base_url"]

BASE_URL_FORM = "http(s)://host[:port][/path], without user, query or fragment"

logger = logging.getLogger("providers.http")
silence_urls()


class ApiSession:
    """Speak to one remote. Not safe to share between threads.

    `own_secrets` are our keys. `redact_keys` are the keys of bodies whose values are never kept (they stay in
    `Reply.json`). `vocabulary` holds the remote's own words (statuses, codes): a whole string that equals one is never
    taken for the echo of a secret. `ca_file` names an authority to trust instead of the public ones. `tokens` keeps the
    access tokens of a remote that hands them out; a session without a store of its integration keeps them for itself.
    `fingerprint` makes the keyed digests of the secrets that a remote shows.
    `media` are the formats beside JSON that answers are read in; what they hold is then in `Reply.json`, like JSON.
    `tells` returns what of a body may be kept in the call log, where keys alone do not say it: it gets the value of a
    body, secrets masked, or the text of one that could not be read.
    """

    def __init__(
        self,
        base_url: str,
        *,
        auth: AuthBase | None = None,
        headers: Mapping[str, str] | None = None,
        own_secrets: Iterable[Secret] = (),
        redact_keys: frozenset[str] = frozenset(),
        request_id_of: Callable[[Any, Mapping[str, str]], str] = lambda json, headers: "",
        connect_timeout_s: float = 5.0,
        deadline_s: float = 30.0,
        max_body_bytes: int = 2_000_000,
        read_retries: int = 2,
        limiter: Limiter | None = None,
        gate: str = "",
        rate: Rate | None = None,
        on_exchange: Callable[[Exchange], None] | None = None,
        name: str = "",
        vocabulary: Iterable[str] = (),
        ca_file: str = "",
        tokens: TokenStore | None = None,
        fingerprint: Fingerprint | None = None,
        media: Iterable[Media] = (),
        tells: Callable[[Any], Any] = lambda value: value,
    ) -> None:
        self._media = tuple(media)
        self._wire = _open_wire(base_url, ca_file)
        self._signature = Signature(
            base_url=base_url.rstrip("/"),
            auth=auth,
            headers=dict(headers or {}),
            own_secrets=tuple(own_secrets),
            redact_keys=redact_keys,
            vocabulary=frozenset(vocabulary),
            tells=tells,
        )
        self._request_id_of = request_id_of
        self._connect_timeout_s = connect_timeout_s
        self._deadline_s = deadline_s
        self._max_body_bytes = max_body_bytes
        self._read_retries = read_retries
        self._gatekeeper = Gatekeeper(limiter, gate, rate, name)
        self._on_exchange = on_exchange
        self.tokens: TokenStore = tokens or MemoryTokenStore()
        self.fingerprint: Fingerprint = fingerprint or own_fingerprint
        self.name = name

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the kept connections; the session may be used again."""
        self._wire.drop()

    def request(
        self,
        method: str,
        path: str,
        *,
        template: str = "",
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        form: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        deadline_s: float | None = None,
        media: Media | None = None,
    ) -> Reply | NoReply:
        """Make one call with a body of `json`, of a `form` (url-encoded), or none.

        `json` and `form` may hold `Secret` values at any depth: they are revealed here and nowhere else. `media` writes
        `json` in another format; in the call log it is shown as JSON all the same.

        `path` begins with "/" and is percent-encoded, without a query; anything else is a `ValueError`, so that no
        credential can go to another host. What cannot be written is a `bad_answer` of which nothing was sent.
        """
        started = time.monotonic()
        deadline_at = started + (self._deadline_s if deadline_s is None else deadline_s)
        verb = method.upper()
        try:
            call = self._signature.write(
                verb, path, template=template, params=params, body=json, form=form, headers=headers, media=media
            )
        except CannotWrite as error:
            logger.error("request cannot be written: %s", error, extra={"integration": self.name, "verb": verb})
            return NoReply("bad_answer", sent=False)
        answer, attempts = self._ask(call, deadline_at)
        reply = answer if isinstance(answer, NoReply) else self._read(answer, call.redactor)
        self._report(call, reply, attempts, started)
        return reply

    def _ask(self, call: Call, deadline_at: float) -> tuple[Answer | NoReply, int]:
        """Attempt the call: once, or, for a read, until there is an answer worth having; all within one deadline."""
        attempts_allowed = 1 + (self._read_retries if call.method == "GET" else 0)
        attempts = 0
        last: Answer | NoReply | None = None
        while True:
            held_back = self._gatekeeper.wait(deadline_at)
            if held_back is not None:
                return (last or held_back), attempts
            attempt = Attempt(deadline_at, self._connect_timeout_s, self._max_body_bytes)
            last = make_attempt(self._wire, call.prepared, attempt)
            attempts += 1
            self._gatekeeper.heed(last)
            wait_s = wait_before_retry_s(last, attempts)
            if attempts >= attempts_allowed or wait_s is None or wait_s >= deadline_at - time.monotonic():
                return last, attempts
            time.sleep(wait_s)

    def _read(self, answer: Answer, redactor: Redactor) -> Reply | NoReply:
        """Turn bytes into a reply that holds nothing secret."""
        headers = CaseInsensitiveDict(
            {name: redactor.text(value.replace("\0", "\ufffd")) for name, value in answer.headers.items()}
        )
        headers.pop("set-cookie", None)
        content_type = headers.get("content-type", "")
        value, is_json = None, False
        if parse := self._parser_of(content_type):
            try:
                value, is_json = redactor.value(parse(answer.body)), True
            except DuplicateKey:
                return NoReply("bad_answer", sent=True, status=answer.status)
            except (UnsoundJson, UnsoundBody):
                pass
        redact_keys = self._signature.redact_keys
        if is_json:
            text = json_module.dumps(self._signature.tells(masked(value, redact_keys)), ensure_ascii=False)
        else:
            raw = masked_text(redactor.text(text_of(answer.body, content_type)), redact_keys)
            text = str(self._signature.tells(raw))
        return Reply(
            status=answer.status,
            headers=headers,
            content_type=content_type,
            text=capped(text),
            json=value,
            is_json=is_json,
            retry_after_s=parse_retry_after(headers.get("retry-after"), datetime.now(UTC)),
            request_id=redactor.text(self._find_request_id(value, headers)),
        )

    def _parser_of(self, content_type: str) -> Callable[[bytes], Any] | None:
        if says_json(content_type):
            return parse_json
        return next((media.read for media in self._media if media.reads(content_type)), None)

    def _find_request_id(self, value: Any, headers: Mapping[str, str]) -> str:
        try:
            return str(self._request_id_of(value, headers) or "")[:200]
        except Exception:
            logger.exception("request id cannot be read", extra={"integration": self.name})
            return ""

    def _report(self, call: Call, reply: Reply | NoReply, attempts: int, started: float) -> None:
        """Log one line and hand over the redacted pair; trouble in there must not lose the reply."""
        duration_ms = round((time.monotonic() - started) * 1000)
        failure = reply.reason if isinstance(reply, NoReply) else ""
        request_id = "" if isinstance(reply, NoReply) else reply.request_id
        logger.log(
            logging.WARNING if failure else logging.INFO,
            "remote call",
            extra={
                "integration": self.name,
                "verb": call.method,
                "path_template": call.redactor.text(call.template),
                "status": reply.status,
                "duration_ms": duration_ms,
                "request_id": request_id,
                "failure": failure,
            },
        )
        if self._on_exchange is None:
            return
        exchange = Exchange(
            method=call.method,
            path_template=call.redactor.text(call.template),
            path=call.shown_path,
            status=reply.status,
            duration_ms=duration_ms,
            request_id=request_id,
            request_body=call.shown_body,
            response_body="" if isinstance(reply, NoReply) else reply.text,
            failure=failure,
            attempts=attempts,
            request_headers=call.shown_headers,
        )
        try:
            self._on_exchange(exchange)
        except Exception:
            logger.exception("exchange cannot be kept", extra={"integration": self.name})


def is_base_url(url: str) -> bool:
    """Say whether a session can be opened on `url`."""
    try:
        address = urlsplit(url)
        extras = (address.username, address.password, address.query, address.fragment)
        return address.scheme in ("http", "https") and bool(address.hostname) and not any(extras) and address.port != 0
    except ValueError:
        return False


def _open_wire(base_url: str, ca_file: str) -> Wire:
    if not is_base_url(base_url):
        raise ValueError(f"a base URL is {BASE_URL_FORM}")
    address = urlsplit(base_url)
    return Wire(address.scheme, address.hostname or "", address.port, ca_file=ca_file)
