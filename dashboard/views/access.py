"""Who may open what: a view names its permission; whoever lacks it learns which one and who has it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse

from dashboard import roles
from dashboard.models import User
from dashboard.models.audit import Kind
from dashboard.services import audit
from dashboard.sign_in.proof import is_fresh

from .errors import Trouble, answer
from .proof import ask

# What a permission lets a person do, as the 403 page says it.
WORDS: dict[str, str] = {
    roles.VIEW: "see linked accounts and customers",
    roles.REPAIR: "repair linked accounts",
    roles.EDIT_CUSTOMERS: "add and change customers",
    roles.APPROVE: "approve what another person asked for",
    roles.READ_AUDIT: "read the audit log",
    roles.MANAGE_STAFF: "manage staff",
}
NAMES_SHOWN = 12


def needs(
    permission: str, *, recent: bool = False
) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """Let only people with `permission` into a view; the attempt of anyone else goes on record.

    With `recent` they must have proved who they are within REAUTHENTICATION_S, or are asked to.
    """

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.has_perm(permission):
                return deny(request, permission)
            if recent and not is_fresh(request):
                return ask(request)
            return view(request, *args, **kwargs)

        return wrapped

    return decorate


def deny(request: HttpRequest, permission: str) -> HttpResponse:
    """Answer 403, name the permission and the people who have it, and write the attempt down."""
    match = request.resolver_match
    facts = {"permission": permission, "method": request.method or "", "page": match.view_name if match else ""}
    if match and match.kwargs:
        facts["object"] = ", ".join(str(value) for value in match.kwargs.values())
    audit.record(Kind.DENIED, "access.denied", actor=audit.Actor.of(request.user), result="refused", facts=facts)
    return answer(
        request,
        Trouble(
            status=403,
            title="You may not do this",
            sentence=f"This needs the permission to {WORDS.get(permission, permission)}. Your role does not have it.",
            next_step="Nothing was changed. Ask one of the people below, or an administrator for the role.",
            icon="shield-lock",
            tone="warn",
            code=permission,
            people=people_with(permission),
        ),
    )


def people_with(permission: str) -> list[str]:
    """Return the names of active staff whose role has the permission, a dozen at most."""
    codename = permission.partition(".")[2]
    staff = User.objects.filter(is_active=True, groups__permissions__codename=codename).distinct()
    return [str(person) for person in staff.order_by("name", "email")[:NAMES_SHOWN]]
