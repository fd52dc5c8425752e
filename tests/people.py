"""Staff for tests."""

from __future__ import annotations

from django.contrib.auth.models import Group

from dashboard.models import User
from dashboard.roles import ROLES


def one_for_each_role() -> dict[str, User]:
    return {role: member(role) for role in ROLES}


def member(role: str, *, email: str = "", name: str = "", password: str | None = None) -> User:
    """Make a member of staff; without a password nobody can sign in as them by form."""
    user = User.objects.create_user(email or f"{role}@desk.example", password, name=name or f"{role.title()} Person")
    user.groups.set(Group.objects.filter(name=role))
    return user
