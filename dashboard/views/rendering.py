"""Page or fragment: one decision, made in one place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_cache_control, patch_vary_headers


def wants_fragment(request: HttpRequest) -> bool:
    """Say whether only a piece of the page is asked for.

    htmx 4 sends `HX-Request` when the Back button restores a page, too; only the request type tells the two apart.
    """
    return request.headers.get("HX-Request") == "true" and request.headers.get("HX-Request-Type") == "partial"


def render_page_or_fragment(
    request: HttpRequest,
    page_template: str,
    fragment_template: str,
    context: Mapping[str, Any],
    status: int = 200,
) -> HttpResponse:
    """Render the fragment for a partial request and the page around it for every other."""
    template = fragment_template if wants_fragment(request) else page_template
    response = render(request, template, dict(context), status=status)
    return vary_by_request_type(response)


def vary_by_request_type(response: HttpResponse) -> HttpResponse:
    """Tell caches that the same address answers differently to htmx."""
    patch_vary_headers(response, ["HX-Request", "HX-Request-Type"])
    return response


def holds_secret_form(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Keep the answer of a view out of every cache, the browser's for Back and Forward included."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        patch_cache_control(response, private=True, no_store=True)
        return response

    return wrapped
