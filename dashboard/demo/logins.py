"""One login for each role of the demo."""

from __future__ import annotations

import secrets

from django.contrib.auth.models import Group
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

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


def why_not(password: str) -> str:
    """Say in a sentence what forbids this password; "" if nothing does. The rules are those of every login here."""
    try:
        for role in ROLES:
            validate_password(password, User(email=_address(role), name=NAMES.get(role, "")))
    except ValidationError as unfit:
        return " ".join(unfit.messages)
    return ""


def set_logins(password: str) -> list[str]:
    """Give every role's login this password and return the addresses."""
    addresses = []
    for role in ROLES:
        address = _address(role)
        user = User.objects.filter(email=address).first() or User(email=address)
        user.name = user.name or NAMES.get(role, role.capitalize())
        user.set_password(password)
        user.save()
        user.groups.set(Group.objects.filter(name=role))
        addresses.append(address)
    return addresses


def _address(role: str) -> str:
    return f"{role}@demo.example"
