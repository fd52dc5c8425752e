"""The forms that take codes: counted before they are compared, and each code used up by it."""

from __future__ import annotations

import base64
from typing import Any

from allauth.core import context
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm as TheirAuthenticateForm
from allauth.mfa.base.forms import ReauthenticateForm as TheirReauthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import generate_totp_secret
from django import forms

from dashboard.crypto import CannotUnseal, seal, unseal
from dashboard.services import one_time_codes

from .throttle import CODE, count_try, right

_SEED = "totp_seed"


class _SpendingForm:
    """Instead of allauth's check, which remembers used codes in a cache."""

    def clean_code(self) -> str:
        form: Any = self
        count_try(CODE, str(form.user.pk), form.user, context.request)
        code = str(form.cleaned_data["code"])
        found = Authenticator.objects.filter(user=form.user).exclude(type=Authenticator.Type.WEBAUTHN)
        known = sorted(found, key=lambda authenticator: authenticator.type != Authenticator.Type.TOTP)
        for authenticator in known:
            if one_time_codes.spend(authenticator, code):
                right(CODE, str(form.user.pk))
                authenticator.user = form.user
                form.authenticator = authenticator
                return code
        if known:
            form._emit_authentication_failed(known[0])
        raise get_adapter().validation_error("incorrect_code")


class AuthenticateForm(_SpendingForm, TheirAuthenticateForm):  # type: ignore[misc]
    pass


class ReauthenticateForm(_SpendingForm, TheirReauthenticateForm):  # type: ignore[misc]
    pass


class ActivateTotpForm(forms.Form):
    """The first code of an authenticator app. Its seed waits in the session, encrypted, until that code is right."""

    code = forms.CharField(max_length=20)

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.secret = _waiting_seed(user) if self.is_bound else ""
        if not self.secret:
            self.secret = generate_totp_secret()
            sealed = seal(self.secret.encode(), **_place(user))
            context.request.session[_SEED] = base64.b64encode(sealed).decode()

    def clean_code(self) -> str:
        count_try(CODE, str(self.user.pk), self.user, context.request)
        code = str(self.cleaned_data["code"])
        step = one_time_codes.step_of(self.secret, code)
        if step is None or not one_time_codes.spend_step(self.user.pk, step):
            raise get_adapter().validation_error("incorrect_code")
        right(CODE, str(self.user.pk))
        context.request.session.pop(_SEED, None)
        return code


def _waiting_seed(user: Any) -> str:
    try:
        return unseal(base64.b64decode(context.request.session.get(_SEED, "")), **_place(user)).decode()
    except (CannotUnseal, ValueError):
        return ""


def _place(user: Any) -> dict[str, str]:
    return {"table": "django_session", "field": _SEED, "row": str(user.pk)}
