"""Belvo's endpoints, one function each: the request as Belvo wants it, the raw answer back."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from requests import PreparedRequest
from requests.auth import AuthBase

from ..http import ApiSession, Exchange, NoReply, Reply
from ..limiter import Limiter, Rate
from ..secrets import Secret
from .payloads import AsyncPayload, ChallengePayload, ErrorPayload, LinkPayload, PagePayload, read
from .rules import RULES
from .rules.access import EDGE_PAUSE_S
from .rules.login import MESSAGES as LOGIN_MESSAGES

Answer = Reply | NoReply

# Belvo's edge blocks an address after more than 80 requests in 30 s. Any window sees at most requests + burst = 75.
RATE = Rate(requests=65, per_s=30.0, burst=10)
READ_DEADLINE_S = 30.0
# Belvo gives a login at the institution 5 minutes, then answers 408. Assumed: ten seconds more for the way.
WRITE_DEADLINE_S = 310.0
MAX_PAUSE_S = 900.0
LINKS_PER_PAGE = 1000
INSTITUTIONS_PER_PAGE = 500
CONSENTS_PER_PAGE = 100
MAX_BODY_BYTES = 16_000_000

# Values under these keys never reach a call log. In a consent, `display_name` is the name of a person.
REDACT_KEYS = frozenset(
    (
        *("session", "access", "refresh", "access_token", "password", "password2", "token", "encryption_key"),
        *("username", "username2", "username3", "certificate", "private_key"),
        *("user_document", "document_number", "number", "user_name", "display_name"),
    )
)
# Words of Belvo's contract: a customer whose password is "valid" or "password" must not make an answer unreadable.
VOCABULARY = frozenset(
    (
        *(name for model in (LinkPayload, PagePayload, ErrorPayload, ChallengePayload) for name in model.model_fields),
        *("token_generation_data", "instructions", "type", "value", "expects_user_input", "expect_user_input", "field"),
        *("valid", "invalid", "unconfirmed", "token_required", "single", "recurrent", "store", "nostore"),
        *("numeric", "qr", "inputless", "text"),
        *(code for rule in RULES for code in rule.remote_codes),
        *LOGIN_MESSAGES,
        *("password", "password2", "token", "username_type", "certificate", "private_key", "encryption_key"),
    )
)


class BelvoAuth(AuthBase):
    """HTTP Basic with our keys, revealed only while a request is being written."""

    def __init__(self, secret_id: str, secret_password: Secret) -> None:
        self._secret_id = secret_id
        self._secret_password = secret_password

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        pair = self._secret_id.encode() + b":" + as_bytes(self._secret_password)
        request.headers["Authorization"] = "Basic " + base64.b64encode(pair).decode("ascii")
        return request


class BelvoSession(ApiSession):
    """A session that closes its gate for everyone when Belvo's edge turns it away."""

    def __init__(
        self,
        base_url: str,
        *,
        limiter: Limiter | None = None,
        gate: str = "",
        on_exchange: Callable[[Exchange], None] | None = None,
        **rest: Any,
    ) -> None:
        super().__init__(base_url, limiter=limiter, gate=gate, rate=RATE, on_exchange=on_exchange, **rest)
        self._pauses = (limiter, gate)

    def request(self, method: str, path: str, **options: Any) -> Answer:
        answer = super().request(method, path, **options)
        limiter, gate = self._pauses
        if limiter and isinstance(answer, Reply) and is_throttled(answer):
            limiter.pause(gate, min(answer.retry_after_s or EDGE_PAUSE_S, MAX_PAUSE_S), RATE)
        return answer


def is_throttled(reply: Reply) -> bool:
    """Say whether Belvo's edge refused for the rate. Source: errors page (403 with HTML), security overview (429)."""
    return reply.status == 429 or (reply.status == 403 and not reply.is_json)


def open_session(config: Mapping[str, str | Secret], **transport: Any) -> ApiSession:
    """Build the session for one integration."""
    password = config["SECRET_PASSWORD"]
    secret = password if isinstance(password, Secret) else Secret(password)
    options: dict[str, Any] = {
        "auth": BelvoAuth(str(config["SECRET_ID"]), secret),
        "headers": {"Accept": "application/json", "User-Agent": "linkdesk"},
        "own_secrets": (secret,),
        "redact_keys": REDACT_KEYS,
        "vocabulary": VOCABULARY,
        "request_id_of": request_id_of,
        "connect_timeout_s": 5.0,
        "deadline_s": READ_DEADLINE_S,
        "max_body_bytes": MAX_BODY_BYTES,
        "name": "belvo",
        "gate": "belvo",
    }
    return BelvoSession(str(config["URL"]).rstrip("/"), **{**options, **transport})


def request_id_of(json: Any, headers: Mapping[str, str]) -> str:
    """Return Belvo's request id: it stands in bodies only, of errors and of 202 answers.

    Source: OAS 1.223.0 and the errors page; no response header is documented.
    """
    first = json[0] if isinstance(json, list) and json else json
    return read(ErrorPayload, first).request_id[:64]


def accepted_id(reply: Reply) -> str:
    return read(AsyncPayload, reply.json if reply.is_json else None).request_id[:64]


def as_bytes(secret: Secret) -> bytes:
    value = secret.reveal()
    return value if isinstance(value, bytes) else value.encode("utf-8", "surrogatepass")


def check_keys(session: ApiSession) -> Answer:
    """Source: OAS 1.223.0, security scheme: GET /api/ answers 2xx to good keys."""
    return session.request("GET", "/api/", template="/api/")


def list_links(session: ApiSession, page: int) -> Answer:
    """Source: OAS 1.223.0, GET /api/links/; page_size is at most 1000."""
    params = {"page": page, "page_size": LINKS_PER_PAGE}
    return session.request("GET", "/api/links/", template="/api/links/", params=params)


def get_link(session: ApiSession, link_id: str) -> Answer:
    """Source: OAS 1.223.0, GET /api/links/{id}/."""
    return session.request("GET", f"/api/links/{quote(link_id, safe='')}/", template="/api/links/{id}/")


def list_institutions(session: ApiSession, page: int) -> Answer:
    """Source: OAS 1.223.0, GET /api/institutions/."""
    params = {"page": page, "page_size": INSTITUTIONS_PER_PAGE}
    return session.request("GET", "/api/institutions/", template="/api/institutions/", params=params)


def find_institution(session: ApiSession, name: str) -> Answer:
    """Source: OAS 1.223.0, GET /api/institutions/?name=; a link names its institution, not its id."""
    return session.request("GET", "/api/institutions/", template="/api/institutions/", params={"name": name})


def find_consents(session: ApiSession, document: Secret) -> Answer:
    """Source: OAS 1.223.0, GET /api/consents/: `user_document` is mandatory, so it must stand in the query."""
    return session.request(
        "GET",
        "/api/consents/",
        template="/api/consents/",
        params={"user_document": document, "page_size": CONSENTS_PER_PAGE},
    )


def put_credentials(session: ApiSession, link_id: str, body: Mapping[str, Any]) -> Answer:
    """Source: the owner's documents, OAS 1.223.0, PUT /api/links/{id}/: Belvo signs in at the institution meanwhile."""
    return _write(session, "PUT", f"/api/links/{quote(link_id, safe='')}/", "/api/links/{id}/", body)


def patch_settings(session: ApiSession, link_id: str, body: Mapping[str, Any]) -> Answer:
    """Source: OAS 1.223.0, PATCH /api/links/{id}/."""
    return _write(session, "PATCH", f"/api/links/{quote(link_id, safe='')}/", "/api/links/{id}/", body)


def post_refresh(session: ApiSession, link_id: str, body: Mapping[str, Any]) -> Answer:
    """Source: OAS 1.223.0, POST /api/links/{id}/refresh/."""
    return _write(session, "POST", f"/api/links/{quote(link_id, safe='')}/refresh/", "/api/links/{id}/refresh/", body)


def resume_session(session: ApiSession, link_id: str, mfa_session: Secret, token: Secret | None) -> Answer:
    """Source: OAS 1.223.0, PATCH /api/links/ on the collection; `token` is left out where no input is expected."""
    body: dict[str, Any] = {"session": mfa_session, "link": link_id}
    if token is not None:
        body["token"] = token
    return _write(session, "PATCH", "/api/links/", "/api/links/", body)


def delete_link(session: ApiSession, link_id: str, headers: Mapping[str, str]) -> Answer:
    """Source: OAS 1.223.0, DELETE /api/links/{id}/ with X-Belvo-Request-Mode: async."""
    path = f"/api/links/{quote(link_id, safe='')}/"
    return session.request("DELETE", path, template="/api/links/{id}/", headers=headers)


def make_widget_token(session: ApiSession, body: Mapping[str, Any]) -> Answer:
    """Source: Belvo “Hosted Widget Update Mode”, POST /api/token/ with `link_id`; the body holds our own keys."""
    return session.request("POST", "/api/token/", template="/api/token/", json=dict(body))


def _write(session: ApiSession, method: str, path: str, template: str, body: Mapping[str, Any]) -> Answer:
    return session.request(method, path, template=template, json=dict(body), deadline_s=WRITE_DEADLINE_S)
