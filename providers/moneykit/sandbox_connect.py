"""MoneyKit Connect, emulated: the screens in the frame, as one page where the customer says how it went.

It speaks to the page around it as the real one does, and stands at the root of its origin, because the launcher adds
its paths there and listens to that origin only. Source: `@moneykit/connect` 0.3.28.
"""

from __future__ import annotations

import html
import json
from pathlib import Path
from typing import TYPE_CHECKING

from providers.sandbox import Request, Response, json_response

from . import sandbox_sessions

if TYPE_CHECKING:
    from .sandbox import MoneyKitSandbox

ROOT_PATHS = frozenset({"/relink", "/continue", "/connect/bank", "/connect/finish"})
_CONNECT = Path(__file__).with_name("sandbox_connect.html").read_text(encoding="utf-8")
_BANK = Path(__file__).with_name("sandbox_bank.html").read_text(encoding="utf-8")


def show(sandbox: MoneyKitSandbox, request: Request) -> Response:
    """Show Connect; `redirectURL` is where a bank led back to. Assumed: a session that is not open is told here."""
    token = request.query.get("linkSessionToken", "")
    is_open = sandbox_sessions.find_open(sandbox, token) is not None
    return _page(
        _CONNECT,
        TOKEN=token,
        ORIGIN=request.query.get("origin", ""),
        BACK_AT=request.query.get("redirectURL", "") if is_open else "",
        WORDS="Your bank asks you to sign in." if is_open else "This session is not open.",
        HIDDEN="" if is_open else "hidden",
    )


def show_bank(sandbox: MoneyKitSandbox, request: Request) -> Response:
    """Show an institution's own site, which leads back to the session's `redirect_uri`."""
    session = sandbox_sessions.find_open(sandbox, request.query.get("linkSessionToken", ""))
    if session is None:
        return Response(410, b"This session is not open.", "text/plain")
    return _page(_BANK, BACK_AT=str(session.body["redirect_uri"]))


def finish(sandbox: MoneyKitSandbox, request: Request) -> Response:
    try:
        told = json.loads(request.body)
        done = sandbox_sessions.finish(sandbox, str(told["token"]), grants=bool(told["grants"]))
        return json_response(200, done)
    except (ValueError, KeyError, TypeError) as error:
        return json_response(409, {"error": str(error), "link": {}})


def _page(page: str, **texts: str) -> Response:
    for name, text in texts.items():
        page = page.replace(f"__{name}__", html.escape(text))
    return Response(200, page.encode(), "text/html; charset=utf-8")
