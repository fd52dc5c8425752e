"""Exports of the audit log: ask for one, watch it being made, take the file, see all that there were."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from dashboard import roles, signing, tasks
from dashboard.forms.audit_exports import AuditExportForm
from dashboard.models import AuditExport
from dashboard.services import audit_exports, audit_search
from dashboard.services.access_log import record_read
from dashboard.services.audit import Actor
from dashboard.services.keyset import Sort, as_moment, page
from dashboard.sign_in.door import polled

from .access import needs
from .errors import Trouble, answer
from .rendering import render_page_or_fragment, wants_fragment

PAGE_SIZE = 50
_NEWEST_FIRST = Sort(F("asked_at"), True, as_moment)
_TYPES = {".zip": "application/zip", ".csv": "text/csv; charset=utf-8", ".html": "text/html; charset=utf-8"}
State = AuditExport.State


@dataclass(frozen=True, slots=True)
class Shown:
    """A state as people see it: icon and tone."""

    icon: str
    tone: str


STATES = {
    State.WAITING: Shown("hourglass", "mute"),
    State.RUNNING: Shown("refresh", "info"),
    State.DONE: Shown("circle-check", "ok"),
    State.FAILED: Shown("alert-triangle", "bad"),
    State.EXPIRED: Shown("trash", "mute"),
}
FORM_WORDS: dict[str, str] = {
    AuditExport.Form.BUNDLE: "Every stored column as JSON Lines, digests, a manifest and a signature: whoever has our"
    " public key can check it with the network off. Customers are pseudonyms. No limit.",
    AuditExport.Form.CSV: "A row an entry, for reading and sorting. It proves nothing by itself. Customers are"
    " pseudonyms. No limit in the file; a spreadsheet shows the first 1,048,576 rows and 32,767 characters a cell.",
    AuditExport.Form.REPORT: "A page to print or keep as PDF: the query, the state of the chain, the entries with their"
    " changes, and beside pseudonyms the names as known when it is made."
    f" {audit_exports.REPORT_MAX_ENTRIES:,} entries at most; more is refused, never cut.",
}
NOT_READY = Trouble(
    409,
    "This export has no file to download",
    "It is not ready, it failed, or its time is over and the file was removed. Nothing was changed.",
    "Open the export to see how it stands, or ask for it anew.",
    icon="hourglass",
    tone="warn",
)
NOT_WHOLE = Trouble(
    409,
    "The file is not what was written",
    "It is missing, or its SHA-256 is another one than was recorded when it was made. It was not handed out, and that"
    " is on record.",
    "Ask for the export anew, and tell an administrator to find out who reaches the folder of exports.",
    code="export_changed",
)


@needs(roles.READ_AUDIT)
@require_safe
def audit_export_list(request: HttpRequest) -> HttpResponse:
    found = page(
        AuditExport.objects.all(),
        _NEWEST_FIRST,
        size=PAGE_SIZE,
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
    )
    # What was exported says what was looked for.
    record_read(Actor.of(request.user), None, "audit.read")
    rows = [(export, STATES[State(export.state)]) for export in found.rows]
    context = {"rows": rows, "after": found.after, "before": found.before}
    return render(request, "dashboard/audit_export_list.html", context)


@needs(roles.READ_AUDIT, recent=True)
@require_http_methods(["GET", "HEAD", "POST"])
def audit_export_create(request: HttpRequest) -> HttpResponse:
    is_sent = request.method == "POST"
    values = (request.POST if is_sent else request.GET).copy()
    values.setdefault("form", AuditExport.Form.BUNDLE)
    form = AuditExportForm(values, actions=audit_search.actions())
    if not is_sent or not form.is_valid():
        return _form_page(request, form, 422 if is_sent else 200)
    try:
        export = audit_exports.ask(Actor.of(request.user), form.cleaned_data["form"], form.chosen())
    except audit_exports.TooMany as limit:
        form.add_error(None, str(limit))
        return _form_page(request, form, 422)
    transaction.on_commit(tasks.make_exports)
    return redirect("audit-export-detail", export.pk)


@polled
@needs(roles.READ_AUDIT)
@require_safe
def audit_export_detail(request: HttpRequest, pk: str) -> HttpResponse:
    export = get_object_or_404(AuditExport, pk=pk)
    if not wants_fragment(request):
        record_read(Actor.of(request.user), lambda: audit_exports.target(export), "audit.export_read")
    context = {"export": export, "shown": STATES[State(export.state)], "public_keys": signing.public_keys()}
    return render_page_or_fragment(
        request, "dashboard/audit_export_detail.html", "dashboard/_audit_export.html", context
    )


@needs(roles.READ_AUDIT, recent=True)  # type: ignore[arg-type]
@require_safe
def audit_export_file(request: HttpRequest, pk: str) -> HttpResponseBase:
    """Hand out the file; a report opens in the browser, to be printed."""
    export = get_object_or_404(AuditExport, pk=pk)
    if export.state != State.DONE:
        return answer(request, NOT_READY)
    try:
        file = audit_exports.open_file(export, Actor.of(request.user))
    except audit_exports.FileChanged:
        return answer(request, NOT_WHOLE)
    suffix = f".{export.file_name.rpartition('.')[2]}"
    response = FileResponse(
        file,
        as_attachment=export.form != AuditExport.Form.REPORT,
        filename=export.file_name,
        content_type=_TYPES[suffix],
    )
    response["Cache-Control"] = "private, no-store"
    return response


def _forms(chosen: str) -> list[tuple[str, str, str, bool]]:
    """Return each form of a file: value, name, what it is and what limits it has, and whether it is chosen."""
    return [(value, name, FORM_WORDS[value], value == chosen) for value, name in AuditExport.Form.choices]


def _form_page(request: HttpRequest, form: AuditExportForm, status: int) -> HttpResponse:
    context = {"form": form, "forms": _forms(form["form"].value()), "kept_days": settings.EXPORTS_KEPT_DAYS}
    return render(request, "dashboard/audit_export_create.html", context, status=status)
