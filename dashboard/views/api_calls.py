"""One line of the call log as code to paste."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from dashboard import registry, roles
from dashboard.models import ApiCall
from dashboard.services.access_log import record_read
from dashboard.services.audit import Actor, Target
from providers.as_code import code_of, of_log

from .access import needs
from .rendering import render_page_or_fragment


@require_safe
@needs(roles.VIEW)
def code(request: HttpRequest, number: int) -> HttpResponse:
    """Show a call as curl and as Python; secrets were never kept, so they are named instead."""
    call = get_object_or_404(ApiCall.objects.select_related("account"), pk=number)
    if call.account is not None:
        record_read(Actor.of(request.user), Target.of(call.account), "account.read")
    written = None
    if call.integration in registry.integrations():
        shown = of_log(call.method, call.path, call.request_headers, call.request_body)
        written = code_of(shown, registry.pure(call.integration).signing(), call.integration)
    context = {"call": call, "code": written, "key": str(call.pk)}
    return render_page_or_fragment(request, "dashboard/api_call_code.html", "dashboard/_code.html", context)
