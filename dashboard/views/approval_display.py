"""How a request for a second person is shown: what is asked, how it stands, and who can do what now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from dashboard import roles
from dashboard.forms.approvals import AskForm, NoteForm
from dashboard.forms.provider_form import ProviderForm
from dashboard.models import Approval, Customer, LinkedAccount, Operation
from dashboard.models.approval import ApprovalState
from dashboard.models.operation import State
from dashboard.registry import UnknownIntegration
from dashboard.services import approval_policy, approvals, erasure
from providers.plan import Plan

from .access import people_with

# State: icon and tone.
SHOWN: Mapping[str, tuple[str, str]] = {
    ApprovalState.OPEN: ("hourglass", "warn"),
    ApprovalState.APPROVED: ("shield-check", "info"),
    ApprovalState.USED: ("circle-check", "ok"),
    ApprovalState.DECLINED: ("ban", "bad"),
    ApprovalState.WITHDRAWN: ("x", "mute"),
    ApprovalState.EXPIRED: ("clock", "mute"),
    ApprovalState.VOID: ("circle-x", "mute"),
}


@dataclass(frozen=True, slots=True)
class Waiting:
    """How an operation stands that waits; `why_not` says that it can no longer be agreed to."""

    heading: str
    why_not: str
    is_own: bool
    may_decide: bool
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Card:
    """One request. `plan` is that of its operation, `lines` what any other subject shows (label, before, after).

    `customer` is whom an erasure is about, for as long as there is anybody: the request itself knows a pseudonym.
    """

    approval: Approval
    word: str
    icon: str
    tone: str
    operation: Operation | None
    customer: Customer | None
    plan: Plan | None
    lines: tuple[Mapping[str, Any], ...]
    is_own: bool
    may_decide: bool
    why_not: str
    may_go_alone: bool
    note: NoteForm

    @property
    def is_danger(self) -> bool:
        return self.approval.action in (approval_policy.DELETE, erasure.ACTION)

    @property
    def is_under_way(self) -> bool:
        """Say whether what was approved is being sent now, so that its page looks again by itself."""
        return self.operation is not None and self.operation.state in (State.QUEUED, State.RUNNING)


def asks_context(
    request: HttpRequest, account: LinkedAccount, plan: object, extra: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what a draft's form needs to ask for a second person; {} where it needs none."""
    try:
        key = approval_policy.needed_for(account, plan) if isinstance(plan, Plan) else ""
    except UnknownIntegration:
        key = ""
    if not key:
        return {"asks": None}
    typed = {name: request.POST.get(name, "") for name in ("reason", "ticket")}
    return {
        "asks": extra.get("asks") or AskForm(initial=typed),
        "asks_key": key,
        "asks_why": approval_policy.WHY[key],
        "asks_first": bool(isinstance(plan, Plan) and plan.secret_names),
    }


def may_be_sent_now(operation: Operation, user: Any) -> bool:
    """Say whether this person has only to type the secret of what was approved for them."""
    approval = operation.approval
    return (
        operation.state == State.AWAITING_APPROVAL
        and approval is not None
        and approval.state == ApprovalState.APPROVED
        and approval.requester_id == user.pk
    )


def waiting_context(operation: Operation, user: Any, form: ProviderForm | None) -> dict[str, Any]:
    approval = operation.approval
    is_own = approval is not None and approval.requester_id == user.pk
    is_open = approval is not None and approval.state == ApprovalState.OPEN
    waiting = Waiting(
        heading="waits for a second person" if is_open else "approved, its secret is missing",
        why_not=approvals.why_not_standing(approval) if approval else "",
        is_own=is_own,
        may_decide=is_open and not is_own and user.has_perm(roles.APPROVE),
        people=_others_with(approval) if is_open else (),
    )
    return {
        "approval": approval,
        "waiting": waiting,
        "form": form,
        "plan": Plan.from_json(operation.plan) if operation.plan else None,
        "plan_digest": operation.plan_digest,
        "notice": None,
    }


def card_of(approval: Approval, user: Any, *, note: NoteForm | None = None) -> Card:
    operation = next(iter(approval.operations.all()), None)
    plan = Plan.from_json(operation.plan) if operation is not None and operation.plan else None
    word, icon, tone = state_of(approval)
    is_own = approval.requester_id == user.pk
    return Card(
        approval,
        word,
        icon,
        tone,
        operation,
        _customer_of(approval),
        plan,
        tuple(approval.shown),
        is_own,
        may_decide=approval.state == ApprovalState.OPEN and not is_own and user.has_perm(roles.APPROVE),
        why_not=(why_not := approvals.why_not_standing(approval)),
        may_go_alone=approval.state == ApprovalState.OPEN and not why_not and not approvals.why_never_alone(approval),
        note=note or NoteForm(prefix=None),
    )


def state_of(approval: Approval) -> tuple[str, str, str]:
    """Return word, icon and tone; what one person did alone stands out."""
    if approval.is_broken_glass and approval.state in (ApprovalState.APPROVED, ApprovalState.USED):
        return "Done by one person alone", "alert-triangle", "bad"
    return (approval.get_state_display(), *SHOWN[approval.state])


def _customer_of(approval: Approval) -> Customer | None:
    is_one = approval.subject == erasure.ACTION
    return Customer.objects.filter(pk=approval.subject_id).first() if is_one else None


def _others_with(approval: Approval | None) -> tuple[str, ...]:
    own = str(approval.requester) if approval is not None and approval.requester else ""
    return tuple(name for name in people_with(roles.APPROVE) if name != own)
