"""What the emulator refuses, as data: one row for each documented error, and the envelope they come in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from providers.sandbox import Response, json_response

DOCUMENTATION = "https://docs.moneykit.com/errors/"


@dataclass(frozen=True, slots=True)
class Case:
    """One documented error. Source: contract, section 5."""

    status: int
    code: str
    message: str


CASES: dict[str, Case] = {
    "invalid_grant": Case(400, "api_error.auth.unauthorized", "Invalid grant_type"),
    "unauthorized": Case(401, "api_error.auth.unauthorized", "Client authentication failed."),
    "expired_token": Case(401, "api_error.auth.expired_access_token", "Access token expired"),
    "other_app": Case(401, "link_error.unauthorized_access", "Unauthorized link access."),
    "forbidden_action": Case(403, "link_error.forbidden_action", "Accounts access not permitted"),
    "forbidden_config": Case(
        403, "link_session_error.forbidden_config", "redirect_uri is not registered for this app."
    ),
    "not_found": Case(404, "link_error.not_found", "Link not found."),
    "no_institution": Case(404, "institution_error.not_found", "Institution not found"),
    "deleted": Case(410, "link_error.deleted", "This link was deleted at some earlier time."),
    "bad_state": Case(422, "link_error.bad_state", "This link must be reconnected before it can be used."),
    "bad_config": Case(400, "link_error.bad_config", "This link has no webhook configured."),
    "bad_exchange": Case(
        400,
        "link_session_error.invalid_token_exchange",
        "The exchangeable token is unknown, already used or expired.",
    ),
    "validation": Case(422, "api_error.request.validation_failed", "Request validation error"),
    "rate_limit": Case(429, "api_error.rate_limit_exceeded", "Rate limit exceeded"),
    "unknown_code": Case(409, "link_error.tidal_phase", "The tide of this link is out of phase."),
}


class Refusal(Exception):
    """The answer to a request that is not granted; raised anywhere, turned into a response in one place."""

    def __init__(self, case: Case, **extra: Any) -> None:
        super().__init__(case.code)
        self.case = case
        self.extra = extra

    def response(self, *, with_pages: bool) -> Response:
        """Assumed: `documentation_url` is null, as in the documented samples, or leads to a page of MoneyKit's."""
        page = f"{DOCUMENTATION}{self.case.code.replace('.', '-')}" if with_pages else None
        body = {"error_code": self.case.code, "error_message": self.case.message, "documentation_url": page}
        return json_response(self.case.status, body | self.extra)


def refuse(word: str, **extra: Any) -> Refusal:
    return Refusal(CASES[word], **extra)


def invalid(*problems: tuple[tuple[str | int, ...], str, str]) -> Refusal:
    """Return a refusal of fields: location, message and type of each. Assumed: its status is 422."""
    errors = [{"location": list(where), "message": message, "type": kind} for where, message, kind in problems]
    return refuse("validation", validation_errors=errors)


ODD_ANSWERS = {
    "busy_gateway": Response(429, b"<html><body><h1>429 Too Many Requests</h1></body></html>", "text/html"),
    "server_error": Response(500, b"<html><body><h1>500 Internal Server Error</h1></body></html>", "text/html"),
    "bad_gateway": Response(502, b"<html><body><h1>502 Bad Gateway</h1></body></html>", "text/html"),
    "empty": Response(200),
    "cut": Response(0, cut=True),
}
