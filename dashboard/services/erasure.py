"""Erasing a customer: asked for by an admin, agreed to by a second person, done once and for good."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.db import transaction

from dashboard import roles

from ..models import Approval, Customer, User
from ..models.erased_customer import MIN_REASON_CHARS
from . import approvals
from .approval_rows import CannotPerform
from .audit import Actor, Target
from .audit_redaction import keyed_digest
from .erasing import erase, lock
from .erasure_preview import goes, obstacles
from .erasure_scope import SUBJECT, Scope
from .second_person import Act, By

ACTION = SUBJECT


class CannotErase(CannotPerform):
    """Why not, as a sentence; nothing was changed. `field` is what was typed wrong, if that is why."""

    def __init__(self, why: str, *, field: str = "") -> None:
        super().__init__(why)
        self.field = field


def ask(customer: Customer, *, actor: User, reason: str, ticket: str = "") -> Approval | None:
    """Erase a customer, or ask a second person where the settings want one; return the request then.

    Raise `CannotErase`, or `CannotPerform` where it waits already.
    """
    with transaction.atomic():
        scope = _ready(customer.pk)
        _refuse_texts(scope, reason=reason, ticket=ticket)
        if len(reason.strip()) < MIN_REASON_CHARS:
            raise CannotErase(f"This is too short: at least {MIN_REASON_CHARS} characters.", field="reason")
        target, counts = Target.of(scope.customer), scope.counts()
        return _ERASURE.ask(
            str(customer.pk),
            {},
            target=target,
            summary=f"Erase {target.text[:1].lower()}{target.text[1:]}",
            shown=[
                {"label": line.label, "before": str(line.count), "after": None} for line in goes(counts) if line.count
            ],
            facts=counts,
            actor=actor,
            reason=reason,
            ticket=ticket,
        )


class _Erasure(Act):
    name = SUBJECT
    permission = roles.MANAGE_STAFF
    why_never_alone = "Erasing cannot be undone and can wait: nobody goes on alone with it."

    def basis_of(self, subject_id: str) -> str:
        """Return a keyed digest of who would be erased with which accounts: one without a key could be guessed."""
        customer = Customer.objects.filter(pk=subject_id).first()
        if customer is None:
            return "gone"
        accounts = [[str(account.pk), account.is_gone] for account in Scope(customer).accounts]
        known = [subject_id, customer.reference, customer.name, customer.email, accounts]
        return keyed_digest("erasure", json.dumps(known))

    def do(self, subject_id: str, payload: Mapping[str, Any], by: By) -> str:
        scope = _ready(subject_id)
        if by.approval:
            _refuse_texts(scope, note=Approval.objects.get(pk=by.approval).note)
        erased = erase(scope, actor=Actor.of(by.actor), reason=by.reason, approval=by.approval)
        return f"Customer {erased.pseudonym} is erased."


_ERASURE = _Erasure()
approvals.register(SUBJECT, _ERASURE)


def _ready(customer_id: object) -> Scope:
    """Lock the customer and return what is in scope, or say why it cannot be erased now."""
    customer = lock(customer_id)
    if customer is None:
        raise CannotErase("This customer is not there any more. Nothing was erased.")
    scope = Scope(customer)
    if found := obstacles(scope):
        raise CannotErase(" ".join([*(each.sentence for each in found), "Nothing was erased."]))
    return scope


def _refuse_texts(scope: Scope, **typed: str) -> None:
    """Refuse a text for the log that names the person: there it could never be erased."""
    for name, text in typed.items():
        if scope.own.are_in(text):
            raise CannotErase(
                f"The {name} names the customer, and the log keeps it for ever. Nothing was erased: leave it out.",
                field=name,
            )
