"""One login for each role of the demo."""

from __future__ import annotations

import secrets

from django.contrib.auth.models import Group

from dashboard.models import User
from dashboard.roles import ROLES

NAMES = {
    "viewer": "Vera Olsen",
    "agent": "Ana Reyes",
    "approver": "Paulo Brandt",
    "auditor": "Aiko Mori",
    "admin": "Adam Wright",
}


def fresh_password() -> str:
    """Return four groups of letters and digits: easy to read out, about 77 bits."""
    alphabet = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(alphabet) for _ in range(4)) for _ in range(4))


def set_logins(password: str) -> list[str]:
    """Give every role's login this password and return the addresses."""
    addresses = []
    for role in ROLES:
        address = f"{role}@demo.example"
        user = User.objects.filter(email=address).first() or User(email=address)
        user.name = user.name or NAMES.get(role, role.capitalize())
        user.set_password(password)
        user.save()
        user.groups.set(Group.objects.filter(name=role))
        addresses.append(address)
    return addresses
