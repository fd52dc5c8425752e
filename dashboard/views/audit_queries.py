"""What helps to ask the audit log: completions in the bar, and queries that people keep."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from dashboard import roles
from dashboard.forms.saved_queries import RenameQueryForm, SavedQueryForm
from dashboard.services import saved_queries
from dashboard.services.audit import Actor
from dashboard.services.audit_complete import complete
from dashboard.services.saved_queries import NameTaken
from dashboard.text import storable

from .access import needs
from .errors import NOT_FOUND, answer
from .rendering import render_page_or_fragment


@needs(roles.READ_AUDIT)
@require_safe
def audit_complete(request: HttpRequest) -> HttpResponse:
    """Offer what may follow in the query bar. It asks the index and not the log: nothing is put on record."""
    text, caret = storable(request.GET.get("q", "")), request.GET.get("caret", "")
    place = int(caret) if caret.isascii() and caret.isdigit() and len(caret) < 6 else len(text)
    context = {"completions": complete(text, place)}
    return render_page_or_fragment(
        request, "dashboard/audit_complete.html", "dashboard/_audit_completions.html", context
    )


@needs(roles.READ_AUDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def saved_query_list(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return _page(request, SavedQueryForm(initial={"text": request.GET.get("q", "")}))
    form = SavedQueryForm(request.POST)
    if not form.is_valid():
        return _page(request, form, 422)
    try:
        saved = saved_queries.create(request.user, **form.cleaned_data, actor=Actor.of(request.user))
    except NameTaken as taken:
        form.add_error("name", str(taken))
        return _page(request, form, 409)
    messages.success(request, f"The query “{saved.name}” is saved.")
    return redirect(f"{reverse('audit-entry-list')}?{urlencode({'q': saved.text})}")


@needs(roles.READ_AUDIT)
@require_POST
def saved_query_change(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Rename a query of one's own, share it or take it back; or remove it."""
    saved = saved_queries.own(request.user, pk)
    if saved is None:
        return answer(request, NOT_FOUND)
    actor = Actor.of(request.user)
    if request.POST.get("do") == "delete":
        saved_queries.delete(saved, actor=actor)
        messages.success(request, f"The query “{saved.name}” is removed.")
        return redirect("saved-query-list")
    form = RenameQueryForm(request.POST)
    if not form.is_valid():
        return _page(
            request, SavedQueryForm(), 422, mistake=" ".join(str(each) for each in form.errors.get("name", []))
        )
    try:
        saved_queries.change(saved, **form.cleaned_data, actor=actor)
    except NameTaken as taken:
        return _page(request, SavedQueryForm(), 409, mistake=str(taken))
    messages.success(request, f"The query “{saved.name}” is changed.")
    return redirect("saved-query-list")


def _page(request: HttpRequest, form: SavedQueryForm, status: int = 200, **context: Any) -> HttpResponse:
    found = saved_queries.visible_to(request.user)
    context |= {
        "form": form,
        "own": [each for each in found if each.owner_id == request.user.pk],
        "shared": [each for each in found if each.owner_id != request.user.pk],
    }
    return render_page_or_fragment(
        request, "dashboard/saved_query_list.html", "dashboard/_saved_queries.html", context, status
    )
