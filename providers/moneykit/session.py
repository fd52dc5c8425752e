"""A session with MoneyKit: it gets the access token, shares it, renews it once, and repeats the call that met its end.

The repeat is the one exception to "no write is sent twice": MoneyKit says with `expired_access_token` that it refused
before it did anything. Source: the owner's document, 401; contract, flow F8.
"""

from __future__ import annotations

import hashlib
import logging
import time
import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from requests import PreparedRequest
from requests.auth import AuthBase

from ..cleaning import clean_text
from ..http import ApiSession, NoReply, Reply
from ..secrets import Secret
from ..tokens import AccessToken
from .errors import error_in
from .rules import RULES
from .rules.access import TOKEN_EXPIRED, UNAUTHORIZED

Answer = Reply | NoReply

TOKEN_PATH = "/auth/token"  # noqa: S105 - a path
# Opened by the client id alone.
SIGNING_KEYS_PATH = "/.well-known/jwks.json"
# Source: MoneyKit's examples; a token is valid for an hour.
TOKEN_LASTS_S = 3600
MAX_TOKEN_LASTS_S = 86_400
# A token that is about to end is not used: it would end on the way.
SPARE_S = 60.0

logger = logging.getLogger("linkdesk.providers.moneykit")


@dataclass(frozen=True, slots=True)
class Keys:
    """Our pair, and how it is shown: as a token got for it, or itself in two headers with each call."""

    client_id: str
    client_secret: Secret
    by_token: bool

    def digest(self, base_url: str) -> str:
        """Return what a token is remembered under: other keys, or another address, never get it."""
        held = self.client_secret.reveal()
        secret = held if isinstance(held, bytes) else held.encode("utf-8", "surrogatepass")
        return hashlib.sha256(b"\0".join((base_url.encode(), self.client_id.encode(), secret))).hexdigest()


class MoneyKitAuth(AuthBase):
    """Signs with the token at hand, or with the pair; reveals either only while a request is being written."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self.token: Secret | None = None

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        if not self._keys.by_token:
            request.headers["X-Client-Id"] = self._keys.client_id
            request.headers["X-Client-Secret"] = _text(self._keys.client_secret)
        elif self.token is not None:
            request.headers["Authorization"] = f"Bearer {_text(self.token)}"
        return request


class MoneyKitSession(ApiSession):
    """A session that signs itself. `gate`, the integration's name, is also the name of its token."""

    def __init__(self, base_url: str, *, keys: Keys, gate: str, deadline_s: float, **rest: Any) -> None:
        self._keys = keys
        self._auth = MoneyKitAuth(keys)
        self._token_name = gate
        self._made_with = keys.digest(base_url)
        self._patience_s = deadline_s
        self._fetched = ""
        super().__init__(base_url, auth=self._auth, gate=gate, deadline_s=deadline_s, **rest)

    def request(self, method: str, path: str, *, deadline_s: float | None = None, **options: Any) -> Answer:
        """Make one call within one deadline, whatever has to be done about the token first."""
        left_s = _Countdown(self._patience_s if deadline_s is None else deadline_s)
        if not self._keys.by_token or path == SIGNING_KEYS_PATH:
            return super().request(method, path, deadline_s=left_s(), **options)
        token = self._token(left_s, refused="")
        if not isinstance(token, AccessToken):
            return token
        answer = self._signed(token, method, path, left_s, options)
        code = _code_of(answer)
        if code in TOKEN_EXPIRED.remote_codes:
            token = self._token(left_s, refused=token.serial)
            if not isinstance(token, AccessToken):
                return token
            answer = self._signed(token, method, path, left_s, options)
        elif code in UNAUTHORIZED.remote_codes:
            # It may be our keys, or a token that MoneyKit no longer knows: nobody shall stumble over it again.
            self._forget(token)
            if method.upper() == "GET" and token.serial != self._fetched:
                # A read may be repeated, once, with a token of this moment. A write may not: its end is not expiry.
                token = self._token(left_s, refused=token.serial)
                if not isinstance(token, AccessToken):
                    return token
                answer = self._signed(token, method, path, left_s, options)
        return answer

    def _signed(
        self, token: AccessToken, method: str, path: str, left_s: _Countdown, options: dict[str, Any]
    ) -> Answer:
        self._auth.token = token.value
        try:
            return super().request(method, path, deadline_s=left_s(), **options)
        finally:
            self._auth.token = None

    def _token(self, left_s: _Countdown, *, refused: str) -> AccessToken | Answer:
        """Return a token to use, or the answer that stands for its absence: with it, nothing else was sent."""
        failures: list[Answer] = []
        try:
            kept = self.tokens.get(self._token_name)
            is_good = kept is not None and kept.made_with == self._made_with and kept.expires_at > datetime.now(UTC)
            if kept is not None and is_good and kept.serial != refused:
                return kept
            found = self.tokens.renew(
                self._token_name,
                kept.serial if kept is not None else refused,
                lambda: self._fetch(left_s, failures),
                wait_s=left_s(),
            )
        except Exception:
            logger.exception("the store of access tokens cannot be used", extra={"integration": self.name})
            return NoReply("limited", sent=False)
        return found or _not_sent(failures[-1] if failures else NoReply("timeout", sent=False))

    def _fetch(self, left_s: _Countdown, failures: list[Answer]) -> AccessToken | None:
        """Source: SDK, POST /auth/token: form-encoded, 201. Assumed: any 2xx with a token is as good."""
        asked_at = datetime.now(UTC)
        form = {
            "grant_type": "client_credentials",
            "client_id": self._keys.client_id,
            "client_secret": self._keys.client_secret,
        }
        answer = super().request("POST", TOKEN_PATH, template=TOKEN_PATH, form=form, deadline_s=left_s())
        raw = answer.json if isinstance(answer, Reply) and 200 <= answer.status < 300 else None
        value = raw.get("access_token") if isinstance(raw, dict) else None
        if not isinstance(value, str) or not value.isprintable() or not 0 < len(value) <= 8192:
            failures.append(answer)
            return None
        lasts_s = _lifetime_s(raw.get("expires_in") if isinstance(raw, dict) else None)
        expires_at = asked_at + timedelta(seconds=lasts_s - min(SPARE_S, lasts_s / 10))
        self._fetched = uuid.uuid4().hex
        return AccessToken(Secret(value), self._fetched, self._made_with, expires_at)

    def _forget(self, token: AccessToken) -> None:
        try:
            self.tokens.forget(self._token_name, token.serial)
        except Exception:
            logger.exception("the store of access tokens cannot be used", extra={"integration": self.name})


class _Countdown:
    """What is left of one deadline, for calls that share it."""

    def __init__(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds

    def __call__(self) -> float:
        return max(0.001, self._until - time.monotonic())


def _not_sent(answer: Answer) -> Answer:
    """Return what a failed request for a token means for the call that needed it: nothing of that call was sent."""
    if isinstance(answer, NoReply):
        return replace(answer, sent=False)
    known = 400 <= answer.status < 500 and any(error_in(answer).code in rule.remote_codes for rule in RULES)
    return answer if known or answer.status == 429 else NoReply("bad_answer", sent=False, status=answer.status)


def _code_of(answer: Answer) -> str:
    return error_in(answer).code if isinstance(answer, Reply) and answer.status >= 400 else ""


def _lifetime_s(told: object) -> float:
    """Return `expires_in` if it can be believed. Assumed: an hour if it cannot; MoneyKit says when it is over."""
    number = clean_text(told, 12)
    seconds = int(number) if number.isascii() and number.isdigit() else TOKEN_LASTS_S
    return float(min(seconds, MAX_TOKEN_LASTS_S)) or TOKEN_LASTS_S


def _text(secret: Secret) -> str:
    value = secret.reveal()
    return value if isinstance(value, str) else value.decode("utf-8", "surrogateescape")
