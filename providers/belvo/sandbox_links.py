"""The link endpoints of the emulator that answer at once: list, detail, settings, refresh, delete."""

from __future__ import annotations

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
DELETES_A_MINUTE = 5


def list_links(sandbox: BelvoSandbox, request: Request) -> Response:
    with sandbox.lock:
        links = sorted(sandbox.world.links.values(), key=lambda link: str(link.body["created_at"]), reverse=True)
        found = filter_links(request.query, [link.shown() for link in links])
        return page(request, found, sandbox.page_size)


def show_link(sandbox: BelvoSandbox, request: Request, link_id: str) -> Response:
    with sandbox.lock:
        return json_response(200, chosen_keys(request, sandbox.find_link(link_id, "detail").shown()))


def change_settings(sandbox: BelvoSandbox, request: Request, link_id: str) -> Response:
    """PATCH /api/links/{id}/. Assumed: an unconfirmed link refuses, and a nostore link stays single."""
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
        new: Json = {name: body[name] for name in ("access_mode", "stale_in", "fetch_resources") if name in body}
        if new.get("access_mode", link.body["access_mode"]) != link.body["access_mode"]:
            is_recurrent = new["access_mode"] == "recurrent"
            new |= {"refresh_rate": "7d" if is_recurrent else None}
            new |= {"credentials_storage": "store" if is_recurrent else "365d"}
        changes = {name: [link.body.get(name), value] for name, value in new.items() if link.body.get(name) != value}
        link.body |= new
        sandbox.record_effect(request, link.id, "settings_changed", changes=changes)
        return json_response(200, link.shown())


def refresh(sandbox: BelvoSandbox, request: Request, link_id: str) -> Response:
    """POST /api/links/{id}/refresh/: every 10 minutes at most; a link that wants a code answers 428 (OAS)."""
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
        sandbox.later(sandbox.refresh_after_s, lambda: link.was_accessed(sandbox.clock.now()))
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
        if not link.is_leaving:
            link.is_leaving = True
            sandbox.later(sandbox.delete_after_s, lambda: sandbox.forget_link(link))
            sandbox.record_effect(request, link.id, "link_deletion_accepted")
        return json_response(202, {"request_id": sandbox.new_request_id(old=True)})


def _refuse_state(sandbox: BelvoSandbox, link: LinkRecord) -> None:
    if link.status == "invalid":
        raise refuse("invalid_link")
    if link.status == "unconfirmed":
        raise refuse("unconfirmed_link")
    now = sandbox.clock.now()
    storage = str(link.body.get("credentials_storage"))
    created_at = link.body.get("created_at")
    days = storage.removesuffix("d")
    if created_at and days.isdigit() and datetime.fromisoformat(created_at) + timedelta(days=int(days)) < now:
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
