"""Access tokens by client credentials: one for all processes, got again when it ends.

Source: LINKAR_WS manual, ws_clients. Assumed: RFC 6749, section 4.4, keys in the form; the endpoint is not documented.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from requests import PreparedRequest
from requests.auth import AuthBase

from ..answers import digest_of
from ..http import ApiSession, NoReply, Reply
from ..secrets import Secret
from ..tokens import AccessToken, TokenStore

# A token is got anew so long before its end, so that a write never meets it.
_MARGIN = timedelta(seconds=60)
_SHORTEST = timedelta(seconds=5)
_DEFAULT_LIFE_S = 300
_DEADLINE_S = 15.0
_RENEW_WAIT_S = 20.0

Answer = Reply | NoReply


class BearerAuth(AuthBase):
    """The token of the call that is being written."""

    def __init__(self) -> None:
        self.token: Secret | None = None

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        if self.token is not None:
            held = self.token.reveal()
            request.headers["Authorization"] = f"Bearer {held if isinstance(held, str) else held.decode()}"
        return request


@dataclass(frozen=True, slots=True)
class Client:
    """Who we are, where tokens are handed out, and what the store calls ours."""

    session: ApiSession
    path: str
    name: str
    client_id: str
    client_secret: Secret
    scope: str

    def token(self, store: TokenStore, *, not_this: str = "") -> AccessToken | Answer:
        """Return a token that is still good for a while, or the answer of the endpoint that gave none."""
        kept = store.get(self.name)
        if kept is not None and self._is_ours(kept) and kept.serial != not_this and _is_fresh(kept):
            return kept
        answers: list[Answer] = []
        serial = kept.serial if kept else ""
        found = store.renew(self.name, serial, lambda: self._fetch(answers), wait_s=_RENEW_WAIT_S)
        if found is not None and self._is_ours(found):
            return found
        return _as_refusal(answers[0]) if answers else NoReply("timeout", sent=False)

    def _fetch(self, answers: list[Answer]) -> AccessToken | None:
        form = {"grant_type": "client_credentials", "client_id": self.client_id, "client_secret": self.client_secret}
        if self.scope:
            form["scope"] = self.scope
        asked_at = datetime.now(UTC)
        answer = self.session.request("POST", self.path, template=self.path, form=form, deadline_s=_DEADLINE_S)
        answers.append(answer)
        value = _value_in(answer)
        if not value:
            return None
        return AccessToken(Secret(value), uuid.uuid4().hex, self._made_with(), asked_at + _life_in(answer))

    def _made_with(self) -> str:
        """Return a digest of what a token was got with; not of the secret, which may be short."""
        return digest_of([self.client_id, self.scope, self.path])

    def _is_ours(self, token: AccessToken) -> bool:
        return token.made_with == self._made_with()


def _is_fresh(token: AccessToken) -> bool:
    return token.expires_at - datetime.now(UTC) > _MARGIN


def _value_in(answer: Answer) -> str:
    if not isinstance(answer, Reply) or not 200 <= answer.status < 300 or not isinstance(answer.json, Mapping):
        return ""
    value = answer.json.get("access_token")
    return value if isinstance(value, str) and value.isascii() and value.isprintable() else ""


def _life_in(answer: Answer) -> timedelta:
    raw = answer.json.get("expires_in") if isinstance(answer, Reply) else None
    seconds = raw if isinstance(raw, int) and not isinstance(raw, bool) else _DEFAULT_LIFE_S
    # Never shorter than the margin, or each call would fetch a token of its own.
    return max(timedelta(seconds=min(seconds, 86_400)), _MARGIN + _SHORTEST)


def _as_refusal(answer: Answer) -> Answer:
    """Return the endpoint's refusal as one of Linkar's: whatever its status, our keys were not accepted.

    What is no refusal is silence: nothing was sent to Linkar itself.
    """
    if isinstance(answer, Reply) and 400 <= answer.status < 500 and answer.status != 429:
        code = answer.json.get("error") if isinstance(answer.json, Mapping) else ""
        return replace(answer, status=401, json={"error": code if isinstance(code, str) else ""}, is_json=True)
    if isinstance(answer, NoReply):
        return replace(answer, sent=False)
    return NoReply("bad_answer", sent=False, status=answer.status)
