"""The addresses of signing in and of a person's own account: of allauth only what staff need."""

from __future__ import annotations

from allauth.account import views as theirs
from allauth.socialaccount import views as sso
from allauth.socialaccount.providers.openid_connect import views as openid_connect
from django.contrib.auth.decorators import login_not_required
from django.urls import path
from django.views.decorators.http import require_safe
from django.views.generic import RedirectView

from . import account, errors

_to_sign_in = login_not_required(require_safe(RedirectView.as_view(pattern_name="account_login")))
_to_account = require_safe(RedirectView.as_view(pattern_name="mfa_index"))

urlpatterns = [
    path("", account.home, name="mfa_index"),
    path("login/", theirs.login, name="account_login"),
    path("logout/", theirs.logout, name="account_logout"),
    path("inactive/", login_not_required(theirs.account_inactive), name="account_inactive"),
    path("password/", account.change_password, name="account_change_password"),
    path("no-password/", errors.no_password, name="account_set_password"),
    path("sessions/", account.sessions, name="usersessions_list"),
    # Second factors
    path("second-factor/", account.second_factor_required, name="second-factor-required"),
    path("login/code/", account.challenge, name="mfa_authenticate"),
    path("login/passkey/", account.login_by_passkey, name="mfa_login_webauthn"),
    path("app/add/", account.add_app, name="mfa_activate_totp"),
    path("app/remove/", account.remove_app, name="mfa_deactivate_totp"),
    path("passkeys/add/", account.add_passkey, name="mfa_add_webauthn"),
    path("passkeys/<int:number>/remove/", account.remove_passkey, name="mfa_remove_webauthn"),
    path("passkeys/<int:number>/rename/", account.rename_passkey, name="mfa_edit_webauthn"),
    path("recovery-codes/", account.codes, name="mfa_view_recovery_codes"),
    path("recovery-codes/make/", account.make_codes, name="mfa_generate_recovery_codes"),
    # Proof that it is still the same person
    path("confirm/", theirs.reauthenticate, name="account_reauthenticate"),
    path("confirm/code/", account.confirm_by_code, name="mfa_reauthenticate"),
    path("confirm/passkey/", account.confirm_by_passkey, name="mfa_reauthenticate_webauthn"),
    path("confirmed/", account.confirmed, name="account_confirmed"),
    # Single sign-on; without OIDC_URL they answer 404
    path("sso/start/", openid_connect.login, {"provider_id": "sso"}, name="openid_connect_login"),
    path("sso/callback/", openid_connect.callback, {"provider_id": "sso"}, name="openid_connect_callback"),
    path("sso/cancelled/", login_not_required(sso.login_cancelled), name="socialaccount_login_cancelled"),
    # allauth asks for these names even where what they lead to is closed or has no page of its own.
    path("signup/", _to_sign_in, name="account_signup"),
    path("sso/error/", _to_sign_in, name="socialaccount_login_error"),
    path("sso/signup/", _to_sign_in, name="socialaccount_signup"),
    path("sso/", _to_account, name="socialaccount_connections"),
    path("passkeys/", _to_account, name="mfa_list_webauthn"),
]
