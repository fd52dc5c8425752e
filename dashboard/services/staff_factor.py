"""A lost second factor is reset under the eyes of a second person: else one admin could become an approver."""

from __future__ import annotations

from django.db import transaction

from dashboard import roles
from providers.answers import digest_of

from ..models import Approval, User
from . import approvals, staff
from .audit import Target

SUBJECT = ACTION = "second_factor"


def ask(person: User, *, actor: User, reason: str) -> Approval | None:
    """Reset a person's second factor, or ask a second person where the settings want one; return the request then."""
    with transaction.atomic():
        staff.refuse_to_reset(person, actor)
        if not approvals.is_needed(ACTION):
            staff.reset_second_factor(person, actor=actor, reason=reason)
            return None
        if approvals.pending_of(SUBJECT, str(person.pk)) is not None:
            raise staff.CannotChange("Another request for this waits for a second person already.")
        asked = approvals.Asked(
            SUBJECT,
            str(person.pk),
            ACTION,
            Target.of(person),
            digest=digest_of({"reset": str(person.pk)}),
            summary=f"Reset the second factor of {person}",
            shown=[{"label": "Second factor", "before": "set up", "after": "none, until the next sign-in"}],
        )
        return approvals.request(asked, actor=actor, reason=reason)


class _ResetOfFactor:
    permission = roles.MANAGE_STAFF

    def basis(self, approval: Approval) -> str:
        return ""

    def perform(self, approval: Approval, requester: User, approver: User | None) -> str:
        person = User.objects.get(pk=approval.subject_id)
        try:
            staff.reset_second_factor(person, actor=requester, reason=approval.reason, approval=str(approval.pk))
        except staff.CannotChange as trouble:
            raise approvals.CannotPerform(str(trouble)) from None
        return f"The second factor of {person} is reset."

    def close(self, approval: Approval) -> None:
        """Nothing waits for it."""


approvals.register(SUBJECT, _ResetOfFactor())
