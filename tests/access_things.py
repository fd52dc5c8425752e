"""One of everything that an address may name, for the walk over all addresses."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from django.utils import timezone

from dashboard.models import ApiCall, Approval, AuditExport, AuditSegment, Operation, User
from dashboard.models.operation import State
from dashboard.services import approvals, audit_exports, handovers, operations, saved_queries, sealing, staff
from dashboard.services.audit import SYSTEM, Actor, Kind, Target, record
from providers.answers import Handover
from providers.secrets import Secret
from tests import people
from tests.dashboard import accounts


def things(*, auditor: User, action: str) -> dict[str, Any]:
    """Return each thing by the part of an address that names it, or by how an address begins.

    The draft is one of `action`, the saved query and the export are the auditor's, the rest belongs to two others.
    """
    account = accounts.account(accounts.customer())
    agent = people.member("agent", email="owner@desk.example")
    draft = operations.open_draft(account, action, actor=agent)
    assert isinstance(draft, Operation), draft
    admin = people.member("admin", email="other@desk.example")
    call = ApiCall.objects.create(integration="belvo", method="GET", path_template="/x", path="/x", duration_ms=1)
    saved = saved_queries.create(auditor, name="Mine", text="kind:denied", is_shared=False, actor=Actor.of(auditor))
    return {
        "linked-account": account.pk,
        "customer": account.customer_id,
        "operation": draft.pk,
        "staff": agent.pk,
        "approval": _approval(agent, admin).pk,
        "audit-segment": AuditSegment.objects.create(month="2025-01", first_seq=1, last_seq=1, last_mac=b"-").pk,
        "seq": record(Kind.EVENT, "test.happened", actor=SYSTEM).seq,
        "audit-export": _export(auditor).pk,
        "saved-query": saved.pk,
        "number": call.pk,
        "action": action,
        "integration": "moneykit",
        "invitation": staff.invite_again(agent, actor=admin),
        "handover": handovers.key_of(_handed_over(agent)),
    }


def _approval(agent: User, admin: User) -> Approval:
    asked = approvals.Asked("roles", str(agent.pk), "roles", Target.of(agent), "digest", payload={"roles": []})
    return approvals.request(asked, actor=admin, reason="leaves")


def _export(auditor: User) -> AuditExport:
    """Return an export whose file is there."""
    asked = audit_exports.ask(Actor.of(auditor), AuditExport.Form.CSV, {})
    assert audit_exports.make_next()
    return asked


def _handed_over(agent: User) -> Operation:
    """Return a repair link that its customer has not opened yet."""
    made = Operation(
        id=uuid.uuid4(),
        account=accounts.account(accounts.customer(), integration="moneykit", provider="moneykit"),
        integration="moneykit",
        action="repair_link",
        state=State.DONE,
        actor=agent,
        actor_text=str(agent),
        receipt={"verdict": "handed_over"},
    )
    session = Handover(Secret(""), timezone.now() + timedelta(minutes=30), "", Secret("a session of MoneyKit's"))
    made.sealed, made.sealed_until = sealing.seal_handover(made, session)
    made.save()
    return made
