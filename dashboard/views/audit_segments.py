"""The segments of the audit log: which are closed, which may leave, and the way there."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from dashboard import roles, tasks
from dashboard.forms.approvals import AskForm
from dashboard.models import Approval, AuditExport, AuditHead, AuditSegment, User
from dashboard.services import approvals, audit_exports, audit_release, audit_segments
from dashboard.services.audit import Actor

from .access import needs
from .errors import Trouble, answer
from .post_only import post_only

_MAX_SEQ = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Shown:
    """How a segment stands: in words, with icon and tone."""

    word: str
    icon: str
    tone: str


@needs(roles.READ_AUDIT)
@require_safe
def audit_segment_list(request: HttpRequest) -> HttpResponse:
    segments = list(AuditSegment.objects.all())
    waiting = set(Approval.objects.pending().filter(subject=audit_release.ACTION).values_list("subject_id", flat=True))
    last = AuditHead.objects.values_list("seq", flat=True).first() or 0
    context = {
        "rows": [(segment, _shown(segment, is_asked=segment.month in waiting)) for segment in segments],
        "open_from": segments[0].last_seq + 1 if segments else 1,
        "open_to": last,
        "kept_months": settings.AUDIT_KEPT_MONTHS,
    }
    return render(request, "dashboard/audit_segment_list.html", context)


@needs(roles.READ_AUDIT)
@require_safe
def audit_segment_detail(request: HttpRequest, pk: str) -> HttpResponse:
    return _page(request, _segment(pk))


@post_only("audit-segment-detail")
@needs(roles.READ_AUDIT, recent=True)
def audit_segment_export(request: HttpRequest, pk: str) -> HttpResponse:
    """Ask for the bundle without which a segment cannot leave."""
    segment = _segment(pk)
    if segment.removed_at:
        return _page(request, segment, status=409, problem="It has left the log already: there is nothing to export.")
    try:
        export = audit_exports.ask(Actor.of(request.user), AuditExport.Form.BUNDLE, audit_segments.filters_of(segment))
    except audit_exports.TooMany as limit:
        return _page(request, segment, status=409, problem=str(limit))
    transaction.on_commit(tasks.make_exports)
    return redirect("audit-export-detail", export.pk)


@post_only("audit-segment-detail")
@needs(roles.READ_AUDIT, recent=True)
def audit_segment_release(request: HttpRequest, pk: str) -> HttpResponse:
    """Release a segment for removal, or ask a second person to agree."""
    segment = _segment(pk)
    form = AskForm(request.POST)
    if not form.is_valid():
        return _page(request, segment, status=422, form=form)
    said = form.cleaned_data
    try:
        approval = audit_release.ask(segment, actor=_reader(request), reason=said["reason"], ticket=said["ticket"])
    except approvals.CannotPerform as trouble:
        return _page(request, segment, status=409, form=form, problem=str(trouble))
    if approval is not None:
        messages.success(request, "Nothing is removed: a second person has to agree.")
        return redirect("approval-detail", approval.pk)
    messages.success(request, "Released. Its entries stay until the command on the server removes them.")
    return redirect("audit-segment-detail", segment.month)


@post_only("audit-segment-detail")
@needs(roles.READ_AUDIT, recent=True)
def audit_segment_keep(request: HttpRequest, pk: str) -> HttpResponse:
    """Take a release back; whoever reads the log may."""
    if audit_release.keep(_segment(pk), actor=_reader(request)):
        messages.success(request, "It stays: the release is taken back.")
    else:
        messages.warning(request, "It was not released any more. Nothing was changed.")
    return redirect("audit-segment-detail", pk)


def answer_gone(request: HttpRequest, seq: int) -> HttpResponse:
    """Answer for an entry that is not there: it has left the log, and where it went, or it never was."""
    segment = audit_segments.removed_with(min(seq, _MAX_SEQ))
    if segment is None:
        raise Http404
    trouble = Trouble(
        410,
        f"Entry {seq} has left the log",
        f"It belonged to the segment {segment.month}, which was removed after its export was checked.",
        f"The export has it: look for the file with the SHA-256 {segment.export_sha256}.",
        icon="trash",
        tone="mute",
        link=reverse("audit-segment-detail", args=[segment.month]),
        link_text=f"Segment {segment.month}",
    )
    return answer(request, trouble)


def _page(
    request: HttpRequest, segment: AuditSegment, *, status: int = 200, form: AskForm | None = None, problem: str = ""
) -> HttpResponse:
    pending = approvals.pending_of(audit_release.ACTION, segment.month)
    context = {
        "segment": segment,
        "shown": _shown(segment, is_asked=pending is not None),
        "mac": bytes(segment.last_mac).hex(),
        "leaves_in": audit_segments.leaves_in(segment),
        "export": audit_segments.newest_export(segment),
        "why_not": audit_release.why_not_release(segment),
        "needs_second": approvals.is_needed(audit_release.ACTION),
        "pending": pending,
        "form": form or AskForm(),
        "problem": problem,
    }
    return render(request, "dashboard/audit_segment_detail.html", context, status=status)


def _shown(segment: AuditSegment, *, is_asked: bool) -> Shown:
    if segment.removed_at:
        return Shown("Removed", "trash", "mute")
    if segment.released_at:
        return Shown("Released for removal", "alert-triangle", "warn")
    if is_asked:
        return Shown("Waits for a second person", "hourglass", "warn")
    if audit_segments.is_old_enough(segment):
        return Shown("May leave", "clock", "info")
    return Shown("Kept", "shield-check", "ok")


def _segment(month: str) -> AuditSegment:
    return get_object_or_404(AuditSegment, month=month)


def _reader(request: HttpRequest) -> User:
    """Return who is signed in; nobody else gets past `needs`."""
    assert isinstance(request.user, User)  # noqa: S101 - for the type checker
    return request.user
