"""An act that the settings may give to two people: it says once how it is done, and is done at once or asked for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction

from providers.answers import digest_of

from ..models import Approval, User
from ..text import storable_json
from . import approvals
from .approval_rows import CannotPerform
from .audit import Facts, Target


@dataclass(frozen=True, slots=True)
class By:
    """Who does it and why, and the approval it rests on: none, and no approver, where one person is enough."""

    actor: User
    reason: str
    approval: str = ""
    approver: User | None = None


class Act(ABC):
    """Subclass it, say the things below, and `approvals.register` one; then `ask` does it or asks for it.

    `name` is the subject of its requests and its word in `APPROVALS`, `permission` the right that the requester needs,
    `why_never_alone` says that nobody goes on alone with it, `waiting` is said where the same is asked for already.
    `subject_id` says what it is done to, `payload` the rest that doing it takes, as JSON and without secrets: the two
    together are what both people agree to.
    """

    name: str
    permission: str
    why_never_alone: str = ""
    waiting: str = "Another request for this waits for a second person already."

    @abstractmethod
    def do(self, subject_id: str, payload: Mapping[str, Any], by: By) -> str:
        """Do it in the caller's transaction, with its audit entry; return what came of it, as a sentence.

        Everything is judged anew, for it may be days later. Raises `CannotPerform`.
        """

    def basis_of(self, subject_id: str) -> str:
        """Return the digest of what the request rests on; another one later makes the request void."""
        return ""

    def ask(
        self,
        subject_id: str,
        payload: Mapping[str, Any],
        *,
        target: Target,
        summary: str,
        shown: Sequence[Mapping[str, Any]],
        facts: Facts | None = None,
        actor: User,
        reason: str,
        ticket: str = "",
    ) -> Approval | None:
        """Do it, or ask a second person where the settings want one; return the request then.

        Refuse before this what may never be asked for. `shown` are the lines (label, before, after) that both people
        see, `facts` the same as the audit log may keep it. Raises `CannotPerform`.
        """
        payload = storable_json(dict(payload))
        with transaction.atomic():
            if not approvals.is_needed(self.name):
                self.do(subject_id, payload, By(actor, reason))
                return None
            asked = approvals.Asked(
                self.name,
                subject_id,
                self.name,
                target,
                digest=_digest(self.name, subject_id, payload),
                basis=self.basis_of(subject_id),
                summary=summary,
                payload=payload,
                shown=shown,
                facts=facts or {},
            )
            if approvals.pending_of(self.name, subject_id) is not None:
                raise CannotPerform(self.waiting)
            try:
                return approvals.request(asked, actor=actor, reason=reason, ticket=ticket)
            except IntegrityError:  # somebody was as quick
                raise CannotPerform(self.waiting) from None

    def basis(self, approval: Approval) -> str:
        return self.basis_of(approval.subject_id)

    def perform(self, approval: Approval, requester: User, approver: User | None) -> str:
        if _digest(self.name, approval.subject_id, approval.payload) != approval.digest:
            raise CannotPerform("This is not what was asked for. Nothing was decided.")
        by = By(requester, approval.reason, str(approval.pk), approver)
        return self.do(approval.subject_id, approval.payload, by)

    def close(self, approval: Approval) -> None:  # noqa: B027 - a subclass that keeps something waiting says more
        """Nothing waits for it."""


def _digest(name: str, subject_id: str, payload: Mapping[str, Any]) -> str:
    return digest_of([name, subject_id, payload])
