"""The access review: every person, role and right with its last use, to read, to print, and to take along."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from dashboard import roles
from dashboard.services import access_review
from dashboard.services.access_log import record_read
from dashboard.services.audit import Actor

from .access import needs_any


@needs_any(roles.MANAGE_STAFF, roles.READ_AUDIT)
@require_safe
def access_review_page(request: HttpRequest) -> HttpResponse:
    found = access_review.list_page(after=request.GET.get("after", ""), before=request.GET.get("before", ""))
    record_read(Actor.of(request.user), None, access_review.READ)
    context = {
        "people": [access_review.reviewed(person) for person in found.rows],
        "after": found.after,
        "before": found.before,
    }
    return render(request, "dashboard/access_review.html", context)


@needs_any(roles.MANAGE_STAFF, roles.READ_AUDIT, recent=True)
@require_safe
def access_review_file(request: HttpRequest) -> Any:
    access_review.record_taken(Actor.of(request.user))
    answer = StreamingHttpResponse(access_review.as_csv(), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="access-review.csv"'
    return answer
