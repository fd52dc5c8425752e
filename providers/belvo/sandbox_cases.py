"""What Belvo may refuse, as data: the word that is typed as a password (or that a link carries) names the answer.

Words may be typed with `_` or `-`. The short ones fit the 16 characters that the older sandbox institutions allow.
Source of statuses, codes and messages: Belvo OAS 1.223.0 and its page "API and Widget Errors".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from providers.sandbox import Response, json_response
from providers.sandbox_faults import BLOCKED_HTML

LOGIN = "login_error"
UNSUPPORTED_RESPONSE = (
    "Belvo is unable to process the request due to an internal system issue or to an unsupported response "
    "from an institution"
)
MANY_SESSIONS = "Impossible to login, a session is already opened with the institution for these credentials"


@dataclass(frozen=True, slots=True)
class Case:
    """One documented refusal. `extra` has keys beside code, message and request id; a `message` of None is left out."""

    status: int
    code: str
    message: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


def _field(code: str, message: str, name: str) -> Case:
    return Case(400, code, message, {"field": name})


CASES: dict[str, Case] = {
    # login_error: seven causes, told apart by the message alone, and one that nobody documented
    "pass_invalid": Case(400, LOGIN, "Invalid credentials provided to login to the institution"),
    "not_attempted": Case(400, LOGIN, "Login not attempted due to invalid credentials"),
    "missing": Case(400, LOGIN, "Missing credentials to login to the institution"),
    "locked_account": Case(
        400, LOGIN, "The user account is locked, user needs to contact the institution to unlock it"
    ),
    "forbidden": Case(400, LOGIN, "The user account access was forbidden by the institution"),
    "mfa_unsupported": Case(
        400, LOGIN, "A MFA token is required by the institution, but it's not supported yet by Belvo."
    ),
    "try_later": Case(
        400,
        LOGIN,
        "Impossible to login, something unexpected happened while logging into the institution. Try again later.",
    ),
    "unknown_login": Case(400, LOGIN, "The branch of this account asks its customers to visit in person"),
    # the state of the link, of the institution, of the person's other sessions
    "too_many_sessions": Case(400, "too_many_sessions", MANY_SESSIONS),
    "session_expired": Case(
        400,
        "session_expired",
        "The session you are trying to resume has expired, please start again from register/retrieve endpoint",
    ),
    "session_expired_ob": Case(400, "session_expired_ob"),
    "institution_down": Case(400, "institution_down", "The financial institution is down, try again later"),
    "institution_unavailable": Case(400, "institution_unavailable", "The financial institution is unavailable"),
    "institution_inactive": Case(400, "institution_inactive", "The institution has been temporarily deactivated"),
    "invalid_link": Case(400, "invalid_link", "The link has been invalidated. You may need to update link credentials"),
    "unconfirmed_link": Case(400, "unconfirmed_link", "The link creation has not been completed yet"),
    "activation_failed": Case(
        400, "activation_failed", "The credentials provided were not accepted by the institution."
    ),
    # Assumed: a challenge without a session is not documented.
    "no_session": Case(428, "token_required", "A MFA token is required by the institution to login"),
    "activation_required": Case(428, "activation_required", "This user doesn't have web access activated yet."),
    "unavailable_data": Case(400, "unavailable_data", "The institution did not return any data for the request."),
    "unsupported_operation": Case(
        400, "unsupported_operation", "The resource you are trying to access is not supported by this institution"
    ),
    "operational_limits_reached": Case(
        400, "operational_limits_reached", "The institution has reached its operational limits"
    ),
    # the request
    "validation_error": Case(400, "validation_error", "Bad request"),
    "required": _field("required", "This field is required.", "password2"),
    "null": _field("null", "This field may not be null.", "password"),
    "blank": _field("blank", "This field may not be blank.", "password"),
    "invalid": _field("invalid", "Invalid format.", "password"),
    "invalid_choice": _field("invalid_choice", '"999" is not a valid choice.', "username_type"),
    "not_a_list": Case(400, "not_a_list", 'Expected a list but got type "str".'),
    "parse_error": Case(
        400,
        "parse_error",
        "JSON parse error - Expecting property name enclosed in double quotes: line 3 column 1 (char 54)",
    ),
    "does_not_exist": _field("does_not_exist", "Object with name=narnia does not exist.", "institution"),
    "duplicated": Case(
        400,
        "duplicated",
        "Link already exists",
        {"institution_user_id": "54UA7FkZiz69s_v_BHk0j17NLuVGSJYR4m6ZaSBnovc="},
    ),
    "invalid_credentials_storage": Case(
        400, "invalid_credentials_storage", "Recurrent links must store the credentials"
    ),
    "invalid_fetch_resources": Case(
        400, "invalid_fetch_resources", "Single links without stored credentials must fetch resources"
    ),
    "invalid_period": Case(400, "invalid_period", "The period between the dates must be at least 90 days"),
    # keys, permissions, quotas
    "authentication_failed": Case(401, "authentication_failed", "Invalid Secret Keys"),
    "consent_without_accounts": Case(
        401,
        "consent_without_accounts",
        "Information cannot be retrieved as the consent has no associated accounts",
    ),
    "access_to_resource_denied": Case(403, "access_to_resource_denied", "You don't have access to this resource."),
    "access_to_production_denied": Case(403, "access_to_production_denied", "You don’t have access to production API."),
    # Assumed: the body of permission_denied is not documented; the usual envelope.
    "permission_denied": Case(403, "permission_denied", "You do not have permission to perform this action."),
    "quota_limit_reached": Case(403, "quota_limit_reached", "The quota limit has been reached."),
    # the rest of the statuses
    "not_found": Case(404, "not_found", "Not found."),
    "expired_credentials": Case(404, "expired_credentials", "The credentials of this link have expired"),
    "many_sessions_404": Case(404, "too_many_sessions", MANY_SESSIONS),
    "method_not_allowed": Case(405, "method_not_allowed", 'Method "PATCH" not allowed.'),
    "request_timeout": Case(
        408,
        "request_timeout",
        "The request timed out, you can retry asking for less data by changing your query parameters",
    ),
    "link_refreshed": Case(
        409, "link_refreshed", "The link has already been refreshed. Please wait 7 minutes before trying again."
    ),
    # Assumed: the body of a 429 is not documented.
    "too_many_requests": Case(429, "too_many_requests", "Too Many Requests"),
    "unexpected_error": Case(500, "unexpected_error", UNSUPPORTED_RESPONSE),
    "service_unavailable": Case(500, "service_unavailable", UNSUPPORTED_RESPONSE),
    "unknown_code": Case(400, "tidal_phase_mismatch", "The tide of this institution is out of phase"),
}

# Other words for the same rows: shorter, or those of the owner's documents and of Belvo's sandbox page. Those the demo
# names do not stand in Belvo's sentences: a careful client hides a typed password wherever it is echoed.
ALSO: dict[str, str] = {
    "wrong": "pass_invalid",
    "invalid_password": "pass_invalid",
    "locked": "locked_account",
    "account_locked": "locked_account",
    "many_sessions": "too_many_sessions",
    "forbidden_access": "forbidden",
    "missing_data": "missing",
    "bank_unavailable": "institution_unavailable",
    "not_activated": "activation_required",
    "over_quota": "quota_limit_reached",
    "unavailable": "institution_unavailable",
    "inactive": "institution_inactive",
    "activate": "activation_required",
    "limits_reached": "operational_limits_reached",
    "expired": "expired_credentials",
    "timeout": "request_timeout",
    "quota": "quota_limit_reached",
    "no_accounts": "consent_without_accounts",
    "no_permission": "permission_denied",
    "no_access": "access_to_resource_denied",
    "no_production": "access_to_production_denied",
    "our_keys": "authentication_failed",
    "too_many": "too_many_requests",
    "unexpected": "unexpected_error",
    "no_service": "service_unavailable",
}


class Refusal(Exception):
    """The answer to a request that is not granted; raised anywhere, turned into a response in one place."""

    def __init__(self, *cases: Case, raw: Response | None = None, bare: bool = False) -> None:
        super().__init__(", ".join(case.code for case in cases))
        self.cases = cases
        self.raw = raw
        self.bare = bare

    def response(self, request_id: str) -> Response:
        """Return the documented envelope: an array of objects that share one request id, or a bare object."""
        if self.raw is not None:
            return self.raw
        items = [_envelope(case, request_id) for case in self.cases]
        return json_response(self.cases[0].status, items[0] if self.bare else items)


def refuse(word: str) -> Refusal:
    """Return the refusal of a row of `CASES`."""
    return Refusal(CASES[word])


def normal_word(typed: object) -> str:
    """Return the word in what was typed: `locked-account--anything` is `locked_account`, so each try can be unique."""
    return str(typed).strip().lower().replace("-", "_").partition("__")[0]


def refusal_for(typed: object, *, old_shapes: bool = False) -> Refusal | None:
    """Return what a typed word leads to, or None if it is a password like any other.

    An institution with `old_shapes` answers as the API of 2021: its "too many sessions" is a 404.
    """
    word = normal_word(typed)
    word = ALSO.get(word, word)
    if word == "too_many_sessions" and old_shapes:
        return Refusal(CASES["many_sessions_404"])
    if word.startswith("echo"):
        return Refusal(Case(400, LOGIN, f"Invalid credentials provided to login to the institution: {typed}"))
    if word in CASES:
        return Refusal(CASES[word])
    return odd_shapes().get(word)


def odd_shapes() -> dict[str, Refusal]:
    """Return the answers that are not an array of one object."""
    bad_gateway = b"<html><body><h1>502 Bad Gateway</h1></body></html>"
    return {
        "two_errors": Refusal(CASES["required"], CASES["invalid"]),
        "bare_object": Refusal(CASES["pass_invalid"], bare=True),
        "blocked": Refusal(raw=Response(403, BLOCKED_HTML.encode(), "text/html")),
        "proxy_error": Refusal(raw=Response(502, bad_gateway, "text/html")),
        "no_reason": Refusal(raw=Response(401)),
        "empty": Refusal(raw=Response(200)),
        "cut_before": Refusal(raw=Response(0, cut=True)),
    }


def _envelope(case: Case, request_id: str) -> dict[str, Any]:
    message = {} if case.message is None else {"message": case.message}
    return {"code": case.code, **message, "request_id": request_id, **case.extra}
