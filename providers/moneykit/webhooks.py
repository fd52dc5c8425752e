"""MoneyKit's webhooks: an ES256 JWT over the hash of the body, and events that are hints only.

Source: MoneyKit's examples and pages. The JWT is checked by hand, because it is used in one way only: the algorithm is
ours to say, not the token's, and nothing in it is read before the signature holds.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from ..answers import WebhookEvent, digest_of
from ..cleaning import clean_text
from ..json_safe import UnsoundJson, parse_json
from .payloads import clean_json
from .signing_keys import decode_base64url
from .snapshots import is_id

SIGNATURE_HEADER = "moneykit-signature"
DELIVERY_HEADER = "moneykit-delivery-token"
# Source: MoneyKit's examples: five minutes between the clocks.
SKEW = timedelta(minutes=5)
# Source: MoneyKit's pages: delivered again for up to two hours. Assumed: with the signature of the first time.
DELIVERED_FOR = timedelta(hours=2)
MAX_TOKEN_CHARS = 4096
_SIGNATURE_BYTES = 64
_MAX_BODY_BYTES = 1_000_000

FindKey = Callable[[str], ec.EllipticCurvePublicKey | None]


def verify(headers: Mapping[str, str], body: bytes, find_key: FindKey, *, now: datetime) -> bool:
    """Say whether a delivery is MoneyKit's and the body is the one that was signed. `find_key` is asked once,
    by `kid`.
    """
    try:
        header, claims, signed, signature = _parts(_header(headers, SIGNATURE_HEADER))
        # The algorithm is pinned: a token that names another one, or none, is no token of MoneyKit's.
        kid = header.get("kid")
        if header.get("alg") != "ES256" or not isinstance(kid, str) or "crit" in header:
            return False
        key = find_key(kid)
        if key is None or not isinstance(key.curve, ec.SECP256R1):
            return False
        key.verify(_as_der(signature), signed, ec.ECDSA(SHA256()))
        return _is_timely(_object(claims).get("iat"), now) and _is_of(_object(claims), body)
    except (ValueError, InvalidSignature):
        return False


def parse(body: bytes) -> tuple[WebhookEvent, ...]:
    """Return the event of a delivery; () for anything that is not a JSON object."""
    if len(body) > _MAX_BODY_BYTES:
        return ()
    try:
        raw = parse_json(body)
    except UnsoundJson:
        return ()
    return (_event(raw),) if isinstance(raw, dict) and raw else ()


def _parts(token: str) -> tuple[dict[str, Any], bytes, bytes, bytes]:
    """Return header, claims (unread), what was signed, and the signature. Source: RFC 7515, section 3.1."""
    parts = token.split(".")
    if len(parts) != 3 or len(token) > MAX_TOKEN_CHARS:
        raise ValueError("not a compact JWS")
    header, claims, signature = map(decode_base64url, parts)
    return _object(header), claims, f"{parts[0]}.{parts[1]}".encode("ascii"), signature


def _object(raw: bytes) -> dict[str, Any]:
    """Read strictly: an object that names a key twice could be read in two ways. `UnsoundJson` is a `ValueError`."""
    value = parse_json(raw)
    if not isinstance(value, dict):
        raise ValueError("not an object")
    return value


def _as_der(signature: bytes) -> bytes:
    """Return r || s of 32 bytes each (RFC 7518, section 3.4) as the library wants it."""
    if len(signature) != _SIGNATURE_BYTES:
        raise ValueError("an ES256 signature has 64 bytes")
    return encode_dss_signature(int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))


def _is_timely(iat: object, now: datetime) -> bool:
    if isinstance(iat, bool) or not isinstance(iat, int | float):
        return False
    age_s = now.timestamp() - iat
    return -SKEW.total_seconds() <= age_s <= (DELIVERED_FOR + SKEW).total_seconds()


def _is_of(claims: Mapping[str, Any], body: bytes) -> bool:
    told = claims.get("request_body_sha256")
    return isinstance(told, str) and hmac.compare_digest(
        told.encode("utf-8"), hashlib.sha256(body).hexdigest().encode()
    )


def _header(headers: Mapping[str, str], name: str) -> str:
    return next((value for key, value in headers.items() if key.lower() == name), "")


def _event(raw: dict[str, Any]) -> WebhookEvent:
    name = clean_text(raw.get("webhook_event"), 100)
    link_id = clean_text(raw.get("link_id"), 200)
    return WebhookEvent(
        event_id=clean_text(raw.get("webhook_idempotency_key"), 128) or digest_of(clean_json(raw)),
        remote_id=link_id if is_id(link_id) else "",
        kind=_KINDS.get(name, "unknown"),
        code=name,
        details={key: clean_json(raw[key], 2) for key in _KEPT_DETAILS if raw.get(key) is not None},
    )


# Nothing in these names a person. Assumed: `product.state_changed` is the old name of `link.product_refresh`.
_KEPT_DETAILS = (
    *("state", "error", "error_message", "product", "state_changed_at", "has_history"),
    *("webhook_timestamp", "webhook_major_version", "webhook_minor_version"),
)
_KINDS = {
    "link.state_changed": "link",
    "link.product_refresh": "data",
    "product.state_changed": "data",
    "transactions.updates_available": "data",
}
