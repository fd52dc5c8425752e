"""Pages for requests that cannot be answered; partial requests get the same words as a card."""

from __future__ import annotations

import secrets
import sys
from dataclasses import dataclass, field, replace

import structlog
from django.core.cache import cache
from django.db import InterfaceError, InternalError, OperationalError, ProgrammingError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from dashboard.keyring import KeyRingProblem
from dashboard.services.audit import AuditClosed, AuditUnavailable
from dashboard.sign_in.on_record import note_refusal

from . import handovers
from .rendering import vary_by_request_type, wants_fragment


@dataclass(frozen=True, slots=True)
class Trouble:
    """What a person is told: what happened, whether anything changed, what to do."""

    status: int
    title: str
    sentence: str
    next_step: str
    icon: str = "alert-triangle"
    tone: str = "bad"
    code: str = ""
    people: list[str] = field(default_factory=list)
    # Opens in a new tab, so that a form on the page stays as it is.
    link: str = ""
    link_text: str = ""

    @property
    def request_id(self) -> str:
        """Return the id under which this request stands in our logs."""
        return str(structlog.contextvars.get_contextvars().get("request_id", ""))


BAD_REQUEST = Trouble(
    400,
    "This request could not be read",
    "A part of it was missing, too large or malformed. Nothing was changed.",
    "Go back, reload the page and try again.",
)
FORBIDDEN = Trouble(
    403,
    "You may not do this",
    "Your role does not allow it. Nothing was changed.",
    "Ask an administrator for the role that does.",
    icon="shield-lock",
    tone="warn",
)
FORM_EXPIRED = Trouble(
    403,
    "This form is from before you signed in",
    "For your protection it was not accepted. Nothing was changed and nothing was sent.",
    "Reload the page and fill it in again.",
    icon="refresh-alert",
    tone="warn",
    code="csrf",
)
NOT_FOUND = Trouble(
    404,
    "There is nothing at this address",
    "The link may be mistyped, or what it led to was never here.",
    "Search for the customer, the external id or the link id above.",
    icon="link-off",
    tone="mute",
)
TOO_MANY = Trouble(
    429,
    "Too many tries",
    "This was tried more often than a person does in a minute. Nothing was changed.",
    "Wait a minute and try again. If you were not the one who tried, tell an administrator.",
    icon="clock",
    tone="warn",
)
BROKEN = Trouble(
    500,
    "Linkdesk made a mistake",
    "The page could not be shown. If you were sending something, look at the account's timeline before you try again.",
    "Try once more. If it happens again, give the request id below to an administrator.",
)
NOT_AUDITABLE = Trouble(
    503,
    "The audit log cannot be written",
    "Linkdesk does nothing that it cannot put on record. Nothing was sent and nothing was changed.",
    "Tell an administrator now. What you typed was not kept; try again when they say so.",
    code="audit_unavailable",
)
WRITES_REFUSED = Trouble(
    503,
    "The audit log cannot be proved now",
    "Until that is put right, Linkdesk sends and changes nothing. Nothing was sent and nothing was changed.",
    "Tell an administrator now. Pages can still be read; what you typed was not kept.",
    code="audit_closed",
)
DATABASE_DOWN = Trouble(
    503,
    "The database does not answer",
    "Linkdesk cannot read or write its records at the moment.",
    "Wait a minute and try again. If you were sending something, look at the account's timeline first.",
    code="database_unavailable",
)
# PostgreSQL's code for what our role may not do: grants were taken away, or never given.
_NOT_GRANTED = "42501"
NO_PASSWORD = Trouble(
    409,
    "This account has no password",
    "So there is none to change: its owner signs in another way, or was never given one.",
    "Ask an administrator for a password.",
    icon="password",
    tone="mute",
)


def answer(request: HttpRequest, trouble: Trouble) -> HttpResponse:
    """Tell the trouble as a page; for a partial request as a card, put above the page instead of into any target."""
    context = {"trouble": trouble}
    if wants_fragment(request):
        response = render(request, "dashboard/_error_card.html", context, status=trouble.status)
        response["HX-Retarget"] = "#messages"
        response["HX-Reswap"] = "innerHTML"
        return vary_by_request_type(response)
    return vary_by_request_type(render(request, _template(request, trouble), context, status=trouble.status))


def trouble_of(exception: BaseException | None) -> Trouble | None:
    """Return what an exception means to people where it is no mistake of Linkdesk's."""
    match exception:
        case AuditClosed():
            closed = exception.closed
            return replace(WRITES_REFUSED, sentence=f"{closed.sentence} {WRITES_REFUSED.sentence}", code=closed.code)
        case AuditUnavailable():
            return NOT_AUDITABLE
        case KeyRingProblem() if str(exception).startswith("AUDIT_KEYS"):
            return NOT_AUDITABLE
        # PostgreSQL's word for a database that is read-only now is an InternalError.
        case OperationalError() | InterfaceError() | InternalError():
            return DATABASE_DOWN
        case ProgrammingError() if getattr(exception.__cause__, "sqlstate", "") == _NOT_GRANTED:
            return DATABASE_DOWN
        case _:
            return None


def _template(request: HttpRequest, trouble: Trouble) -> str:
    """Pick the page inside the shell only where the shell can be drawn: it reads the signed-in person's rights."""
    user = getattr(request, "user", None)
    is_safe = trouble.status in (403, 404, 409, 410) and user is not None and user.is_authenticated
    return "dashboard/errors/inside.html" if is_safe else "dashboard/errors/plain.html"


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return answer(request, BAD_REQUEST)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer what allauth refuses by itself; on record, as every refusal is."""
    user = getattr(request, "user", None)
    if user is not None and user.is_authenticated:
        note_refusal(request, str(exception or FORBIDDEN.title)[:200])
    return answer(request, FORBIDDEN)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return answer(request, NOT_FOUND)


def too_many(request: HttpRequest) -> HttpResponse:
    """Answer where allauth's limits on signing in and on changing passwords are reached.

    Or where it cannot count, because nothing can be written now: it takes that for a limit, too.
    """
    can_count = cache.add(f"can_count:{secrets.token_hex(8)}", True, timeout=1)
    return answer(request, TOO_MANY if can_count else DATABASE_DOWN)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer what no view could: session and person are read before any view is asked, so a dead database ends here."""
    return answer(request, trouble_of(sys.exc_info()[1]) or BROKEN)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    match = request.resolver_match
    if match is not None and match.view_name == "handover":
        return handovers.without_cookie(request)
    return answer(request, FORM_EXPIRED)


@require_safe
def no_password(request: HttpRequest) -> HttpResponse:
    """Answer where allauth sends people whose account has no password to change."""
    return answer(request, NO_PASSWORD)
