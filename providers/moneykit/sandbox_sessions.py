"""Link sessions of the emulator, and what the customer does with them in MoneyKit Connect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from providers.sandbox import Request, Response, json_response

from .sandbox_errors import invalid, refuse
from .sandbox_pages import Problem, json_body, raise_if, tag_problems, webhook_problems
from .sandbox_world import LinkRecord, add_link, product, stamp

if TYPE_CHECKING:
    from .sandbox import MoneyKitSandbox

Json = dict[str, Any]
# An address on this host is not registered for the app; every other is.
UNREGISTERED_HOST = "unregistered.example"


@dataclass(slots=True)
class LinkSession:
    token: str
    body: Json
    is_used: bool = False


def create(sandbox: MoneyKitSandbox, request: Request) -> Response:
    """Source: SDK, POST /link-session: 201."""
    body = json_body(request)
    raise_if(_problems(body))
    with sandbox.lock:
        existing = body.get("existing_link_id")
        link = sandbox.find_link(str(existing), "session") if existing else None
        if urlsplit(body["redirect_uri"]).hostname == UNREGISTERED_HOST:
            raise refuse("forbidden_config")
        session = LinkSession(sandbox.world.new_token(), body)
        sandbox.sessions[session.token] = session
        sandbox.record_effect(
            request,
            link.id if link else "",
            "session_opened",
            changes={name: body[name] for name in ("webhook", "link_tags", "settings") if name in body},
            secrets={"link_session_token": session.token},
        )
        return json_response(201, {"link_session_token": session.token})


def exchange(sandbox: MoneyKitSandbox, request: Request) -> Response:
    """Source: SDK, POST /link-session/exchange-token: 201."""
    token = json_body(request).get("exchangeable_token")
    with sandbox.lock:
        link = sandbox.exchangeable.pop(str(token), None)
        if link is None:
            raise refuse("bad_exchange")
        link.body |= {"state": "connected", "error_code": None}
        sandbox.record_effect(request, link.id, "token_exchanged")
        sandbox.deliver_state(link)
        return json_response(201, {"link_id": link.id, "link": link.shown()})


def find_open(sandbox: MoneyKitSandbox, token: str) -> LinkSession | None:
    session = sandbox.sessions.get(token)
    return None if session is None or session.is_used else session


def finish(sandbox: MoneyKitSandbox, token: str, *, grants: bool = True) -> Json:
    """Do what the customer does in MoneyKit Connect: reconnect the existing link, or make a new one to be exchanged."""
    with sandbox.lock:
        session = find_open(sandbox, token)
        if session is None:
            raise ValueError("There is no open session with this token.")
        session.is_used = True
        existing = session.body.get("existing_link_id")
        if existing:
            return {"link": _reconnect(sandbox, sandbox.world.links[existing], session.body, grants)}
        user = str(session.body["customer_user"]["id"])
        link = add_link(sandbox.world, sandbox.clock.now(), user, "awaiting_token_exchange")
        link.body |= {"webhook": session.body.get("webhook"), "link_tags": session.body.get("link_tags") or []}
        link.body["products"] = {name: product(name, sandbox.clock.now()) for name in ("accounts", "transactions")}
        exchangeable = sandbox.world.new_token()
        sandbox.exchangeable[exchangeable] = link
        return {"link": link.shown(), "exchangeable_token": exchangeable}


def _reconnect(sandbox: MoneyKitSandbox, link: LinkRecord, body: Json, grants: bool) -> Json:
    """Webhook and tags become exactly what the session said, so nothing if it said nothing. Source: SDK."""
    now = sandbox.clock.now()
    link.body |= {"webhook": body.get("webhook"), "link_tags": body.get("link_tags") or []}
    if grants:
        wanted = ((body.get("settings") or {}).get("products") or {}).keys()
        names = [*(link.products or {"accounts": {}, "transactions": {}}), *wanted]
        link.body["products"] = {name: product(name, now) for name in dict.fromkeys(names)}
        link.body["available_products"] = [n for n in link.body["available_products"] if n not in names]
        link.body |= {"state": "connected", "error_code": None, "last_synced_at": stamp(now)}
    else:
        link.body |= {"state": "error", "error_code": "user_oauth_denied"}
    sandbox.deliver_state(link)
    return link.shown()


def _problems(body: Json) -> list[Problem]:
    found = [*webhook_problems(body), *tag_problems(body)]
    user = body.get("customer_user")
    user_id = user.get("id") if isinstance(user, dict) else None
    if not isinstance(user_id, str) or not 4 <= len(user_id) <= 150:
        found.append((("body", "customer_user", "id"), "ensure this value has 4 to 150 characters", "value_error"))
    redirect_uri = body.get("redirect_uri")
    if not isinstance(redirect_uri, str) or not redirect_uri:
        found.append((("body", "redirect_uri"), "field required", "value_error.missing"))
    elif urlsplit(redirect_uri).query:
        raise invalid((("body", "redirect_uri"), "must not contain query parameters", "value_error"))
    return found
