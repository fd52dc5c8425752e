"""How staff sign in: by invitation only, so sign-up is closed; and what they may do: what their roles say."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.auth_backends import AuthenticationBackend
from django.http import HttpRequest


class ClosedSignUpAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False


class RoleBackend(AuthenticationBackend):  # type: ignore[misc]
    """Permissions come from roles and from nowhere else; that is one query less on every page, too."""

    def get_user_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        return set()
