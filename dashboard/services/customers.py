"""Customers by hand: find, add, change; each change on record, each account matched anew."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import IntegrityError, transaction
from django.db.models import Count, F, Q, QuerySet, Value
from django.db.models.functions import Coalesce, Concat, Lower, NullIf

from ..models import Customer
from ..query_text import MAX_WORDS, clean
from . import erased
from .audit import Actor, Kind, Target, record
from .audit_policy import changes_of
from .keyset import KeysetPage, Sort, page
from .mirror import rematch_customers

PAGE_SIZE = 50
LABELS = {"reference": "Reference", "name": "Name", "email": "E-mail address"}
FIELDS = tuple(LABELS)
_BY_NAME = Sort(
    Concat(Lower(Coalesce(NullIf(F("name"), Value("")), F("reference"))), Value("\t"), F("reference")), False
)


class NotThere(Exception):
    """The customer was erased meanwhile."""


class ReferenceTaken(Exception):
    """Another customer has this reference."""

    def __init__(self, other: Customer) -> None:
        super().__init__(f"The reference belongs to {other}.")
        self.other = other


def find(query: str) -> QuerySet[Customer]:
    """Return the customers in whose name, address or reference every word occurs, with their number of accounts."""
    found = Customer.objects.all()
    for word in clean(query).split()[:MAX_WORDS]:
        found = found.filter(_has(word))
    return found.annotate(accounts=Count("linked_accounts", filter=Q(linked_accounts__gone_at=None)))


def _has(word: str) -> Q:
    """Match a word in any column; SQLite ignores the case of A to Z only, so other letters are tried in each case."""
    spellings = {word} if word.isascii() else {word, word.lower(), word.upper(), word.title()}
    condition = Q()
    for spelling in spellings:
        for column in FIELDS:
            condition |= Q(**{f"{column}__icontains": spelling})
    return condition


def list_page(query: str, *, after: str = "", before: str = "") -> KeysetPage[Customer]:
    return page(find(query), _BY_NAME, size=PAGE_SIZE, after=after, before=before)


def create(values: Mapping[str, str], *, actor: Actor) -> Customer:
    """Add a customer; raise `ReferenceTaken`, or `AuditUnavailable` with nothing added."""
    with transaction.atomic():
        customer = _saved(Customer(**{name: values[name] for name in FIELDS}))
        rematch_customers([customer.reference])
        before = {"erased_before": True} if erased.returned([customer.reference]) else {}
        record(
            Kind.EVENT,
            "customer.created",
            actor=actor,
            target=Target.of(customer),
            facts=lambda: {
                "changes": changes_of(Customer, {}, {name: values[name] for name in FIELDS}, labels=LABELS),
                **before,
            },
        )
    return customer


def change(customer: Customer, values: Mapping[str, str], *, actor: Actor) -> bool:
    """Change a customer and say whether anything differed; raise as `create` does, or `NotThere`."""
    before = {name: getattr(customer, name) for name in FIELDS}
    changed = [name for name in FIELDS if before[name] != values[name]]
    if not changed:
        return False
    with transaction.atomic():
        if not Customer.objects.select_for_update().filter(pk=customer.pk).exists():
            raise NotThere
        for name in changed:
            setattr(customer, name, values[name])
        _saved(customer)
        rematch_customers({before["reference"], customer.reference})
        record(
            Kind.EVENT,
            "customer.changed",
            actor=actor,
            target=Target.of(customer),
            facts=lambda: {
                "changes": changes_of(Customer, before, {name: values[name] for name in changed}, labels=LABELS)
            },
        )
    return True


def _saved(customer: Customer) -> Customer:
    """Save, or name who has the reference; the database decides, so two people at once cannot both win."""
    try:
        with transaction.atomic():
            customer.save()
    except IntegrityError:
        other = Customer.objects.filter(reference=customer.reference).exclude(pk=customer.pk).first()
        if other is None:
            raise
        raise ReferenceTaken(other) from None
    return customer
