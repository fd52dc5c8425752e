"""Staff, for admins: who there is, what they may do, inviting, changing roles, keeping out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from dashboard import roles
from dashboard.forms.staff import InviteForm, RolesForm, StaffFilter
from dashboard.models import User
from dashboard.query_text import visible
from dashboard.services import access_review, approvals, staff, staff_factor, staff_roles

from .access import needs
from .invitations import address_of
from .post_only import post_only


@needs(roles.MANAGE_STAFF)
@require_safe
def staff_list(request: HttpRequest) -> HttpResponse:
    form = StaffFilter(request.GET)
    is_understood = form.is_valid()
    query = form.cleaned_data.get("q", "")
    found = staff.list_page(query, after=request.GET.get("after", ""), before=request.GET.get("before", ""))
    context = {
        "query": query,
        "people": list(found.rows) if is_understood else [],
        "after": found.after if is_understood else None,
        "before": found.before if is_understood else None,
        "mistakes": form.errors.get("q", []),
    }
    return render(request, "dashboard/staff_list.html", context)


@never_cache
@needs(roles.MANAGE_STAFF, recent=True)
@require_http_methods(["GET", "HEAD", "POST"])
def staff_create(request: HttpRequest) -> HttpResponse:
    """Invite a person; the answer shows their link, once."""
    form = InviteForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        said = form.cleaned_data
        try:
            person, key, approval = staff_roles.invite(
                said["email"],
                said["name"],
                said["roles"],
                actor=_admin(request),
                reason=said["reason"],
                ticket=said["ticket"],
            )
        except staff.AddressTaken as taken:
            form.add_error("email", f"{taken.other} has this address already.")
        else:
            return _shown_once(request, person, key, approval=approval)
    context = {"form": form, "rights": _rights(), "needs_second": approvals.is_needed(staff_roles.ACTION)}
    return render(request, "dashboard/staff_create.html", context, status=422 if form.is_bound else 200)


@needs(roles.MANAGE_STAFF)
@require_safe
def staff_detail(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, _person(pk))


@post_only("staff-detail")
@needs(roles.MANAGE_STAFF, recent=True)
def staff_set_roles(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a person's roles, or ask a second person to agree."""
    person = _person(pk)
    form = RolesForm(request.POST)
    if not form.is_valid():
        return _page(request, person, status=422, form=form)
    said = form.cleaned_data
    try:
        approval = staff_roles.ask(
            person, said["roles"], actor=_admin(request), reason=said["reason"], ticket=said["ticket"]
        )
    except approvals.CannotPerform as trouble:
        form.add_error("roles", str(trouble))
        return _page(request, person, status=409, form=form)
    if approval is not None:
        messages.success(request, "Nothing is changed yet: a second person has to agree.")
    else:
        messages.success(request, f"The roles of {person} are {staff_roles.words(said['roles'])} now.")
    return redirect("staff-detail", person.pk)


@never_cache
@post_only("staff-detail")
@needs(roles.MANAGE_STAFF, recent=True)
def staff_link(request: HttpRequest, pk: int) -> HttpResponse:
    """Make a new link for somebody who has not joined, or has forgotten the password."""
    person = _person(pk)
    try:
        key = staff.invite_again(person, actor=_admin(request))
    except staff.CannotChange as trouble:
        return _page(request, person, status=409, problem=str(trouble))
    return _shown_once(request, person, key)


@post_only("staff-detail")
@needs(roles.MANAGE_STAFF, recent=True)
def staff_disable(request: HttpRequest, pk: int) -> HttpResponse:
    return _do(request, pk, staff.disable, "{} is signed out everywhere and cannot sign in any more.")


@post_only("staff-detail")
@needs(roles.MANAGE_STAFF, recent=True)
def staff_enable(request: HttpRequest, pk: int) -> HttpResponse:
    return _do(request, pk, staff.enable, "{} can sign in again.")


@post_only("staff-detail")
@needs(roles.MANAGE_STAFF, recent=True)
def staff_reset_factor(request: HttpRequest, pk: int) -> HttpResponse:
    """Reset a lost second factor, or ask a second person to agree."""
    person = _person(pk)
    reason = visible(request.POST.get("reason", ""))[:500]
    if not reason:
        return _page(request, person, status=422, problem="Say why the second factor is to be reset.")
    try:
        approval = staff_factor.ask(person, actor=_admin(request), reason=reason)
    except approvals.CannotPerform as trouble:
        return _page(request, person, status=409, problem=str(trouble))
    if approval is not None:
        messages.success(request, "Nothing is changed yet: a second person has to agree.")
    else:
        messages.success(request, f"{person} is signed out and sets up a new second factor at the next sign-in.")
    return redirect("staff-detail", person.pk)


def _do(request: HttpRequest, pk: int, change: Callable[..., None], said: str) -> HttpResponse:
    person = _person(pk)
    try:
        change(person, actor=_admin(request))
    except staff.CannotChange as trouble:
        return _page(request, person, status=409, problem=str(trouble))
    messages.success(request, said.format(person))
    return redirect("staff-detail", person.pk)


def _page(
    request: HttpRequest, person: User, *, status: int = 200, form: RolesForm | None = None, problem: str = ""
) -> HttpResponse:
    person.refresh_from_db()
    names = staff_roles.names_of(person)
    context = {
        "person": staff.find("").get(pk=person.pk),
        "roles": names,
        "form": form or RolesForm(initial={"roles": names}),
        "problem": problem,
        "is_self": person.pk == request.user.pk,
        "uses": access_review.uses_of(person),
        "pending": approvals.pending_of(staff_roles.SUBJECT, str(person.pk)),
        "needs_second": approvals.is_needed(staff_roles.ACTION),
        "has_joined": person.has_usable_password(),
        "rights": _rights(),
    }
    return render(request, "dashboard/staff_detail.html", context, status=status)


def _shown_once(request: HttpRequest, person: User, key: str, *, approval: object = None) -> HttpResponse:
    context = {"person": person, "address": address_of(request, key), "approval": approval}
    return render(request, "dashboard/staff_invited.html", context, status=201)


def _rights() -> list[tuple[str, list[str]]]:
    """Return each role with what it may do, in words."""
    return [
        (name, [roles.WORDS[permission] for permission in permissions]) for name, permissions in roles.ROLES.items()
    ]


def _person(pk: int) -> User:
    return get_object_or_404(User, pk=min(pk, 2**63 - 1))


def _admin(request: HttpRequest) -> Any:
    return request.user
