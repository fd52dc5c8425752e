"""How the emulator lets people in: tokens that end, or the pair in two headers."""

from __future__ import annotations

import base64
import binascii
import hmac
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from providers.sandbox import Request, Response, json_response

from .sandbox_errors import refuse

if TYPE_CHECKING:
    from .sandbox import MoneyKitSandbox


def make_token(sandbox: MoneyKitSandbox, request: Request) -> Response:
    """Source: SDK, POST /auth/token: a form; the keys in it or as HTTP Basic; 201."""
    form = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
    if "x-www-form-urlencoded" not in request.headers.get("content-type", ""):
        raise refuse("invalid_grant")
    client_id, secret = form.get("client_id", ""), form.get("client_secret", "")
    if not client_id:
        client_id, secret = _basic(request.headers.get("authorization", ""))
    if not _are_ours(sandbox, client_id, secret):
        raise refuse("unauthorized")
    if form.get("grant_type") != "client_credentials":
        raise refuse("invalid_grant")
    with sandbox.lock:
        sandbox.tokens_made += 1
        token = f"mkat-{sandbox.tokens_made}-{sandbox.world.new_token()}"
        sandbox.tokens[token] = sandbox.clock.now() + timedelta(seconds=sandbox.token_lifetime_s)
    return json_response(
        201, {"access_token": token, "token_type": "bearer", "expires_in": int(sandbox.token_lifetime_s)}
    )


def check(sandbox: MoneyKitSandbox, request: Request) -> None:
    """Let a request in or refuse it. Source: SDK; the pair of headers: MoneyKit's newer pages."""
    headers = request.headers
    if "x-client-id" in headers and "x-client-secret" in headers:
        if not _are_ours(sandbox, headers["x-client-id"], headers["x-client-secret"]):
            raise refuse("unauthorized")
        return
    kind, _, token = headers.get("authorization", "").partition(" ")
    ends_at: datetime | None = sandbox.tokens.get(token)
    if kind.lower() != "bearer" or ends_at is None:
        raise refuse("unauthorized")
    if ends_at <= sandbox.clock.now():
        raise refuse("expired_token")


def introspect(sandbox: MoneyKitSandbox, request: Request) -> Response:
    app = {"app_id": "app_northwind_sandbox", "name": "Northwind Pocket"}
    app |= {"id": app["app_id"], "app_name": app["name"]}
    names = {"client_id": sandbox.keys[0], "client_name": "Northwind Pocket (sandbox)", "scope": ""}
    return json_response(200, {**names, "app": app, "disabled_at": None})


def _are_ours(sandbox: MoneyKitSandbox, client_id: str, secret: str) -> bool:
    given, ours = f"{client_id}:{secret}", ":".join(sandbox.keys)
    return hmac.compare_digest(given.encode("utf-8", "replace"), ours.encode())


def _basic(header: str) -> tuple[str, str]:
    try:
        client_id, _, secret = base64.b64decode(header.partition(" ")[2], validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return client_id, secret
