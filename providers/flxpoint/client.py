"""Flxpoint's endpoints, one function each, and the session that keeps to its rate limit."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Mapping
from typing import Any

from requests import PreparedRequest
from requests.auth import AuthBase

from ..http import ApiSession, NoReply, Reply
from ..limiter import Limiter
from ..secrets import Secret
from .pool import PUBLISHED_PER_S, pause_s, rate_of
from .spacing import SpacedLimiter

Answer = Reply | NoReply

logger = logging.getLogger("linkdesk.providers.flxpoint")

READ_DEADLINE_S = 30.0
WRITE_DEADLINE_S = 60.0
MAX_BODY_BYTES = 32_000_000
# Source: the contract, section 2. A write is never repeated: no page says that a 429 comes before processing.
TRIES = {"GET": 5}
MAX_WAIT_S = 10.0

# The list answer holds every config's value in clear, so none of them gets into a call log.
REDACT_KEYS = frozenset({"value", "defaultValue"})
VOCABULARY = frozenset(
    (
        *("id", "connectionType", "connectionTypeId", "connectionTypeName", "requiresConnectionToTest", "name"),
        *("configs", "handle", "required", "editable", "dataType", "defaultValue", "options", "value", "label"),
        *("advanced", "hidden", "description", "sortOrder", "error", "message", "errors", "success"),
        *("string", "text", "integer", "decimal", "boolean", "date", "select", "multi_select", "password", "oauth2"),
        *("Unauthorized", "Connection Not Found", "Too Many Requests"),
    )
)


class TokenAuth(AuthBase):
    """`X-API-TOKEN`, revealed only while a request is being written. Source: DOC getting-started/authentication."""

    def __init__(self, token: Secret) -> None:
        self._token = token

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        request.headers["X-API-TOKEN"] = as_text(self._token)
        return request


class FlxpointSession(ApiSession):
    """A session at the gate of its token: it slows everybody down when the pool fills; reads wait out a 429."""

    def __init__(
        self, base_url: str, *, requests_per_s: float, gate: str, limiter: Limiter | None = None, **rest: Any
    ) -> None:
        self._rate = rate_of(requests_per_s)
        self._limiter = SpacedLimiter(limiter) if limiter is not None else None
        self._gate = gate
        super().__init__(base_url, limiter=self._limiter, gate=gate, rate=self._rate, **rest)

    def request(self, method: str, path: str, *, deadline_s: float | None = None, **options: Any) -> Answer:
        deadline_at = time.monotonic() + (self._deadline_s if deadline_s is None else deadline_s)
        tries_left = TRIES.get(method.upper(), 1)
        while True:
            left_s = max(0.01, deadline_at - time.monotonic())
            answer = super().request(method, path, deadline_s=left_s, **options)
            tries_left -= 1
            wait_s = pause_s(answer)
            self._tell_gate(answer, wait_s)
            is_refused = isinstance(answer, Reply) and answer.status == 429
            if not is_refused or not tries_left or wait_s is None:
                return answer
            if wait_s > MAX_WAIT_S or wait_s >= deadline_at - time.monotonic():
                return answer
            if not self._limiter:
                # With a limiter the next request waits at the gate, like everybody else's.
                time.sleep(wait_s)

    def _tell_gate(self, answer: Answer, wait_s: float | None) -> None:
        """Say that a request has arrived, and for how long to wait; a gate that cannot be told loses no answer."""
        if self._limiter is None or not isinstance(answer, Reply):
            return
        try:
            self._limiter.note_arrival(self._gate, self._rate)
            if wait_s:
                self._limiter.pause(self._gate, wait_s, self._rate)
        except Exception:
            logger.exception("flxpoint: the rate gate cannot be told", extra={"integration": self.name})


def open_session(config: Mapping[str, str | Secret], **transport: Any) -> ApiSession:
    """Build the session for one integration. The gate belongs to the token, so two integrations may share one.

    Source: DOC getting-started/authentication: the bucket is the token's, not the account's.
    """
    secret = token_of(config)
    options: dict[str, Any] = {
        "auth": TokenAuth(secret),
        "own_secrets": (secret,),
        "redact_keys": REDACT_KEYS,
        "vocabulary": VOCABULARY,
        "connect_timeout_s": 5.0,
        "deadline_s": READ_DEADLINE_S,
        "max_body_bytes": MAX_BODY_BYTES,
        "name": "flxpoint",
        "requests_per_s": requests_per_s(config),
        **transport,
    }
    options["gate"] = gate_of(secret)
    return FlxpointSession(str(config["URL"]).rstrip("/"), **options)


def gate_of(token: Secret) -> str:
    """Return the name of the token's gate: the same for every process and integration that uses the token."""
    return f"flxpoint {hashlib.sha256(b'flxpoint gate ' + as_text(token).encode('utf-8', 'replace')).hexdigest()[:16]}"


def token_of(config: Mapping[str, str | Secret]) -> Secret:
    token = config["TOKEN"]
    return token if isinstance(token, Secret) else Secret(token)


def requests_per_s(config: Mapping[str, str | Secret]) -> float:
    return float(str(config.get("REQUESTS_PER_S") or PUBLISHED_PER_S))


def as_text(secret: Secret) -> str:
    value = secret.reveal()
    return value if isinstance(value, str) else value.decode("utf-8")


def get_account(session: ApiSession) -> Answer:
    """Source: DOC account/getaccount."""
    return session.request("GET", "/account")


def list_connections(session: ApiSession) -> Answer:
    """Read all connections at once. Source: DOC connection/getconnections, `parameters: []`."""
    return session.request("GET", "/connections")


def get_connection(session: ApiSession, remote_id: str) -> Answer:
    """Source: DOC connection/getconnectionbyid."""
    return session.request("GET", f"/connections/{remote_id}", template="/connections/{id}")


def put_connection(session: ApiSession, remote_id: str, body: Mapping[str, Any]) -> Answer:
    """Source: the owner's page “Update Connection”."""
    path = f"/connections/{remote_id}"
    return session.request("PUT", path, template="/connections/{id}", json=body, deadline_s=WRITE_DEADLINE_S)


def post_connection(session: ApiSession, body: Mapping[str, Any]) -> Answer:
    """Source: DOC connection/postconnection; answers 200, not 201."""
    return session.request("POST", "/connections", json=body, deadline_s=WRITE_DEADLINE_S)


def get_available_configs(session: ApiSession, handle: str) -> Answer:
    """Source: DOC connection/getconnectionavailabletypeconfigs; `handle` is that of the type."""
    return session.request("GET", "/connections/available-configs", params={"handle": handle})


def list_sources(session: ApiSession) -> Answer:
    """Source: DOC source/getsources; archived ones are left out by default."""
    return session.request("GET", "/sources", params={"includeIntegrations": "true"})


def list_channels(session: ApiSession) -> Answer:
    """Source: DOC channel/getchannels: singular, with a slash at its end."""
    return session.request("GET", "/channel/", params={"includeIntegrations": "true"})
