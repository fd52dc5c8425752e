"""A lost second factor is reset under the eyes of a second person: else one admin could become an approver."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from dashboard import roles

from ..models import Approval, User
from . import approvals, staff
from .audit import Target
from .second_person import Act, By

SUBJECT = ACTION = "second_factor"


def ask(person: User, *, actor: User, reason: str) -> Approval | None:
    """Reset a person's second factor, or ask a second person where the settings want one; return the request then."""
    with transaction.atomic():
        staff.refuse_to_reset(person, actor)
        return _RESET.ask(
            str(person.pk),
            {},
            target=Target.of(person),
            summary=f"Reset the second factor of {person}",
            shown=[{"label": "Second factor", "before": "set up", "after": "none, until the next sign-in"}],
            actor=actor,
            reason=reason,
        )


class _ResetOfFactor(Act):
    name = SUBJECT
    permission = roles.MANAGE_STAFF

    def do(self, subject_id: str, payload: Mapping[str, Any], by: By) -> str:
        person = User.objects.get(pk=subject_id)
        staff.reset_second_factor(person, actor=by.actor, reason=by.reason, approval=by.approval)
        return f"The second factor of {person} is reset."


_RESET = _ResetOfFactor()
approvals.register(SUBJECT, _RESET)
