"""Requests for a second person: all of them, one with its whole story, and what can be decided."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from dashboard import roles
from dashboard.forms.approvals import AloneForm, ApprovalFilter, NoteForm
from dashboard.models import Approval, User
from dashboard.models.approval import ApprovalState
from dashboard.services import approval_search, approvals
from dashboard.services.access_log import record_read
from dashboard.services.approvals import Decided, NotDecided
from dashboard.services.audit import Actor, Target
from dashboard.sign_in.door import polled

from .access import deny, needs
from .approval_display import card_of, state_of
from .post_only import post_only
from .rendering import render_page_or_fragment, wants_fragment

# Whoever may ask for something sees at least their own requests.
MAY_LOOK = (roles.REPAIR, roles.APPROVE, roles.READ_AUDIT, roles.MANAGE_STAFF)
# With their whole diff, so that two presses are enough; the others are one press further, in the list.
CARDS_SHOWN = 5


@needs(roles.VIEW)
@require_safe
def approval_list(request: HttpRequest) -> HttpResponse:
    person = _person(request)
    if not any(person.has_perm(permission) for permission in MAY_LOOK):
        return deny(request, roles.APPROVE)
    form = ApprovalFilter(request.GET)
    form.is_valid()
    filters = {name: value for name, value in form.cleaned_data.items() if value}
    after, before = request.GET.get("after", ""), request.GET.get("before", "")
    found = approval_search.list_page(person, filters, after=after, before=before)
    waiting = [] if filters or after or before else list(_with_operation().filter(pk__in=_first_to_decide(person)))
    if waiting:
        # Each of these shows as much as its own page does.
        record_read(Actor.of(person), None, "approval.read")
    context = {
        "form": form,
        "is_filtered": bool(filters),
        "cards": [card_of(approval, person) for approval in waiting],
        "rows": [(approval, state_of(approval)) for approval in found.rows],
        "sees_all": any(person.has_perm(permission) for permission in approval_search.SEES_ALL),
        "after": found.after,
        "before": found.before,
        "mistakes": [f"{form[name].label}: {message}" for name, each in form.errors.items() for message in each],
    }
    return render(request, "dashboard/approval_list.html", context)


@polled
@needs(roles.VIEW)
@require_safe
def approval_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show one request as it stands: also long after it has ended."""
    approval = _visible(request, pk)
    if not wants_fragment(request):
        _record_look(request, approval)
    return _page(request, approval)


@post_only("approval-detail")
@needs(roles.APPROVE, recent=True)
def approval_approve(request: HttpRequest, pk: UUID) -> HttpResponse:
    approval = _visible(request, pk)
    form = NoteForm(request.POST)
    if not form.is_valid():
        return _page(request, approval, status=422, note=form)
    answer = approvals.approve(approval, actor=_person(request), note=form.cleaned_data["note"])
    return _told(request, answer, "Approved, and it is carried out now.", "Approved. The secret is typed next.")


@post_only("approval-detail")
@needs(roles.APPROVE, recent=True)
def approval_decline(request: HttpRequest, pk: UUID) -> HttpResponse:
    approval = _visible(request, pk)
    form = NoteForm(request.POST, is_refusal=True)
    if not form.is_valid():
        return _page(request, approval, status=422, note=form)
    answer = approvals.decline(approval, actor=_person(request), note=form.cleaned_data["note"])
    return _told(request, answer, "Declined. Nothing was sent, and your note is shown to who asked.")


@post_only("approval-detail")
@needs(roles.VIEW)
def approval_withdraw(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Take one's own request back; whose it is the service knows."""
    answer = approvals.withdraw(_visible(request, pk), actor=_person(request))
    return _told(request, answer, "Withdrawn. Nothing was sent.")


@needs(roles.VIEW, recent=True)
@require_http_methods(["GET", "HEAD", "POST"])
def approval_alone(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Go on without a second person: asked once more, with a reason, and everybody concerned is told."""
    approval = _visible(request, pk)
    person = _person(request)
    is_own = approval.requester_id == person.pk and approval.state == ApprovalState.OPEN
    if not is_own or approvals.why_never_alone(approval):
        return redirect("approval-detail", pk=approval.pk)
    if request.method != "POST":
        _record_look(request, approval)
    form = AloneForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        answer = approvals.go_alone(approval, actor=person, reason=form.cleaned_data["reason"])
        return _told(
            request,
            answer,
            "You went on alone, and it is carried out now. Approvers, auditors and administrators are told.",
            "You went on alone. Type the secret next. Approvers, auditors and administrators are told.",
        )
    context = {"card": card_of(approval, person), "approval": approval, "form": form}
    status = 422 if form.is_bound else 200
    return render(request, "dashboard/approval_alone.html", context, status=status)


def _told(request: HttpRequest, answer: Decided | NotDecided, words: str, words_for_secret: str = "") -> HttpResponse:
    """Lead to the request's page, which says what came of it."""
    approval = answer.approval
    if isinstance(answer, NotDecided):
        messages.warning(request, answer.why)
    elif approval.state == ApprovalState.APPROVED:
        messages.success(request, words_for_secret)
    else:
        messages.success(request, words)
    return redirect("approval-detail", pk=approval.pk)


def _page(request: HttpRequest, approval: Approval, *, status: int = 200, note: NoteForm | None = None) -> HttpResponse:
    card = card_of(approval, _person(request), note=note)
    context = {
        "card": card,
        "approval": approval,
        "may_read_log": request.user.has_perm(roles.READ_AUDIT),
        "is_page": True,
    }
    return render_page_or_fragment(
        request, "dashboard/approval_detail.html", "dashboard/_approval.html", context, status=status
    )


def _record_look(request: HttpRequest, approval: Approval) -> None:
    record_read(Actor.of(request.user), Target(approval.target_id, approval.target), "approval.read")


def _visible(request: HttpRequest, pk: UUID) -> Approval:
    """Return a request that this person may see; any other is not found."""
    visible = approval_search.visible_to(_person(request)).values("pk")
    return get_object_or_404(_with_operation().filter(pk__in=visible), pk=pk)


def _with_operation() -> QuerySet[Approval]:
    return Approval.objects.select_related("requester", "decider").prefetch_related("operations__account__customer")


def _first_to_decide(person: User) -> list[UUID]:
    waiting = approval_search.to_decide(person).order_by("created_at")
    return list(waiting.values_list("pk", flat=True)[:CARDS_SHOWN])


def _person(request: HttpRequest) -> User:
    """Return who is signed in; nobody else gets past `needs`."""
    assert isinstance(request.user, User)  # noqa: S101 - for the type checker
    return request.user
