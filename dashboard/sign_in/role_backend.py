"""What staff may do: what their roles say."""

from __future__ import annotations

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend


class RoleBackend(AuthenticationBackend):  # type: ignore[misc]
    """Permissions come from roles and from nowhere else; that is one query less on every page, too."""

    def get_user_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        return set()
