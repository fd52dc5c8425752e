"""A person's own account: what they sign in with, and where they are signed in."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET


@require_GET
def confirmed(request: HttpRequest) -> HttpResponse:
    """Say that the person is known again; the form that asked waits in another tab."""
    return render(request, "account/confirmed.html")
