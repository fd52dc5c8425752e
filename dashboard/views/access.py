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

NAMES_SHOWN = 12
View = Callable[..., HttpResponse]


def needs(permission: str, *, recent: bool = False) -> Callable[[View], View]:
    """Let only people with `permission` into a view; the attempt of anyone else goes on record.

    With `recent` they must have proved who they are within REAUTHENTICATION_S, or are asked to.
    """
    return needs_any(permission, recent=recent)


def needs_any(*permissions: str, recent: bool = False) -> Callable[[View], View]:
    """Let people with one of `permissions` into a view; a refusal names the first."""

    def decorate(view: View) -> View:
        @wraps(view)
        def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not any(request.user.has_perm(permission) for permission in permissions):
                return deny(request, permissions[0])
            if recent and not is_fresh(request):
                return ask(request)
            return view(request, *args, **kwargs)

        return wrapped

    return decorate


def deny(request: HttpRequest, permission: str) -> HttpResponse:
    """Answer 403, name the permission and the people who have it, and write the attempt down."""
    match, words = request.resolver_match, roles.WORDS.get(permission, permission)
    facts = {"permission": permission, "method": request.method or "", "page": match.view_name if match else ""}
    if match and match.kwargs:
        facts["object"] = ", ".join(str(value) for value in match.kwargs.values())
    audit.record(Kind.DENIED, "access.denied", actor=audit.Actor.of(request.user), result="refused", facts=facts)
    return answer(
        request,
        Trouble(
            status=403,
            title="You may not do this",
            sentence=f"This needs the permission to {words}. Your role does not have it.",
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
