"""MoneyKit Connect, emulated: the screens in the frame, as one page where the customer says how it went.

It speaks to the page around it as the real one does. Source: `@moneykit/connect` 0.3.28, `connect-launcher`.
"""

from __future__ import annotations

import html
import json
from typing import TYPE_CHECKING

from providers.sandbox import Request, Response, json_response

from . import sandbox_sessions

if TYPE_CHECKING:
    from .sandbox import MoneyKitSandbox

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>MoneyKit Connect, emulated</title>
<style>body{font:16px system-ui;max-width:24rem;margin:15vh auto;padding:1rem}
button{display:block;width:100%;min-height:44px;margin:.75rem 0}</style></head>
<body data-token="__TOKEN__" data-origin="__ORIGIN__"><main><h1>MoneyKit Connect, emulated</h1><p>__WORDS__</p>
__BUTTONS__<button data-leave>Leave</button></main>
<script>
const {token, origin} = document.body.dataset;
const tell = (message) => parent.postMessage({moneykit: true, ...message}, origin);
tell({type: "connect.started"});
document.addEventListener("click", async (event) => {
  if ("leave" in event.target.dataset) return tell({type: "link.exit", data: {error: null}});
  if (!("grants" in event.target.dataset)) return;
  const body = JSON.stringify({token, grants: event.target.dataset.grants === "yes"});
  const answer = await fetch("finish", {method: "POST", body});
  const {link} = await answer.json();
  if (!answer.ok || link.state !== "connected") {
    const error = {error_id: "sandbox", displayed_message: "The bank refused.", request_id: null};
    return tell({type: "link.exit", data: {error}});
  }
  tell({type: "relink.complete", data: {institution: {id: link.institution_id}, link_id: link.link_id}});
});
</script></body></html>"""
_BUTTONS = """<button data-grants="yes">Sign in at the bank</button>
<button data-grants="no">Be refused by the bank</button>"""


def show(sandbox: MoneyKitSandbox, request: Request) -> Response:
    """Assumed: a session that is used or was never made is told on the page."""
    session = sandbox.sessions.get(request.query.get("linkSessionToken", ""))
    is_open = session is not None and not session.is_used
    page = _PAGE.replace("__WORDS__", "Your bank asks you to sign in." if is_open else "This session is not open.")
    page = page.replace("__BUTTONS__", _BUTTONS if is_open else "")
    page = page.replace("__TOKEN__", html.escape(request.query.get("linkSessionToken", "")))
    page = page.replace("__ORIGIN__", html.escape(request.query.get("origin", "")))
    return Response(200, page.encode(), "text/html; charset=utf-8")


def finish(sandbox: MoneyKitSandbox, request: Request) -> Response:
    try:
        told = json.loads(request.body)
        done = sandbox_sessions.finish(sandbox, str(told["token"]), grants=bool(told["grants"]))
        return json_response(200, done)
    except (ValueError, KeyError, TypeError) as error:
        return json_response(409, {"error": str(error), "link": {}})
