"""Staff for tests."""

from __future__ import annotations

import time

from django.contrib.auth.models import Group
from django.test import Client

from dashboard.models import User
from dashboard.roles import ROLES

_DJANGO_FORCE_LOGIN = Client.force_login


def one_for_each_role() -> dict[str, User]:
    return {role: member(role) for role in ROLES}


def member(role: str, *, email: str = "", name: str = "", password: str | None = None) -> User:
    """Make a member of staff; without a password nobody can sign in as them by form."""
    user = User.objects.create_user(email or f"{role}@desk.example", password, name=name or f"{role.title()} Person")
    user.groups.set(Group.objects.filter(name=role))
    return user


def force_login(client: Client, user: User, backend: str | None = None) -> None:
    """Sign in as somebody who has just given a password and a second factor; put in place of Django's for all tests."""
    _DJANGO_FORCE_LOGIN(client, user, backend)
    proved(client, user, "password", "mfa")


def proved(client: Client, user: User, *methods: str, ago_s: float = 0) -> None:
    """Make a signed-in session say how its person proved themselves, and how long ago.

    `proved(client, user, "password")` has no second factor, `proved(client, user, "password", "mfa", ago_s=900)` is
    stale, and `proved(client, user, "socialaccount")` came by single sign-on.
    """
    session = client.session
    session["account_authentication_methods_user"] = str(user.pk)
    session["account_authentication_methods"] = [{"method": method, "at": time.time() - ago_s} for method in methods]
    session.save()
