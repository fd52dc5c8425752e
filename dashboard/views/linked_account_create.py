"""Choose what to make new at a provider; the form and the plan are those of any other change."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from dashboard import roles
from dashboard.services import creating

from .access import needs


@require_safe
@needs(roles.REPAIR)
def choose(request: HttpRequest) -> HttpResponse:
    """Show the kinds of accounts that can be made; reads our own database only."""
    return render(request, "dashboard/linked_account_create.html", {"kinds": creating.kinds()})
