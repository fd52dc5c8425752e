"""A person's own account: what they sign in with, and where they are signed in."""

from __future__ import annotations

from typing import Any

from allauth.account.views import password_change as their_password_change
from allauth.mfa.base import views as factors
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as passkeys
from allauth.usersessions.internal.flows.sessions import end_other_sessions
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.sessions.models import Session
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from dashboard.sign_in import proof

from .proof import ask, fresh_proof, on_record


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Show what the person signs in with, where they are signed in, and the way to change each."""
    known = list(Authenticator.objects.filter(user=request.user).order_by("created_at"))
    codes = next((each.wrap() for each in known if each.type == Authenticator.Type.RECOVERY_CODES), None)
    context = {
        "app": next((each for each in known if each.type == Authenticator.Type.TOTP), None),
        "passkeys": [each for each in known if each.type == Authenticator.Type.WEBAUTHN],
        "codes_left": len(codes.get_unused_codes()) if codes else None,
        "sessions": UserSession.objects.filter(user=request.user).count(),
        "sso_name": settings.OIDC_NAME if settings.OIDC_URL else "",
        "is_required": settings.SECOND_FACTOR != "off",
    }
    return render(request, "account/home.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def where_signed_in(request: HttpRequest) -> HttpResponse:
    """Show the person's sessions that are alive; a POST ends all but this one."""
    if request.method == "POST":
        end_other_sessions(request, request.user)
        messages.success(request, "You are signed out everywhere else.")
        return redirect("usersessions_list")
    own = list(UserSession.objects.filter(user=request.user).order_by("-last_seen_at"))
    alive = set(Session.objects.filter(pk__in=[each.session_key for each in own]).values_list("pk", flat=True))
    context = {"sessions": [each for each in own if each.session_key in alive]}
    return render(request, "usersessions/usersession_list.html", context)


@require_safe
def confirmed(request: HttpRequest) -> HttpResponse:
    """Say that the person is known again; the form that asked waits in another tab."""
    return render(request, "account/confirmed.html")


@require_safe
def second_factor_required(request: HttpRequest) -> HttpResponse:
    """Say that a second factor is needed before anything else, and offer both kinds."""
    if proof.has_second_factor(request.user):
        return redirect("mfa_index")
    return render(request, "account/second_factor_required.html")


def proof_to_add(view: Any) -> Any:
    """Let people add a second factor: the first right after signing in, by whatever way; others with fresh proof."""

    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        user = request.user
        may = proof.is_fresh(request) or (not proof.has_second_factor(user) and proof.signed_in_just_now(request))
        return view(request, *args, **kwargs) if may else ask(request)

    return wrapped


def by_number(view: Any) -> Any:
    """Call a factor `number` in addresses, as other rows with numbers are; allauth's views say pk."""

    def wrapped(request: HttpRequest, number: int) -> HttpResponse:
        answer: HttpResponse = view(request, pk=number)
        return answer

    return wrapped


def sealed_page(view: Any) -> Any:
    """Keep what a person typed and what the page shows out of reports and out of every cache."""
    return never_cache(sensitive_post_parameters()(view))


# allauth's views behind our own questions; each change is one transaction with its audit entry.
login_by_passkey = login_not_required(sealed_page(passkeys.login_webauthn))
challenge = login_not_required(sealed_page(factors.authenticate))
confirm_by_code = sealed_page(factors.reauthenticate)
confirm_by_passkey = sealed_page(passkeys.reauthenticate_webauthn)
add_app = sealed_page(proof_to_add(on_record(totp.activate_totp)))
remove_app = sealed_page(fresh_proof(on_record(totp.deactivate_totp)))
add_passkey = sealed_page(proof_to_add(on_record(passkeys.add_webauthn)))
remove_passkey = by_number(sealed_page(fresh_proof(on_record(passkeys.remove_webauthn))))
rename_passkey = by_number(sealed_page(fresh_proof(on_record(passkeys.edit_webauthn))))
codes = sealed_page(fresh_proof(on_record(recovery_codes.view_recovery_codes)))
make_codes = sealed_page(fresh_proof(on_record(recovery_codes.generate_recovery_codes)))
sessions = sealed_page(on_record(where_signed_in))
change_password = sealed_page(fresh_proof(on_record(their_password_change)))
