"""The emulator's endpoints of links and of users: list, detail, change, refresh, reset, delete."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from providers.sandbox import Request, Response, json_response

from .sandbox_errors import invalid, refuse
from .sandbox_pages import json_body, number_in, raise_if, tag_problems, webhook_problems
from .sandbox_world import LinkRecord, stamp

if TYPE_CHECKING:
    from .sandbox import MoneyKitSandbox

Json = dict[str, Any]
REFRESH_EVERY = {
    "accounts": timedelta(hours=1),
    "transactions": timedelta(hours=1),
    "account_numbers": timedelta(days=1),
    "identity": timedelta(days=1),
}
KEPT_FOR = timedelta(days=90)
PRODUCTS = ("accounts", "account_numbers", "identity", "transactions", "investments", "enrichment")


def list_links(sandbox: MoneyKitSandbox, request: Request) -> Response:
    """Source: SDK, GET /links: only links once connected, with data fetched, not deleted; ids and times."""
    limit = number_in(request.query, "limit", 1000, sandbox.least_limit, 5000)
    cursor = request.query.get("cursor", "").removeprefix("cur_")
    start = int(cursor, 16) if cursor and all(letter in "0123456789abcdef" for letter in cursor) else 0
    with sandbox.lock:
        found = sorted((link for link in sandbox.world.links.values() if link.was_connected), key=_age)
        page = [{"link_id": link.id, "created_at": stamp(link.created_at)} for link in found[start : start + limit]]
    following = f"cur_{start + limit:08x}" if start + limit < len(found) else ""
    return json_response(200, {"links": page, "next_cursor": following})


def _age(link: LinkRecord) -> tuple[datetime, str]:
    return link.created_at, link.id


def show_link(sandbox: MoneyKitSandbox, request: Request, link_id: str) -> Response:
    """Assumed: a deleted link answers 200 with its state for some days; ours with the id's last letter a capital do."""
    with sandbox.lock:
        return json_response(200, sandbox.find_link(link_id, "detail", also_deleted=True).shown())


def show_users_links(sandbox: MoneyKitSandbox, request: Request, user: str) -> Response:
    """Source: SDK, GET /users/{id}/links. Assumed: an unknown user has none."""
    with sandbox.lock:
        found = [link for link in sandbox.world.links.values() if link.user == user and link.case != "deleted"]
        return json_response(200, {"links": {link.id: link.shown() for link in found}})


def show_users_accounts(sandbox: MoneyKitSandbox, request: Request, user: str) -> Response:
    with sandbox.lock:
        found = [link for link in sandbox.world.links.values() if link.user == user and link.was_connected]
        return json_response(200, {"links": {link.id: {"accounts": accounts_of(link)} for link in found}})


def list_accounts(sandbox: MoneyKitSandbox, request: Request, link_id: str) -> Response:
    with sandbox.lock:
        link = sandbox.find_link(link_id, "accounts")
        if "accounts" not in link.products:
            raise refuse("forbidden_action")
        return json_response(200, {"accounts": accounts_of(link), "link": link.shown()})


def accounts_of(link: LinkRecord) -> list[Json]:
    balances = {"currency": "USD", "available": 2310.55, "current": 2402.18, "limit": None, "balance_date": None}
    kinds = (("depository.checking", "Everyday Checking"), ("liability.credit_card", "Travel Card"))
    return [
        {
            "account_id": f"acc_{link.id.removeprefix('mk_')[:20]}{number:02d}",
            "account_type": kind,
            "name": name,
            "nickname": None,
            "account_mask": f"{sum(map(ord, link.id)) * (number + 7) % 10_000:04d}",
            "balances": balances,
            "original_id": None,
            "closed": False,
        }
        for number, (kind, name) in enumerate(kinds)
    ]


def patch_link(sandbox: MoneyKitSandbox, request: Request, link_id: str) -> Response:
    """Source: the owner's document. Assumed: absent is left alone, null tags clear, an unfinished link refuses."""
    body = json_body(request)
    with sandbox.lock:
        link = sandbox.find_link(link_id, "patch", sent=body)
        raise_if([*webhook_problems(body), *tag_problems(body)])
        if link.state in ("connecting", "awaiting_token_exchange"):
            raise refuse("bad_state", link_error_code="incomplete")
        changes: Json = {}
        if "webhook" in body:
            changes["webhook"] = body["webhook"]
        if "link_tags" in body or "tags" in body:
            changes["link_tags"] = body.get("link_tags", body.get("tags")) or []
        link.body |= changes
        sandbox.record_effect(request, link.id, "link_changed", changes={**changes, "sent": sorted(body)})
        return json_response(200, link.shown())


def refresh(sandbox: MoneyKitSandbox, request: Request, link_id: str) -> Response:
    """Source: SDK, 202. Which of two ways "too soon" is said is not stated: half of our aggregators use each."""
    wanted = json_body(request).get("products")
    with sandbox.lock:
        link = sandbox.find_link(link_id, "refresh")
        if not isinstance(wanted, list) or not wanted:
            raise invalid((("body", "products"), "ensure this value has at least 1 items", "value_error.list"))
        if unknown := [place for place, name in enumerate(wanted) if name not in PRODUCTS]:
            message = "value is not a valid enumeration member"
            raise invalid(*((("body", "products", place), message, "type_error.enum") for place in unknown))
        if link.state != "connected":
            raise refuse("bad_state", link_error_code=link.body["error_code"] or "incomplete")
        if not all(name in link.products for name in wanted):
            raise refuse("forbidden_action")
        now = sandbox.clock.now()
        soon = [name for name in wanted if _is_too_soon(link, name, now)]
        if soon and link.body["provider"] in ("moneykit", "finicity", "plaid"):
            raise refuse("rate_limit")
        for name in wanted:
            link.attempts[name] = now
            link.due[name] = now + timedelta(seconds=sandbox.refresh_takes_s)
            if name in soon:
                del link.due[name]
                told = {"error_code": "rate_limit", "error_message": "This was refreshed too short a time ago."}
                link.products[name] |= {"last_attempted_at": stamp(now), **told}
        sandbox.record_effect(request, link.id, "refresh_started", changes={"products": wanted, "too_soon": soon})
        return Response(202, json_response(202, link.shown()).body)


def _is_too_soon(link: LinkRecord, name: str, now: datetime) -> bool:
    last = link.attempts.get(name)
    return last is not None and name in REFRESH_EVERY and now - last < REFRESH_EVERY[name]


def finish_refreshes(link: LinkRecord, now: datetime) -> list[str]:
    """Let refreshes whose time has come show; returns the products that are fresh."""
    done = [name for name, at in link.due.items() if at <= now]
    for name in done:
        at = link.due.pop(name)
        fresh = {"refreshed_at": stamp(at), "last_attempted_at": stamp(at), "error_code": None, "error_message": None}
        link.products[name] |= fresh
        link.body["last_synced_at"] = stamp(at)
    return done


def reset(sandbox: MoneyKitSandbox, request: Request, link_id: str) -> Response:
    """Source: SDK, POST /links/{id}/reset. Assumed: the code is auth_expired."""
    with sandbox.lock:
        link = sandbox.find_link(link_id, "reset")
        link.body |= {"state": "error", "error_code": "auth_expired"}
        sandbox.record_effect(request, link.id, "link_reset")
        sandbox.deliver_state(link)
        return json_response(200, link.shown())


def delete(sandbox: MoneyKitSandbox, request: Request, link_id: str) -> Response:
    """Source: SDK of 2023, 204. The record stays: half of our links then answer 410, half 200 with the state."""
    with sandbox.lock:
        link = sandbox.find_link(link_id, "delete")
        link.body |= {"state": "deleted", "error_code": None, "products": {}, "available_products": []}
        link.deleted_at = sandbox.clock.now()
        sandbox.record_effect(request, link.id, "link_deleted")
        sandbox.deliver_state(link)
        link.body |= {"webhook": None, "link_tags": []}
        return Response(204)
