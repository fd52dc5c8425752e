"""What staff may do: what their roles say."""

from __future__ import annotations

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.auth.models import Permission


class RoleBackend(AuthenticationBackend):  # type: ignore[misc]
    """Permissions come from roles and from nowhere else; that is one query less on every page, too."""

    def get_user_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        return set()

    def get_group_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        """Return what the roles give; Django would give a superuser everything."""
        if not user_obj.is_active or user_obj.is_anonymous or obj is not None:
            return set()
        if not hasattr(user_obj, "_role_permissions"):
            found = Permission.objects.filter(group__user=user_obj).order_by()
            pairs = found.values_list("content_type__app_label", "codename")
            user_obj._role_permissions = {f"{app}.{codename}" for app, codename in pairs}
        return set(user_obj._role_permissions)

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        return self.get_group_permissions(user_obj, obj)
