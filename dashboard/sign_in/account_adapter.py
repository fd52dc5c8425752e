"""What allauth asks us about accounts: sign-up is closed, guessing is counted, the dashboard asks for fresh proof."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from django.conf import settings
from django.http import HttpRequest

from dashboard.models import User

from .throttle import ADDRESS, PASSWORD, address_in, count_try, right


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def is_reauthentication_required(self, *, app: str) -> bool:
        """Leave the question to `views/proof.py`: allauth would keep the form, codes and all, in the session."""
        return False

    def get_login_stages(self) -> list[str]:
        return ["dashboard.sign_in.stages.SecondFactorStage"]

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """Count the try before the password is looked at, for the account and for the network address."""
        typed = str(credentials.get("email") or "").strip().lower()
        known = User.objects.filter(email=typed).first() if "\0" not in typed else None
        address = address_in(request)
        count_try(ADDRESS, address, known, request)
        count_try(PASSWORD, typed, known, request)
        user: User | None = super().authenticate(request, **credentials)
        if user is not None:
            right(PASSWORD, typed)
            right(ADDRESS, address)
        return user

    def reauthenticate(self, user: User, password: str) -> bool:
        found = self.authenticate(context.request, email=user.email, password=password)
        return found is not None and found.pk == user.pk

    def send_notification_mail(self, *args: Any, **kwargs: Any) -> None:
        """Send none: Linkdesk sends no mail."""

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        """Say in our words how somebody may prove who they are; a session that lacks the second factor wants that."""
        from .proof import used_second_factor

        words = {
            "account_reauthenticate": "Use the password instead",
            "mfa_reauthenticate": "Use a code instead",
            "mfa_reauthenticate_webauthn": "Use a passkey instead",
        }
        methods = [
            {**method, "name": name, "description": words[name]}
            for method in super().get_reauthentication_methods(user)
            for name in [_NAMES[method["id"]]]
        ]
        needs_factor = settings.SECOND_FACTOR != "off" and not used_second_factor(context.request)
        factors = [method for method in methods if method["name"] != "account_reauthenticate"]
        return factors if needs_factor and factors else methods


_NAMES = {
    "reauthenticate": "account_reauthenticate",
    "mfa_reauthenticate": "mfa_reauthenticate",
    "mfa_reauthenticate:webauthn": "mfa_reauthenticate_webauthn",
}
