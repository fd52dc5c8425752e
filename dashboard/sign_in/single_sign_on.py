"""Single sign-on by OpenID Connect: it lets in whom an administrator has invited, and makes no accounts."""

from __future__ import annotations

from typing import Any

import structlog
from allauth.account.adapter import get_adapter as get_account_adapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.contrib import messages
from django.http import HttpRequest
from django.shortcuts import redirect

from dashboard.models import User
from dashboard.services.audit import Actor, Kind, Target, record

from .on_record import VISITOR, note, origin

log = structlog.get_logger(__name__)

REFUSED = (
    "Single sign-on knows you, but nobody of that verified e-mail address was invited here. "
    "Nothing was changed. Ask an administrator to invite you."
)


class SingleSignOnAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """Tie the login to the member of staff with the same verified address, the first time; else refuse it."""
        told = sociallogin.account.extra_data
        if sociallogin.is_existing:
            return
        address = verified_address(told)
        user = User.objects.filter(email=address, is_active=True).first() if address else None
        if user is None:
            note(Kind.DENIED, "session.failed", VISITOR, None, {"by": "single sign-on"} | origin(request))
            get_account_adapter(request).add_message(request, messages.ERROR, message=REFUSED)
            raise ImmediateHttpResponse(redirect("account_login"))
        sociallogin.account.extra_data = {}
        sociallogin.connect(request, user)
        facts = {"by": "single sign-on"} | origin(request)
        record(Kind.EVENT, "sso.connected", actor=Actor.of(user), target=Target.of(user), result="ok", facts=facts)

    def on_authentication_error(self, request: HttpRequest, provider: Any, *args: Any, **kwargs: Any) -> None:
        """Say that it did not work and leave the cause in the log: it can hold what must not be on a page."""
        log.warning("sso_failed", cause=type(kwargs.get("exception")).__name__, error=str(kwargs.get("error"))[:60])
        words = "Single sign-on did not answer as it should. Nothing was changed. Try again, or use your password."
        get_account_adapter(request).add_message(request, messages.ERROR, message=words)
        raise ImmediateHttpResponse(redirect("account_login"))


def verified_address(told: dict[str, Any]) -> str:
    """Return the e-mail address that the other side says it has verified, where both its answers are of one person."""
    userinfo, token = told.get("userinfo") or {}, told.get("id_token") or {}
    if userinfo and token and userinfo.get("sub") != token.get("sub"):
        return ""
    for source in (userinfo, token):
        if source.get("email_verified") is True and isinstance(source.get("email"), str):
            address = str(source["email"]).strip().lower()
            return "" if "\0" in address else address
    return ""
