"""Operations that wait for a second person: asked, carried out when one has agreed, let go when not."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from dashboard import roles
from providers.answers import digest_of
from providers.fields import FieldValue
from providers.plan import Plan

from ..models import Approval, Operation, User
from ..models.approval import ApprovalState
from ..models.operation import State
from ..registry import UnknownIntegration
from ..text import storable, storable_json
from . import approval_policy, approvals, executor, snapshots
from .audit import Target, redact_changes
from .drafts import kept_values, on_top, plan_for, values_of, values_on_top
from .intents import MAX_REASON_CHARS, run_now
from .results import AlreadySent, AskedAlready, AskResult, NotNeeded, Preview, Waiting
from .sending import agreed, carry

SUBJECT = "operation"
BUSY = "Linkdesk carries as many operations as it may. Nothing was decided; try again in a moment."
HELD = "Another change of this account is under way. Nothing was decided; try again when it is settled."


class _Lost(Exception):
    """The draft is none any more: the transaction rolls back."""


def ask(
    operation: Operation,
    values: Mapping[str, FieldValue],
    given: frozenset[str],
    *,
    digest: str,
    actor: User,
    reason: str,
    ticket: str = "",
) -> AskResult:
    """Ask a second person to agree to the plan of a draft. Only names of secrets come here; nothing is sent."""
    operation = _fresh(operation.pk)
    plan = agreed(operation, values, given, digest=digest, actor=actor)
    if not isinstance(plan, Plan):
        return plan
    key = approval_policy.needed_for(operation.account, plan)
    if not key:
        return NotNeeded(Preview(plan))
    if (other := _asked_already(operation, plan)) is not None:
        return AskedAlready(other.actor_text, other)
    values = on_top(operation, values)

    def wait(approval: Approval) -> None:
        if not operation.move(
            State.AWAITING_APPROVAL,
            approval=approval,
            actor=actor,
            actor_text=storable(str(actor), 300),
            reason=storable(reason, MAX_REASON_CHARS),
            values=kept_values(operation, values),
            secret_names=list(plan.secret_names),
            plan=storable_json(plan.to_json()),
            plan_digest=plan.digest,
            before=snapshots.to_json(operation.account.to_snapshot()),
        ):
            raise _Lost

    try:
        with transaction.atomic(durable=True):
            approval = approvals.request(
                _asked(operation, plan, key), actor=actor, reason=reason, ticket=ticket, then=wait
            )
    except _Lost:
        return AlreadySent(_fresh(operation.pk))
    return Waiting(operation, approval)


def withdraw(operation: Operation, *, actor: User) -> bool:
    """Take back one's own request; False if it is too late, or somebody else's."""
    return operation.approval is not None and isinstance(
        approvals.withdraw(operation.approval, actor=actor), approvals.Decided
    )


def void_by_edit(operation: Operation, *, actor: User) -> str:
    """Void one's own request because it is edited; return "" or why not."""
    approval = operation.approval
    if approval is None or not approval.is_pending:
        return ""
    if approval.requester_id != actor.pk:
        return f"{approval.requester_text} has asked a second person for this, and only they can edit it."
    approvals.void(approval, f"{actor} has edited what was asked for.", actor=actor)
    return ""


class _AnOperation:
    permission = roles.REPAIR
    why_never_alone = ""

    def basis(self, approval: Approval) -> str:
        operation = _rows().filter(pk=approval.subject_id).first()
        if operation is None:
            return "gone"
        given = frozenset(operation.secret_names)
        try:
            plan = plan_for(operation, values_of(operation), given).plan
        except UnknownIntegration:
            return "gone"
        return _basis(operation, plan)

    def perform(self, approval: Approval, requester: User, approver: User | None) -> str:
        """Begin it in the transaction that approves it; it is sent after that, by a thread of this process."""
        operation = _fresh(approval.subject_id)
        plan = plan_for(operation, values_of(operation), frozenset()).plan
        if plan is None or plan.digest != approval.digest:
            raise approvals.CannotPerform("This is not what was asked for any more. Nothing was decided.")
        values = values_on_top(operation)
        slot = executor.reserve()
        if slot is None:
            raise approvals.CannotPerform(BUSY)
        try:
            reason = operation.reason
            if not run_now(operation, plan, values, actor=requester, reason=reason, approval=approval):
                raise approvals.CannotPerform(HELD)
        except BaseException:
            slot.release()
            raise
        plain = dict(values)
        # Where the transaction rolls back this is forgotten, and the place is given back with it.
        transaction.on_commit(lambda: carry(slot, operation, lambda provider: provider.send(plan, plain, {})))
        return ""

    def close(self, approval: Approval) -> None:
        operation = Operation.objects.filter(pk=approval.subject_id, state=State.AWAITING_APPROVAL).first()
        if operation is not None:
            to = State.EXPIRED if approval.state == ApprovalState.EXPIRED else State.CANCELLED
            operation.move(to, settled_at=timezone.now())


approvals.register(SUBJECT, _AnOperation())


def _asked(operation: Operation, plan: Plan, key: str) -> approvals.Asked:
    return approvals.Asked(
        SUBJECT,
        str(operation.pk),
        key,
        Target.of(operation.account),
        digest=plan.digest,
        basis=_basis(operation, plan),
        summary=plan.summary,
        # What both people see is the operation's own plan: kept once, and erased with it.
        payload={"operation_action": operation.action},
        facts=lambda: {"operation_action": plan.action, "plan_digest": plan.digest, "changes": redact_changes(plan)},
        is_two_step=bool(plan.secret_names),
    )


def _basis(operation: Operation, plan: Plan | None) -> str:
    """Return a digest of what the request rests on: the plan made anew, and whose account it is.

    A plan knows what of the account it rests on, so that a mere refresh voids nothing.
    """
    account = operation.account
    whose = str(account.customer_id or account.external_id)
    return digest_of([plan.digest if plan else None, account.is_gone, whose])


def _asked_already(operation: Operation, plan: Plan) -> Operation | None:
    waiting = Operation.objects.filter(account=operation.account_id, state=State.AWAITING_APPROVAL)
    return waiting.filter(plan_digest=plan.digest).exclude(pk=operation.pk).first()


def _rows() -> QuerySet[Operation]:
    return Operation.objects.select_related("account", "account__customer", "actor", "approval")


def _fresh(operation_id: UUID | str) -> Operation:
    return _rows().get(pk=operation_id)
