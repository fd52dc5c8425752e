"""Drafts: what a person is about to do, planned and shown before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, assert_never

from django.utils import timezone

from providers.base import Availability, Provider
from providers.fields import FieldValue
from providers.outcomes import FieldErrors
from providers.plan import Plan

from ..models import LinkedAccount, Operation, User
from ..models.operation import State
from ..registry import UnknownIntegration, integrations, pure
from ..text import storable, storable_json
from . import snapshots
from .results import OpenRefused, Preview

DRAFTS_LAST = timedelta(days=2)
NOT_CONFIGURED = "The integration “{}” is not configured any more. Tell an administrator."


def open_draft(
    account: LinkedAccount,
    action: str,
    *,
    actor: User,
    previous: Operation | None = None,
    values: Mapping[str, FieldValue] | None = None,
) -> Operation | OpenRefused:
    """Make a draft with its first preview, or say in a sentence why there is none."""
    try:
        provider = pure(account.integration)
    except UnknownIntegration as unknown:
        return OpenRefused(NOT_CONFIGURED.format(unknown.name))
    offered = _offered(provider, account, action)
    if offered is None:
        return OpenRefused(f"{provider.name} has no such action.")
    if account.is_gone:
        return OpenRefused(f"This {provider.noun} no longer exists at {provider.name}.")
    if not offered.is_available:
        return OpenRefused(offered.why_not)
    holder = current_of(account)
    if holder is not None:
        return OpenRefused(held_by(holder), holder)
    draft = Operation.objects.create(
        account=account,
        integration=account.integration,
        action=action,
        actor=actor,
        actor_text=storable(str(actor), 300),
        previous=previous,
        before=snapshots.to_json(account.to_snapshot()),
    )
    preview(draft, values or {}, frozenset())
    return draft


def preview(operation: Operation, values: Mapping[str, FieldValue], given_secrets: frozenset[str]) -> Preview:
    """Plan what `values` would do, and keep the values that are no secrets on the draft. No network."""
    shown = plan_for(operation, values, given_secrets)
    if operation.state == State.DRAFT:
        plan = shown.plan
        operation.move(
            State.DRAFT,
            values=kept_values(operation, values),
            plan=storable_json(plan.to_json()) if plan else None,
            plan_digest=plan.digest if plan else "",
            secret_names=list(plan.secret_names) if plan else [],
        )
    return shown


def plan_for(operation: Operation, values: Mapping[str, FieldValue], given_secrets: frozenset[str]) -> Preview:
    """Plan on the account as the mirror has it now; changes nothing."""
    account = operation.account
    schema = snapshots.schema_of(account)
    typed = on_top(operation, values)
    plan = pure(account.integration).plan_update(operation.action, account.to_snapshot(), typed, given_secrets, schema)
    match plan:
        case Plan():
            return Preview(plan)
        case FieldErrors(errors=errors):
            return Preview(None, errors)
        case _:
            assert_never(plan)


def kept_values(operation: Operation, values: Mapping[str, FieldValue]) -> dict[str, Any]:
    """Return the values that may stay on a draft: those of known fields that hold no secret."""
    account = operation.account
    fields = pure(account.integration).fields(operation.action, account.to_snapshot(), snapshots.schema_of(account))
    plain = {field.name for field in fields if not field.secret}
    stored: dict[str, Any] = storable_json({name: value for name, value in values.items() if name in plain})
    return stored


def values_of(operation: Operation) -> dict[str, FieldValue]:
    """Return the kept values as a form takes them: JSON knows no tuples."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in operation.values.items()}


def values_on_top(operation: Operation) -> Mapping[str, FieldValue]:
    """Return the kept values as they stand on top of the account as it is now."""
    return on_top(operation, values_of(operation))


def on_top(operation: Operation, values: Mapping[str, FieldValue]) -> Mapping[str, FieldValue]:
    """Return what was typed on top of what the person saw as it stands on top of the account as it is now.

    A form sends all its fields, and the mirror may have moved since it was shown.
    """
    if not operation.before or operation.integration not in integrations():
        return values
    before, now = snapshots.from_json(operation.before), operation.account.to_snapshot()
    return pure(operation.integration).carry_over(operation.action, values, before, now)


def expire_drafts() -> int:
    """Let go of drafts that nobody sent; what was typed into them goes with them. Returns how many."""
    old = Operation.objects.filter(state=State.DRAFT, created_at__lt=timezone.now() - DRAFTS_LAST)
    return old.update(state=State.EXPIRED, values={}, plan=None, settled_at=timezone.now())


def current_of(account: LinkedAccount) -> Operation | None:
    """Return the operation that holds the account: no other may start while it does."""
    return Operation.objects.holding().select_related("account", "actor").filter(account=account).first()


def waiting_of(account: LinkedAccount) -> Operation | None:
    """Return the operation that waits for a second person, if there is one; it holds nothing."""
    waiting = Operation.objects.filter(account=account, state=State.AWAITING_APPROVAL)
    return waiting.select_related("account__customer", "actor", "approval", "previous").order_by("-created_at").first()


def held_by(holder: Operation) -> str:
    """Say who holds an account, as a sentence."""
    return f"{holder.actor_text} is working on this now. Nothing else can be started until that is settled."


def _offered(provider: Provider, account: LinkedAccount, action: str) -> Availability | None:
    offers = provider.availability(account.to_snapshot(), snapshots.schema_of(account))
    return next((offer for offer in offers if offer.action.name == action), None)
