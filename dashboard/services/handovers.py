"""The customer's side of a handover that is a session: a signed address of ours that opens it, once."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from django.core.signing import BadSignature, Signer
from django.db import transaction
from django.utils import timezone

from dashboard import registry
from providers.base import Launcher
from providers.secrets import Secret

from ..models import Operation
from ..models.operation import State
from . import snapshots
from .audit import Actor, Kind, Target, record
from .sealing import handover_of

CUSTOMER = Actor("", "The customer, by the link", "")


class Standing(StrEnum):
    """Where a customer's link stands: it is good, it was used, or its time is over."""

    OPEN = "open"
    USED = "used"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Invitation:
    """What a link leads to; `institution` is the only thing of the account that its page shows."""

    operation: Operation
    standing: Standing
    institution: str
    launcher: Launcher | None


def key_of(operation: Operation) -> str:
    """Return what the customer's address ends with: the operation's random id, signed. The session is not in it."""
    return _signer().sign(operation.pk.hex)


def launcher_of(operation: Operation) -> Launcher | None:
    """Return how the operation's provider opens a session on our page, if it does."""
    return launcher_at(operation.integration)


def launcher_at(integration: str) -> Launcher | None:
    return registry.pure(integration).launcher() if integration in registry.integrations() else None


def find(key: str) -> Invitation | None:
    """Return what the key leads to, or None if we did not make it."""
    try:
        pk = UUID(hex=_signer().unsign(key))
    except (BadSignature, ValueError):
        return None
    operation = Operation.objects.select_related("account").filter(pk=pk, receipt__verdict="handed_over").first()
    if operation is None:
        return None
    schema = snapshots.schema_of(operation.account)
    institution = (schema.title if schema else "") or operation.account.title
    launcher = launcher_of(operation)
    return Invitation(operation, _standing(operation, launcher), institution, launcher)


def use(invitation: Invitation) -> Secret | None:
    """Take the session out of the operation, for good; None if somebody was faster or its time is over.

    `AuditUnavailable` is raised, and the link stays good, when the entry cannot be written.
    """
    operation = invitation.operation
    handover = handover_of(operation)
    if invitation.standing is not Standing.OPEN or handover is None:
        return None
    receipt = operation.receipt | {"used_at": timezone.now().isoformat()}
    with transaction.atomic():
        if not operation.move(State(operation.state), sealed=None, sealed_until=None, receipt=receipt):
            return None
        record(
            Kind.EVENT,
            "handover.used",
            actor=CUSTOMER,
            target=Target.of(operation.account),
            integration=operation.integration,
            operation_id=str(operation.pk),
            result="done",
            facts={"action": operation.action},
            approval=str(operation.approval_id or ""),
        )
    return handover.session


def _standing(operation: Operation, launcher: Launcher | None) -> Standing:
    if operation.receipt.get("used_at"):
        return Standing.USED
    handover = handover_of(operation)
    return Standing.OPEN if handover is not None and handover.session and launcher is not None else Standing.OVER


def _signer() -> Signer:
    return Signer(salt="linkdesk.handover", sep=".")
