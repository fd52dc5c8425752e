"""What every answer has in common: cache rules, the way to the sign-in page, and no audit log means no service."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import resolve_url
from django.utils.cache import patch_cache_control

from dashboard.views import errors
from dashboard.views.rendering import wants_fragment

log = structlog.get_logger(__name__)
METHODS = ("GET", "HEAD", "POST")


class MethodMiddleware:
    """Refuse every method that no page asks for: views of Django's and allauth's take PUT for POST, and DELETE."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request) if request.method in METHODS else HttpResponseNotAllowed(METHODS)


class PageMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if wants_fragment(request) and _leads_to_sign_in(response):
            response = _sign_in_from_fragment(request)
        if response.get("Content-Type", "").startswith("text/html") and "Cache-Control" not in response:
            patch_cache_control(response, private=True, no_cache=True)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        trouble = errors.trouble_of(exception)
        if trouble is None:
            return None
        log.error(trouble.code, exc_info=exception)
        return errors.answer(request, trouble)


def _leads_to_sign_in(response: HttpResponse) -> bool:
    location = response.get("Location", "")
    return response.status_code == 302 and location.partition("?")[0] == resolve_url(settings.LOGIN_URL)


def _sign_in_from_fragment(request: HttpRequest) -> HttpResponse:
    """Send the whole page to the sign-in: fetch would follow the redirect and put the form into a card."""
    page = getattr(request, "htmx", None) and request.htmx.current_url_abs_path  # type: ignore[attr-defined]
    query = f"?{urlencode({'next': page})}" if page else ""
    return HttpResponse(status=204, headers={"HX-Redirect": resolve_url(settings.LOGIN_URL) + query})
