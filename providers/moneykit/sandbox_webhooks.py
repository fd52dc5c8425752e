"""Webhooks of the emulator: signed as MoneyKit signs, and kept to be looked at. Nothing is sent anywhere."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from providers.sandbox import Request, Response, json_response

from .sandbox_errors import invalid, refuse
from .sandbox_pages import json_body
from .sandbox_world import LinkRecord

if TYPE_CHECKING:
    from .sandbox import MoneyKitSandbox

Json = dict[str, Any]
EVENTS = ("link.state_changed", "link.product_refresh", "transactions.updates_available", "product.state_changed")
KID = "sandbox-2025-03"


def signing_key(seed: int) -> ec.EllipticCurvePrivateKey:
    """Return the same key for the same seed."""
    number = int.from_bytes(hashlib.sha256(f"moneykit:{seed}".encode()).digest(), "big")
    return ec.derive_private_key(number % (2**255) + 1, ec.SECP256R1())


def show_keys(sandbox: MoneyKitSandbox, request: Request) -> Response:
    """Source: MoneyKit's pages: by the client id; the bearer works too."""
    is_named = request.headers.get("x-client-id") == sandbox.keys[0]
    if not is_named and not request.headers.get("authorization"):
        raise refuse("unauthorized")
    public = signing_key(sandbox.seed).public_key().public_numbers()
    point = {"x": _encoded(public.x.to_bytes(32, "big")), "y": _encoded(public.y.to_bytes(32, "big"))}
    key = {"kty": "EC", "use": "sig", "alg": "ES256", "crv": "P-256", "kid": KID, **point}
    return json_response(200, {"keys": [key]})


def send_test(sandbox: MoneyKitSandbox, request: Request, link_id: str) -> Response:
    body = json_body(request)
    with sandbox.lock:
        link = sandbox.find_link(link_id, "webhook")
        if body.get("webhook_event") not in EVENTS or not isinstance(body.get("webhook_idempotency_key"), str):
            raise invalid((("body", "webhook_event"), "value is not a valid enumeration member", "type_error.enum"))
        if not sandbox.keys[0].startswith("sandbox_"):
            raise refuse("forbidden_action")
        if not link.body["webhook"]:
            raise refuse("bad_config")
        event = "link.product_refresh" if body["webhook_event"] == "product.state_changed" else body["webhook_event"]
        extra = {"state": link.state, "error": link.body["error_code"], "error_message": None}
        if event == "link.product_refresh":
            extra = {"product": "accounts", "state": "completed", "state_changed_at": None, "error_message": None}
        elif event == "transactions.updates_available":
            extra = {"has_history": True}
        delivery = deliver(sandbox, link, event, extra, key=body["webhook_idempotency_key"])
        sandbox.record_effect(request, link.id, "test_webhook_sent", changes={"event": event})
        return json_response(200, {"delivery_token": delivery["headers"]["moneykit-delivery-token"]})


def deliver(sandbox: MoneyKitSandbox, link: LinkRecord, event: str, extra: Json, *, key: str = "") -> Json:
    """Sign an event of a link and keep it; the control plane shows the deliveries."""
    now = sandbox.clock.now()
    body = {
        "webhook_major_version": 1,
        "webhook_minor_version": 0,
        "webhook_idempotency_key": key or sandbox.world.new_token(),
        "webhook_timestamp": now.replace(tzinfo=None).isoformat(),
        "link_id": link.id,
        "link_tags": link.body["link_tags"] or [],
        "webhook_event": event,
        **extra,
    }
    raw = json.dumps(body, separators=(",", ":"))
    claims = {
        "iss": "https://api.moneykit.com",
        "iat": int(now.timestamp()),
        "request_body_sha256": hashlib.sha256(raw.encode()).hexdigest(),
    }
    delivery = {
        "url": link.body["webhook"],
        "headers": {
            "content-type": "application/json",
            "moneykit-signature": sign(sandbox.seed, claims),
            "moneykit-delivery-token": sandbox.world.new_token(),
            "moneykit-delivery-attempt": "1",
        },
        "raw_body": raw,
    }
    sandbox.deliveries.append(delivery)
    return delivery


def sign(seed: int, claims: Json) -> str:
    """Return the claims as a JWT with ES256 (RFC 7515, 7518: r and s of 32 bytes each)."""
    header = {"alg": "ES256", "kid": KID, "typ": "JWT"}
    signed = ".".join(_encoded(json.dumps(part, separators=(",", ":")).encode()) for part in (header, claims))
    r, s = decode_dss_signature(signing_key(seed).sign(signed.encode(), ec.ECDSA(SHA256())))
    return f"{signed}.{_encoded(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
