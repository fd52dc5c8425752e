"""Who is let past the sign-in: people whose session is alive and has seen a second factor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth import SESSION_KEY, logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.urls import reverse

from dashboard.views.rendering import wants_fragment

from . import proof, sessions

# What somebody without a second factor may open: the way to one, and out.
_TO_ENROL = {
    "second-factor-required",
    "mfa_activate_totp",
    "mfa_add_webauthn",
    "account_reauthenticate",
    "account_confirmed",
    "account_logout",
}
# What somebody may open whose session has not seen the factor they have.
_TO_CHALLENGE = {"mfa_reauthenticate", "mfa_reauthenticate_webauthn", "account_logout"}


class DoorMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        for header in ("Location", "HX-Redirect"):
            address = response.get(header, "")
            if address.partition("?")[0] == resolve_url(settings.LOGIN_URL) and _was_signed_in(request):
                mark = "&" if "?" in address else "?"
                response[header] = f"{address}{mark}why=ended" if "why=" not in address else address
        return response

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        if not request.user.is_authenticated:
            return None
        is_public = not getattr(view, "login_required", True)
        if why := sessions.why_over(request):
            request.ended_because = why  # type: ignore[attr-defined] # for the audit entry
            logout(request)
            return None if is_public else _leave(request, why)
        if not (getattr(view, "is_poll", False) and wants_fragment(request)):
            sessions.touch(request)
        return None if is_public else _second_factor(request)


def polled(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Mark a view whose fragment pages ask for by themselves: that keeps no session alive."""
    view.is_poll = True  # type: ignore[attr-defined]
    return view


def _second_factor(request: HttpRequest) -> HttpResponse | None:
    if settings.SECOND_FACTOR == "off" or proof.used_second_factor(request):
        return None
    name = request.resolver_match.view_name if request.resolver_match else ""
    types = proof.factors_of(request.user)
    if not types:
        return None if name in _TO_ENROL else _send(request, reverse("second-factor-required"))
    if name in _TO_CHALLENGE:
        return None
    question = "mfa_reauthenticate" if "totp" in types else "mfa_reauthenticate_webauthn"
    return _send(request, f"{reverse(question)}?{urlencode({'next': _here(request)})}")


def _was_signed_in(request: HttpRequest) -> bool:
    """Say whether somebody comes with a session that is no more, or whose person may not come in any more."""
    if settings.SESSION_COOKIE_NAME not in request.COOKIES or request.user.is_authenticated:
        return False
    is_gone = request.session.is_empty() and request.method != "POST"
    return is_gone or SESSION_KEY in request.session


def _leave(request: HttpRequest, why: str) -> HttpResponse:
    return _send(request, f"{resolve_url(settings.LOGIN_URL)}?{urlencode({'next': _here(request), 'why': why})}")


def _here(request: HttpRequest) -> str:
    """Return the page the person is on: of a fragment the page around it, of a form the page it leads back to."""
    if wants_fragment(request):
        return str(request.htmx.current_url_abs_path or reverse("home"))  # type: ignore[attr-defined]
    return request.get_full_path()


def _send(request: HttpRequest, address: str) -> HttpResponse:
    """Send the whole page there: fetch would follow a redirect and put that page into a card."""
    if wants_fragment(request):
        return HttpResponse(status=204, headers={"HX-Redirect": address})
    return redirect(address)
