"""MoneyKit's endpoints, one function each: the request as MoneyKit wants it, the raw answer back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from ..http import ApiSession, NoReply, Reply
from ..limiter import Rate
from ..secrets import Secret
from .codes import LINK_CODES, PRODUCTS
from .payloads import ErrorPayload, InstitutionPayload, LinkPayload, ProductPayload
from .rules import RULES
from .session import SIGNING_KEYS_PATH, Keys, MoneyKitSession

Answer = Reply | NoReply

VERSION = "2023-02-18"
# Assumed: MoneyKit publishes no numbers beside those of refreshes.
RATE = Rate(requests=20, per_s=1.0, burst=20)
DEADLINE_S = 30.0
# Source: SDK, GET /links: 500 to 5000 ids a page.
IDS_PER_PAGE = 500
INSTITUTIONS_PER_PAGE = 1000
MAX_BODY_BYTES = 16_000_000

# Values under these keys never reach a call log. The last four are account numbers, which we never ask for.
REDACT_KEYS = frozenset(
    (
        *("access_token", "client_secret", "link_session_token", "exchangeable_token"),
        *("account_number", "iban", "routing_number", "owners"),
    )
)
VOCABULARY = frozenset(
    (
        *(name for model in (LinkPayload, ProductPayload, InstitutionPayload) for name in model.model_fields),
        *(name for name in ErrorPayload.model_fields),
        *("connecting", "awaiting_token_exchange", "connected", "error", "deleted", "links", "next_cursor", "cursors"),
        *LINK_CODES,
        *PRODUCTS,
        *(code for rule in RULES for code in rule.remote_codes),
    )
)


def open_session(config: Mapping[str, str | Secret], **transport: Any) -> ApiSession:
    """Build the session for one integration."""
    held = config["CLIENT_SECRET"]
    secret = held if isinstance(held, Secret) else Secret(held)
    options: dict[str, Any] = {
        "keys": Keys(str(config["CLIENT_ID"]), secret, by_token=config.get("AUTH", "token") != "headers"),
        "headers": {"MoneyKit-Version": VERSION},
        "own_secrets": (secret,),
        "redact_keys": REDACT_KEYS,
        "vocabulary": VOCABULARY,
        "request_id_of": request_id_of,
        "connect_timeout_s": 5.0,
        "deadline_s": DEADLINE_S,
        "max_body_bytes": MAX_BODY_BYTES,
        "rate": RATE,
        "name": "moneykit",
        "gate": "moneykit",
    }
    return MoneyKitSession(str(config["URL"]).rstrip("/"), **{**options, **transport})


def request_id_of(json: Any, headers: Mapping[str, str]) -> str:
    """Assumed: no request id is documented; if MoneyKit sends one in the usual header, it is worth keeping."""
    return headers.get("x-request-id", "")


def introspect(session: ApiSession) -> Answer:
    """Source: SDK, GET /auth/introspect: who our keys are."""
    return session.request("GET", "/auth/introspect", template="/auth/introspect")


def list_link_ids(session: ApiSession, cursor: str) -> Answer:
    """Source: SDK, GET /links: ids and creation times of active links; the last page has the cursor ""."""
    params = {"limit": IDS_PER_PAGE, **({"cursor": cursor} if cursor else {})}
    return session.request("GET", "/links", template="/links", params=params)


def get_link(session: ApiSession, link_id: str) -> Answer:
    """Source: SDK, GET /links/{id}."""
    return session.request("GET", f"/links/{_part(link_id)}", template="/links/{id}")


def list_user_links(session: ApiSession, reference: str) -> Answer:
    """Source: SDK, GET /users/{id}/links: an object of links by their id, without pages."""
    return session.request("GET", f"/users/{_part(reference)}/links", template="/users/{id}/links")


def list_institutions(session: ApiSession, cursor: str) -> Answer:
    """Source: SDK, GET /institutions."""
    params = {"limit": INSTITUTIONS_PER_PAGE, **({"cursor": cursor} if cursor else {})}
    return session.request("GET", "/institutions", template="/institutions", params=params)


def get_institution(session: ApiSession, institution_id: str) -> Answer:
    """Source: SDK, GET /institutions/{id}; it takes the aliases too."""
    return session.request("GET", f"/institutions/{_part(institution_id)}", template="/institutions/{id}")


def get_signing_keys(session: ApiSession, client_id: str) -> Answer:
    """Source: MoneyKit's pages, GET /.well-known/jwks.json: by the client id alone, so its keys may be of one app."""
    headers = {"X-Client-Id": client_id}
    return session.request("GET", SIGNING_KEYS_PATH, template=SIGNING_KEYS_PATH, headers=headers)


def patch_link(session: ApiSession, link_id: str, body: Mapping[str, Any]) -> Answer:
    """Source: the owner's document, PATCH /links/{id}: partial, null removes the webhook."""
    return session.request("PATCH", f"/links/{_part(link_id)}", template="/links/{id}", json=dict(body))


def refresh_products(session: ApiSession, link_id: str, body: Mapping[str, Any]) -> Answer:
    """Source: SDK, POST /links/{id}/products: 202, the refresh goes on by itself."""
    path = f"/links/{_part(link_id)}/products"
    return session.request("POST", path, template="/links/{id}/products", json=dict(body))


def reset_link(session: ApiSession, link_id: str) -> Answer:
    """Source: SDK, POST /links/{id}/reset, without a body."""
    return session.request("POST", f"/links/{_part(link_id)}/reset", template="/links/{id}/reset")


def delete_link(session: ApiSession, link_id: str) -> Answer:
    """Source: SDK of 2023, DELETE /links/{id}: 204. Assumed: any 2xx is as good, newer sources name none."""
    return session.request("DELETE", f"/links/{_part(link_id)}", template="/links/{id}")


def create_link_session(session: ApiSession, body: Mapping[str, Any]) -> Answer:
    """Source: SDK, POST /link-session: 201."""
    return session.request("POST", "/link-session", template="/link-session", json=dict(body))


def send_test_webhook(session: ApiSession, link_id: str, body: Mapping[str, Any]) -> Answer:
    """Source: SDK, POST /webhooks/test/link/{id}: sandbox links only."""
    path = f"/webhooks/test/link/{_part(link_id)}"
    return session.request("POST", path, template="/webhooks/test/link/{id}", json=dict(body))


def _part(text: str) -> str:
    return quote(text, safe="")
