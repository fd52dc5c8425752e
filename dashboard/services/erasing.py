"""Erasing a customer, in the caller's transaction: what goes, in which order, and the entry that tells of it."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from ..models import ApiCall, Customer, ErasedCustomer, KnownName, LinkedAccount, Operation, SavedQuery
from ..models.operation import State
from . import mirror
from .audit import Actor, Kind, Target, record
from .audit_redaction import pseudonym
from .erasure_scope import Scope

BATCH_ROWS = 500
# What of an outcome tells nothing of a person: our own words, and ids of the provider's.
_KEPT_OF_OUTCOME = ("type", "rule", "http_status", "remote_code", "request_id")
_SENTENCE = "What was sent and read is erased with the customer."


def erase(scope: Scope, *, actor: Actor, reason: str, approval: str = "") -> ErasedCustomer:
    """Erase everything in the scope of a locked customer and put that on record, as counts; the log stays as it is."""
    customer, counts = scope.customer, scope.counts()
    known_as = str(pseudonym(customer.reference))
    _forget_names(scope, known_as)
    _strip_operations(scope)
    _strip_approvals(scope)
    _strip_calls(scope.calls)
    for query in scope.saved_queries:
        SavedQuery.objects.filter(pk=query.pk).delete()
    for row, columns in scope.elsewhere:
        _save(row, {name: scope.telling.taken_out_of(getattr(row, name)) for name in columns})
    mirror.erase(scope.accounts)
    Customer.objects.filter(pk=customer.pk).delete()
    erased = ErasedCustomer.objects.create(
        pk=customer.pk, pseudonym=known_as, erased_by=actor.text[:300], counts=counts, erased_at=timezone.now()
    )
    record(
        Kind.EVENT,
        "customer.erased",
        actor=actor,
        # By its text alone: the name must not be kept once more.
        target=Target(str(customer.pk), f"Customer {known_as}"),
        facts={**counts, "reason": reason},
        approval=approval,
    )
    return erased


def lock(customer_id: Any) -> Customer | None:
    """Return the customer, held with all accounts until the transaction ends; None where there is none any more."""
    customer = Customer.objects.select_for_update().filter(pk=customer_id).first()
    if customer is not None:
        accounts = LinkedAccount.objects.select_for_update(of=("self",)).order_by("pk")
        list(accounts.filter(pk__in=[account.pk for account in Scope(customer).accounts]).values_list("pk", flat=True))
    return customer


def _forget_names(scope: Scope, known_as: str) -> None:
    """Leave a mark for each name, so that it is shown as erased and nobody keeps it once more."""
    ids = [row.pk for row in scope.names]
    for start in range(0, len(ids), BATCH_ROWS):
        KnownName.objects.filter(pk__in=ids[start : start + BATCH_ROWS]).update(sealed=None)
    own = KnownName(pseudonym=known_as, target_id=str(scope.customer.pk), customer_id=scope.customer.pk)
    KnownName.objects.bulk_create([own], ignore_conflicts=True)


def _strip_operations(scope: Scope) -> None:
    for operation in scope.operations.order_by("pk"):
        if operation.state == State.DRAFT:
            operation.move(State.EXPIRED, settled_at=timezone.now())
        outcome = {name: operation.outcome[name] for name in _KEPT_OF_OUTCOME if name in operation.outcome}
        receipt = {"verdict": operation.receipt["verdict"]} if operation.receipt.get("verdict") else {}
        told = {"sentence": _SENTENCE} if operation.sent_at else {}
        columns = {
            "values": {},
            "plan": None,
            "before": {},
            "outcome": outcome | told,
            "receipt": receipt | told if receipt else {},
            "sealed": None,
            "sealed_until": None,
            "reason": scope.own.taken_out_of(operation.reason),
            "version": operation.version + 1,
        }
        Operation.objects.filter(pk=operation.pk).update(**columns)


def _strip_approvals(scope: Scope) -> None:
    for approval in scope.approvals:
        texts = ("summary", "target", "reason", "ticket", "note", "result")
        columns = {name: scope.own.taken_out_of(getattr(approval, name)) for name in texts}
        _save(approval, {**columns, "payload": {}, "shown": []})


def _strip_calls(ids: list[int]) -> None:
    """Keep that there was a call and how it ended."""
    for start in range(0, len(ids), BATCH_ROWS):
        some = ids[start : start + BATCH_ROWS]
        calls = list(ApiCall.objects.filter(pk__in=some).only("pk", "path_template"))
        for call in calls:
            call.path, call.request_headers, call.request_body, call.response_body = call.path_template, {}, "", ""
        ApiCall.objects.bulk_update(calls, ("path", "request_headers", "request_body", "response_body"))


def _save(row: Any, columns: dict[str, Any]) -> None:
    """Write columns, each no longer than it may be."""
    for name, value in columns.items():
        most = row._meta.get_field(name).max_length
        setattr(row, name, value[:most] if most and isinstance(value, str) else value)
    row.save(update_fields=list(columns))
