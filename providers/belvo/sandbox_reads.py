"""The other endpoints of the emulator: lists and details, settings, refresh, delete, institutions, consents, tokens."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import math
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from providers.sandbox import Request, Response, json_response

from . import sandbox_checks as checks
from .sandbox_cases import CASES, Case, Refusal, refuse
from .sandbox_pages import chosen_keys, filter_links, page
from .sandbox_world import LinkRecord

if TYPE_CHECKING:
    from .sandbox import BelvoSandbox

Json = dict[str, Any]
REFRESH_EVERY_S = 600
TOKEN_LIVES_S = 600
DELETES_A_MINUTE = 5


def root(sandbox: BelvoSandbox, request: Request) -> Response:
    """GET /api/. Assumed: the body is not documented; clients look at the status only."""
    names = ("links", "institutions", "consents")
    return json_response(200, {name: f"{request.root_url}/api/{name}/" for name in names})


def list_links(sandbox: BelvoSandbox, request: Request) -> Response:
    with sandbox.lock:
        links = sorted(sandbox.world.links.values(), key=lambda link: str(link.body["created_at"]), reverse=True)
        found = filter_links(request.query, [link.shown() for link in links])
        return page(request, found, sandbox.page_size)


def show_link(sandbox: BelvoSandbox, request: Request, link_id: str) -> Response:
    with sandbox.lock:
        return json_response(200, chosen_keys(request, sandbox.find_link(link_id, "detail").shown()))


def change_settings(sandbox: BelvoSandbox, request: Request, link_id: str) -> Response:
    """PATCH /api/links/{id}/. Assumed: an open finance link and an unconfirmed one refuse, a nostore link stays single."""
    body = checks.json_body(request)
    with sandbox.lock:
        link = sandbox.find_link(link_id, "settings")
        checks.raise_if(checks.settings_problems(body, sandbox.world.institution_of(link)))
        if link.status == "unconfirmed":
            raise refuse("unconfirmed_link")
        storage = link.body.get("credentials_storage")
        if body.get("access_mode") == "recurrent" and storage == "nostore":
            raise refuse("invalid_credentials_storage")
        if storage == "nostore" and body.get("fetch_resources") == []:
            raise refuse("invalid_fetch_resources")
        new = {name: body[name] for name in ("access_mode", "stale_in", "fetch_resources") if name in body}
        if new.get("access_mode", link.body["access_mode"]) != link.body["access_mode"]:
            is_recurrent = new["access_mode"] == "recurrent"
            new |= {"refresh_rate": "7d" if is_recurrent else None}
            new |= {"credentials_storage": "store" if is_recurrent else "365d"}
        changes = {name: [link.body.get(name), value] for name, value in new.items() if link.body.get(name) != value}
        link.body |= new
        sandbox.record_effect(request, link.id, "settings_changed", changes=changes)
        return json_response(200, link.shown())


def refresh(sandbox: BelvoSandbox, request: Request, link_id: str) -> Response:
    """POST /api/links/{id}/refresh/: at most every 10 minutes; a link that wants a code answers 428 (declared in the OAS)."""
    body = checks.json_body(request)
    with sandbox.lock:
        link = sandbox.find_link(link_id, "refresh")
        bank = sandbox.world.institution_of(link)
        if "fetch_resources" in body:
            checks.raise_if(checks.resources_problems(body["fetch_resources"], bank))
        if bank.refresh_case:
            raise refuse(bank.refresh_case)
        _refuse_state(sandbox, link)
        if link.status == "token_required":
            request_id = sandbox.new_request_id(old=bank.old_shapes)
            sandbox.record_effect(request, link.id, "challenge_opened", changes={"kind": bank.mfa or "numeric"})
            return sandbox.challenges.open(
                link, bank, bank.mfa or "numeric", request_id, lambda: link.body.update(status="valid")
            )
        link.refreshed_at = sandbox.clock.now()
        sandbox.record_effect(request, link.id, "refresh_started")
        return json_response(202, {"request_id": sandbox.new_request_id()})


def delete(sandbox: BelvoSandbox, request: Request, link_id: str) -> Response:
    """DELETE /api/links/{id}/: at once, five a minute; or, with the async header, some seconds later."""
    with sandbox.lock:
        is_async = request.headers.get("x-belvo-request-mode", "").lower() == "async"
        if not is_async and not sandbox.deletes.allow("all", DELETES_A_MINUTE, 60):
            raise refuse("too_many_requests")
        link = sandbox.find_link(link_id, "delete")
        if not is_async:
            sandbox.forget_link(link)
            sandbox.record_effect(request, link.id, "link_deleted")
            return Response(204)
        if link.gone_at is None:
            sandbox.leave(link, sandbox.clock.now() + timedelta(seconds=sandbox.delete_after_s))
            sandbox.record_effect(request, link.id, "link_deletion_accepted")
        return json_response(202, {"request_id": sandbox.new_request_id(old=True)})


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


def _refuse_state(sandbox: BelvoSandbox, link: LinkRecord) -> None:
    if link.status == "invalid":
        raise refuse("invalid_link")
    if link.status == "unconfirmed":
        raise refuse("unconfirmed_link")
    now = sandbox.clock.now()
    storage = str(link.body.get("credentials_storage"))
    created_at = link.body.get("created_at")
    if storage.removesuffix("d").isdigit() and created_at:
        if datetime.fromisoformat(created_at) + timedelta(days=int(storage.removesuffix("d"))) < now:
            raise refuse("expired_credentials")
    if link.refreshed_at is None:
        return
    left_s = REFRESH_EVERY_S - (now - link.refreshed_at).total_seconds()
    if left_s > 0:
        case = CASES["link_refreshed"]
        words = (
            f"The link has already been refreshed. Please wait {math.ceil(left_s / 60)} minutes before trying again."
        )
        raise Refusal(Case(case.status, case.code, words))


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
