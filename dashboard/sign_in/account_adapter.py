"""What allauth asks us about accounts: sign-up is closed, and the dashboard itself asks for fresh proof."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def is_reauthentication_required(self, *, app: str) -> bool:
        """Leave the question to `views/proof.py`: allauth would keep the form, codes and all, in the session."""
        return False
