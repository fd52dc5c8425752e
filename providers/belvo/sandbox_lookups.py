"""The endpoints of the emulator beside links: the root, institutions, consents, widget tokens."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from providers.sandbox import Request, Response, json_response

from . import sandbox_checks as checks
from .sandbox_cases import Refusal, refuse
from .sandbox_pages import page

if TYPE_CHECKING:
    from .sandbox import BelvoSandbox

Json = dict[str, Any]
TOKEN_LIVES_S = 600


def root(sandbox: BelvoSandbox, request: Request) -> Response:
    """GET /api/. Assumed: the body is not documented; clients look at the status only."""
    names = ("links", "institutions", "consents")
    return json_response(200, {name: f"{request.root_url}/api/{name}/" for name in names})


def list_institutions(sandbox: BelvoSandbox, request: Request) -> Response:
    found = [bank.body for bank in sandbox.world.institutions.values()]
    for name, value in request.query.items():
        base, _, lookup = name.partition("__")
        if name == "display_name":
            found = [body for body in found if value.lower() in body["display_name"].lower()]
        elif name == "resources__allin":
            found = [body for body in found if set(value.split(",")) <= set(body["resources"])]
        elif base in ("country_code", "name", "status", "type", "website") and lookup in ("", "in"):
            wanted = value.split(",") if lookup else [value]
            found = [body for body in found if str(body[base]) in wanted]
    return page(request, found, sandbox.page_size)


def show_institution(sandbox: BelvoSandbox, request: Request, number: str) -> Response:
    for bank in sandbox.world.institutions.values():
        if str(bank.body["id"]) == number:
            return json_response(200, bank.body)
    raise refuse("not_found")


def list_consents(sandbox: BelvoSandbox, request: Request) -> Response:
    """GET /api/consents/: `user_document` must be there. Assumed: the codes of the two refusals."""
    document = request.query.get("user_document")
    if not document:
        raise Refusal(checks.required("user_document"))
    if not 11 <= len(document) <= 14:
        words = "Ensure this field has at least 11 and no more than 14 characters."
        raise Refusal(checks.problem("invalid", words, "user_document"))
    with sandbox.lock:
        found = [consent for consent in sandbox.world.consents.values() if consent["document_number"] == document]
    return page(request, found, sandbox.page_size)


def show_consent(sandbox: BelvoSandbox, request: Request, consent_id: str) -> Response:
    with sandbox.lock:
        found = sandbox.world.consents.get(consent_id)
    if found is None:
        raise refuse("not_found")
    return json_response(200, found)


def make_token(sandbox: BelvoSandbox, request: Request) -> Response:
    """POST /api/token/: the keys are in the body. Assumed: an unknown `link_id` is `does_not_exist`."""
    body = checks.json_body(request)
    names = ("id", "password", "scopes")
    checks.raise_if([checks.required(name) for name in names if name not in body])
    checks.raise_if(checks.text_problems(body, names))
    sandbox.check_keys(body["id"], body["password"])
    with sandbox.lock:
        if body.get("link_id") is not None:
            link_id = checks.check_uuid(body["link_id"], "link_id")
            if link_id not in sandbox.world.links:
                words = f"Object with id={link_id} does not exist."
                raise Refusal(checks.problem("does_not_exist", words, "link_id"))
            link = sandbox.find_link(link_id, "token")
            link.widget_until = sandbox.clock.now() + timedelta(seconds=TOKEN_LIVES_S)
            sandbox.record_effect(request, link.id, "widget_token_made", changes={"scopes": body["scopes"]})
        access, refreshing = (_web_token(sandbox, body, kind) for kind in ("access", "refresh"))
    return json_response(200, {"access": access, "refresh": refreshing})


def _web_token(sandbox: BelvoSandbox, body: Json, kind: str) -> str:
    """Return something of the shape of a JSON web token, which nobody can verify."""
    now = int(sandbox.clock.now().timestamp())
    claims = {"token_type": kind, "exp": now + TOKEN_LIVES_S, "jti": sandbox.new_request_id(), "scopes": body["scopes"]}
    if body.get("link_id"):
        claims["link_id"] = body["link_id"]
    parts = [{"alg": "HS512", "typ": "JWT"}, claims]
    text = ".".join(_base64(json.dumps(part, separators=(",", ":")).encode()) for part in parts)
    return f"{text}.{_base64(hmac.new(str(sandbox.seed).encode(), text.encode(), hashlib.sha512).digest())}"


def _base64(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
