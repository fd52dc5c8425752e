"""How and when the person of a session proved who they are, as allauth keeps it in the session."""

from __future__ import annotations

import time
from typing import Any

from allauth.account.authentication import get_authentication_records
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.http import HttpRequest

# Single sign-on is not among them: the other side may have let the browser in without asking anybody.
_PROOFS = frozenset({"password", "mfa"})
_FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


def is_fresh(request: HttpRequest) -> bool:
    """Say whether the person gave a password, a code or a passkey within REAUTHENTICATION_S."""
    return _is_within_limit(record for record in _records(request) if record["method"] in _PROOFS)


def signed_in_just_now(request: HttpRequest) -> bool:
    """Say whether the person proved themselves within REAUTHENTICATION_S in whatever way, single sign-on included."""
    return _is_within_limit(_records(request))


def used_second_factor(request: HttpRequest) -> bool:
    """Say whether this session has seen a second factor: a code, a recovery code, or a passkey."""
    return any(_is_second_factor(record) for record in _records(request))


def has_second_factor(user: Any) -> bool:
    return bool(factors_of(user))


def factors_of(user: Any) -> set[str]:
    """Return the kinds of second factors a person has set up; recovery codes alone are none."""
    return set(Authenticator.objects.filter(user_id=user.pk, type__in=_FACTORS).values_list("type", flat=True))


def can_be_proved(user: Any) -> bool:
    """Say whether there is anything here to ask for; who only ever comes by single sign-on has nothing."""
    return bool(user.has_usable_password()) or has_second_factor(user)


def _records(request: HttpRequest) -> list[dict[str, Any]]:
    return list(get_authentication_records(request, request.user))


def _is_within_limit(records: Any) -> bool:
    latest = max((float(record["at"]) for record in records), default=0.0)
    return bool(0 <= time.time() - latest < settings.REAUTHENTICATION_S)


def _is_second_factor(record: dict[str, Any]) -> bool:
    if record["method"] == "socialaccount":
        return bool(settings.SSO_COUNTS_AS_SECOND_FACTOR)
    return bool(record["method"] == "mfa")
