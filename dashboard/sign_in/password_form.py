"""The form that changes one's own password."""

from __future__ import annotations

from allauth.account.adapter import get_adapter
from allauth.account.forms import ChangePasswordForm as TheirChangePasswordForm
from allauth.core import context

from .throttle import PASSWORD, count_try, right


class ChangePasswordForm(TheirChangePasswordForm):  # type: ignore[misc]
    def clean_oldpassword(self) -> str:
        """Count it among the tries of a sign-in: a session left open must be no place to guess."""
        count_try(PASSWORD, self.user.email, self.user, context.request)
        if not self.user.check_password(self.cleaned_data.get("oldpassword", "")):
            raise get_adapter().validation_error("enter_current_password")
        right(PASSWORD, self.user.email)
        return str(self.cleaned_data["oldpassword"])
