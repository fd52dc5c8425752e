"""The limit on guessing, as forms meet it."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import get_adapter
from django.http import HttpRequest

from dashboard.services import tries
from dashboard.services.audit import Kind, Target
from dashboard.services.tries import ADDRESS, CODE, PASSWORD, Limit

from .on_record import VISITOR, address_of, note, origin

__all__ = ["ADDRESS", "CODE", "PASSWORD", "Limit", "count_try", "right"]


def count_try(limit: Limit, subject: str, user: Any, request: HttpRequest | None) -> None:
    """Count a try, or refuse it as a form does; the first refusal goes on record."""
    if tries.take(limit, subject):
        return
    if tries.must_be_told(limit, subject):
        facts = {"limit": limit.name} | origin(request)
        note(Kind.DENIED, "session.throttled", VISITOR, Target.of(user) if user else None, facts)
    raise get_adapter().validation_error("too_many_login_attempts")


def right(limit: Limit, subject: str) -> None:
    """Take the try back: what was given was right."""
    tries.give_back(limit, subject)


def address_in(request: HttpRequest | None) -> str:
    return address_of(request) if request is not None else ""
