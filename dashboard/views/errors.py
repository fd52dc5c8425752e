"""Pages for requests that cannot be answered; partial requests get the same words as a card."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return HttpResponse("This form has expired.", status=403)
