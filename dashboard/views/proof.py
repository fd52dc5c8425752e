"""What asks for more than a sign-in: the person gives password, code or passkey once more when the last is too old."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse

from dashboard.services.audit import AuditUnavailable
from dashboard.sign_in import proof
from dashboard.sign_in.on_record import note_refusal

from .errors import Trouble, answer
from .rendering import wants_fragment

NO_PROOF = Trouble(
    403,
    "Linkdesk cannot ask whether it is you",
    "Your account has neither a password nor a second factor here, and single sign-on alone is not enough for this. "
    "Nothing was changed.",
    "Sign out, sign in again, and add a second factor under “Your account” within five minutes of it. "
    "Or ask an administrator.",
    icon="shield-lock",
    tone="warn",
    code="no_proof",
)


def fresh_proof(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Let only people into a view who proved themselves within REAUTHENTICATION_S."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return view(request, *args, **kwargs) if proof.is_fresh(request) else ask(request)

    return wrapped


def on_record(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Make a change of allauth's and its audit entry one transaction."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method != "POST":
            return view(request, *args, **kwargs)
        try:
            with transaction.atomic():
                response = view(request, *args, **kwargs)
                if isinstance(response, TemplateResponse):
                    response.render()
                if transaction.get_rollback():
                    raise AuditUnavailable("an entry on the way here could not be written")
                return response
        except transaction.TransactionManagementError as trouble:
            # A refused entry was only logged, and the transaction was lost with it.
            raise AuditUnavailable("an entry on the way here could not be written") from trouble

    return wrapped


def ask(request: HttpRequest) -> HttpResponse:
    """Ask for proof: a page is left for the question, a form stays where it is and gets a link to it."""
    if not proof.can_be_proved(request.user):
        note_refusal(request, NO_PROOF.title)
        return answer(request, NO_PROOF)
    if request.method in ("GET", "HEAD") and not wants_fragment(request):
        return redirect(question(request.get_full_path()))
    return answer(
        request,
        Trouble(
            403,
            "Please confirm that it is you",
            "This needs a password, a code or a passkey from the last few minutes. Nothing was sent or changed.",
            "Confirm in a new tab, come back here and press the button again. What you typed is still here.",
            icon="shield-lock",
            tone="warn",
            link=question_in_new_tab(),
            link_text="Confirm in a new tab",
        ),
    )


def question_in_new_tab() -> str:
    return question(reverse("account_confirmed"))


def question(after: str) -> str:
    """Return the address that asks for proof and leads to `after`, a path of ours."""
    return f"{reverse('account_reauthenticate')}?{urlencode({'next': after})}"
