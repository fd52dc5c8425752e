"""What stands between a right password and a session."""

from __future__ import annotations

from allauth.account.authentication import get_authentication_records
from allauth.mfa.stages import AuthenticateStage
from django.conf import settings
from django.http import HttpRequest


class SecondFactorStage(AuthenticateStage):  # type: ignore[misc]
    """allauth's, unless single sign-on counts as a second factor and was used."""

    def _should_handle(self, request: HttpRequest) -> bool:
        records = get_authentication_records(request, self.login.user)
        if settings.SSO_COUNTS_AS_SECOND_FACTOR and any(record["method"] == "socialaccount" for record in records):
            return False
        return bool(super()._should_handle(request))
