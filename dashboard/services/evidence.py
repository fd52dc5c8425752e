"""Reading an account back after a write, and what that shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from providers.answers import Handover, LookupTable, Snapshot
from providers.base import Effect, Provider
from providers.outcomes import Concern, Conflict, Failure, Gone, Ok, Outcome, Refused, Unavailable
from providers.plan import Plan

from ..models import LinkedAccount, Operation
from . import snapshots
from .mirror import mark_gone, mirror


@dataclass(frozen=True, slots=True)
class Reading:
    """One look at an account: the snapshot, that it is gone, or why it could not be read."""

    at: datetime
    snapshot: Snapshot | None = None
    gone: Gone | None = None
    failure: Failure | None = None

    def store(self, account: LinkedAccount) -> LinkedAccount:
        """Bring the mirror up to what was read."""
        if self.gone is not None:
            mark_gone(account, self.gone)
        if self.snapshot is not None:
            return mirror(account.integration, self.snapshot, at=self.at)
        return account


def read_back(provider: Provider, remote_id: str) -> Reading:
    """Ask the remote how the account is now."""
    at = timezone.now()
    match provider.fetch(remote_id):
        case Ok(value=snapshot):
            return Reading(at, snapshot=snapshot)
        case Gone() as gone:
            return Reading(at, gone=gone)
        case failure:
            return Reading(at, failure=failure)


def read_after(provider: Provider, remote_id: str, outcome: Outcome) -> Reading | None:
    """Read back where the outcome says something about the account; None where it does not."""
    match outcome:
        case Ok(value=Handover() | LookupTable()):
            return None
        case Ok() | Refused() | Conflict() | Unavailable(maybe_applied=True):
            return read_back(provider, remote_id)
        case _:
            return None


def confirms(provider: Provider, operation: Operation, plan: Plan, reading: Reading) -> bool | None:
    """Say whether `reading` is evidence that the plan was, or was not, applied; None if it shows nothing."""
    if effect_of(provider, plan.action) == Effect.DELETE:
        return True if reading.gone is not None else None
    if reading.snapshot is None or operation.sent_at is None:
        return None
    return provider.confirms(plan, snapshots.from_json(operation.before), reading.snapshot, operation.sent_at)


def concern(provider: Provider, operation: Operation, plan: Plan, reading: Reading) -> Concern | None:
    """Return what `reading` shows to have changed beside the plan."""
    if reading.snapshot is None:
        return None
    return provider.concern(plan, snapshots.from_json(operation.before), reading.snapshot)


def time_is_over_at(provider: Provider | type[Provider], operation: Operation) -> datetime:
    """Return when the remote can no longer be at work on what was sent last."""
    return (operation.sent_at or operation.created_at) + timedelta(seconds=provider.settle_within_s)


def effect_of(provider: Provider, action: str) -> Effect:
    """Return what an action does to the remote; an action that is no longer declared counts as a write."""
    return next((a.effect for a in provider.actions if a.name == action), Effect.WRITE)
