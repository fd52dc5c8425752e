"""Words that, typed as the value of any config, give another answer; the emulator's table of refusals."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any

from providers.sandbox import Response
from providers.sandbox_faults import BLOCKED_HTML


@dataclass(frozen=True)
class Case:
    """One answer. `{handle}`, `{type}` and `{value}` in a text are those of the config that the word stood in."""

    status: int
    body: Any = None
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)

    def response(self, *, now: datetime, **words: str) -> Response:
        raw = self.body if isinstance(self.body, str) else "" if self.body is None else json.dumps(self.body)
        for name, word in words.items():
            raw = raw.replace(f"<{name}>", word if isinstance(self.body, str) else json.dumps(word)[1:-1])
        headers = {name: value or _http_date(now) for name, value in self.headers.items()}
        return Response(self.status, raw.encode(), self.content_type, tuple(headers.items()))


class Refusal(Exception):
    """Ends a request with an answer."""

    def __init__(self, case: Case, **words: str) -> None:
        super().__init__(case.status)
        self.case, self.words = case, words


def _http_date(now: datetime) -> str:
    return format_datetime(now + timedelta(seconds=3), usegmt=True)


def spring(status: int, error: str, path: str = "/connections/<id>") -> dict[str, Any]:
    """Return the shape of an error of Spring Boot, the vendor's stack."""
    return {"timestamp": "2026-04-20T10:15:31.000+00:00", "status": status, "error": error, "path": path}


REQUIRED = Case(400, {"error": "Config '<handle>' is required for connection type '<type>'."})
UNKNOWN_HANDLE = Case(400, {"success": False, "error": "Unknown config handle '<handle>'."})
TYPE_CHANGED = Case(400, {"error": "The connection type cannot be changed."})
NOT_JSON = Case(400, spring(400, "Bad Request"))
UNAUTHORISED = Case(401, {"error": "Unauthorized"})
UNAUTHORISED_BARE = Case(401)
WRONG_KIND = Case(403, {"error": "This endpoint requires an Account level API token."})
NOT_FOUND = Case(404, {"error": "Connection Not Found"})
NO_PAGE = Case(404, spring(404, "Not Found"))
NO_METHOD = Case(405, spring(405, "Method Not Allowed"))
SIGN_IN = Case(200, "<!DOCTYPE html><html><head><title>Sign in</title></head><body></body></html>", "text/html")
TOO_MANY = Case(429, {"error": "Too Many Requests"})

# Typed as a value, in a PUT or a POST. Those of EFFECTS do something beside.
CASES: Mapping[str, Case] = {
    "case-required": REQUIRED,
    "case-unknown": UNKNOWN_HANDLE,
    "case-rejected": Case(400, {"message": "The value of <handle> is not accepted."}),
    "case-echo": Case(400, {"error": "Cannot use <value> for '<handle>'."}),
    "case-list": Case(400, {"errors": [{"message": "<handle> is too short"}, "Something else is wrong, too."]}),
    "case-map": Case(422, {"errors": {"<handle>": ["has a wrong form"]}}),
    "case-object": Case(400, {"error": {"message": "<handle> has a wrong form"}}),
    "case-text": Case(400, "The server did not like <handle>.", "text/plain"),
    "case-page": Case(400, "<html><body><h1>Bad request</h1></body></html>", "text/html"),
    "case-empty": Case(400),
    "case-unauthorised": UNAUTHORISED,
    "case-forbidden": WRONG_KIND,
    "case-gone": NOT_FOUND,
    "case-spring": NO_PAGE,
    "case-method": NO_METHOD,
    "case-large": Case(413, "Payload too large", "text/plain"),
    "case-teapot": Case(418, "short and stout", "text/plain"),
    "case-busy": Case(429, {"error": "Too Many Requests"}, headers={"Retry-After": "3"}),
    "case-busy-date": Case(429, {"error": "Too Many Requests"}, headers={"Retry-After": ""}),
    "case-busy-bare": Case(429),
    "case-busy-long": Case(429, "busy", "text/plain", headers={"Retry-After": "120"}),
    "case-broken": Case(500, spring(500, "Internal Server Error")),
    "case-gateway": Case(502, BLOCKED_HTML.replace("403 Forbidden", "502 Bad Gateway"), "text/html"),
    "case-maintenance": Case(503),
    "case-sign-in": SIGN_IN,
}
# Applied, and then another answer than the connection.
APPLIED: Mapping[str, Case | None] = {
    "case-broken-after": Case(500, spring(500, "Internal Server Error")),
    "case-nothing-after": Case(200),
    "case-page-after": SIGN_IN,
    "case-nonsense-after": Case(200, []),
    "case-success-false": Case(200, {"success": False, "error": "Not quite."}),
    "case-cut-after": None,
}
SLOW = "case-slow"
CUT = "case-cut"
