"""The only pages for customers: the link that an agent sent opens the provider's own screens, once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

import structlog
from csp.decorators import csp_update
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_http_methods, require_safe

from dashboard import registry
from dashboard.models import Operation
from dashboard.services import handovers
from dashboard.services.audit import AuditUnavailable
from dashboard.services.handovers import Standing
from providers.base import Launcher
from providers.plan import Plan
from providers.secrets import Secret

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Words:
    """What a page for customers says: nothing of our staff, nothing of the account but the institution's name."""

    title: str
    sentence: str
    icon: str = "info-circle"
    tone: str = "mute"
    status: int = 200


_NEW_ONE = "Ask the person who sent it to you for a new one."
NOT_OURS = Words("This link is not complete", f"Copy it whole from the message. {_NEW_ONE}", "link-off", "warn", 404)
USED = Words(
    "This link was used already", f"It works only once. Not finished yet? {_NEW_ONE}", "circle-check", "info", 410
)
OVER = Words("This link has expired", f"For your safety it works for a short time. {_NEW_ONE}", "clock", "warn", 410)
LATER = Words("Not just now", "The link is still good. Please try it again in a few minutes.", "clock", "warn", 503)
NO_COOKIE = Words(
    "Please open the link again",
    "Your browser did not send back what this page had given it. Allow cookies for this site, then open the link "
    "from the message once more. The link is still good.",
    "refresh-alert",
    "warn",
    403,
)
BACK = Words("One moment", "You are being taken back to where you were.", "hourglass", "info")
_ENDED = {Standing.USED: USED, Standing.OVER: OVER}


def address_of(request: HttpRequest, operation: Operation) -> Secret | None:
    """Return the address to give to the customer, if the provider's handovers need a page of ours."""
    if handovers.launcher_of(operation) is None:
        return None
    return Secret(request.build_absolute_uri(reverse("handover", kwargs={"key": handovers.key_of(operation)})))


def for_customers(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Let anybody in who has the address, and let nobody keep or list the page."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        patch_cache_control(response, private=True, no_store=True)
        response["X-Robots-Tag"] = "noindex, nofollow"
        return response

    return login_not_required(wrapped)


@for_customers
@require_http_methods(["GET", "HEAD", "POST"])
def handover(request: HttpRequest, key: str) -> HttpResponse:
    """Show what the link is for; the button uses it. A mail program that looks at links uses nothing up."""
    found = handovers.find(key)
    if found is None:
        return _say(request, NOT_OURS)
    if found.standing is not Standing.OPEN or found.launcher is None:
        return _say(request, _ENDED.get(found.standing, OVER))
    place = found.institution or "your institution"
    if request.method != "POST":
        invitation = Words(f"Sign in at {place}", _what_for(place, found.operation), "plug-connected", "brand")
        return _say(request, invitation, may_open=True)
    try:
        session = handovers.use(found)
    except AuditUnavailable:
        log.exception("audit_unavailable")
        return _say(request, LATER)
    if session is None:
        now = handovers.find(key)
        return _say(request, _ENDED.get(now.standing, OVER) if now else NOT_OURS)
    opening = Words(f"Sign in at {place}", "The sign-in opens on this page.", "plug-connected", "brand")
    return _launch(request, opening, found.launcher, "begin", session=session)


@for_customers
@require_safe
def come_back(request: HttpRequest, integration: str) -> HttpResponse:
    """Take the customer, who signed in at an institution's own site, back into the provider's screens."""
    launcher = handovers.launcher_at(integration)
    if launcher is None:
        return _say(request, NOT_OURS)
    return _launch(request, BACK, launcher, "continue")


def without_cookie(request: HttpRequest) -> HttpResponse:
    """Answer a customer whose form came without our cookie."""
    return for_customers(_say)(request, NO_COOKIE)


def _what_for(place: str, operation: Operation) -> str:
    """Say what the customer is asked for, whether the connection has ended or only more is to be shared."""
    asked = f"You are asked to sign in at {place} once more"
    plan = Plan.from_json(operation.plan) if operation.plan else None
    more = registry.pure(operation.integration).asks_to_allow(plan) if plan else ()
    return f"{asked}, and to share more than before: {', '.join(more)}." if more else f"{asked}."


def _launch(request: HttpRequest, words: Words, launcher: Launcher, step: str, **extra: Any) -> HttpResponse:
    """Answer with the page that frames the provider's screens: no other page may, and this one no other host."""

    def page(request: HttpRequest) -> HttpResponse:
        return _say(request, words, launcher=launcher, step=step, **extra)

    framed = csp_update({"frame-src": [launcher.origin]})
    response: HttpResponse = framed(page)(request)  # type: ignore[assignment]
    # An institution's own sign-in opens a window, and tells the frame that opened it.
    response["Cross-Origin-Opener-Policy"] = "unsafe-none" if step == "continue" else "same-origin-allow-popups"
    return response


def _say(request: HttpRequest, words: Words, **extra: Any) -> HttpResponse:
    return render(request, "dashboard/handover_page.html", {"words": words, **extra}, status=words.status)
