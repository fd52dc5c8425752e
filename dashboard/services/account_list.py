"""What the list shows: filters become querysets, counts, and pages in a stable order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from uuid import UUID

from django.db.models import Case, CharField, Count, DateTimeField, F, Q, Value, When
from django.db.models.functions import Coalesce, Concat, Lower, NullIf
from django.utils import timezone

from providers.attention import Attention

from ..models import Customer, LinkedAccount, RemoteSchema
from ..models.linked_account import LinkedAccountQuerySet
from ..status import EXPIRY_SHOWN_BEFORE, STALE_AFTER
from . import search
from .keyset import KeysetPage, Sort, as_moment, page

PAGE_SIZE = 50
# Nobody has more; a page that says so is better than one that never ends.
MOST_OF_ONE_CUSTOMER = 200
_LONG_AGO = Value(datetime(1970, 1, 1, tzinfo=UTC), output_field=DateTimeField())
# Customers by name; accounts without one come last, whatever the database thinks of letters.
_CUSTOMER_KEY = Case(
    When(customer__isnull=True, then=Concat(Value("1"), Lower("external_id"), output_field=CharField())),
    default=Concat(
        Value("0"),
        Lower(Coalesce(NullIf(F("customer__name"), Value("")), F("customer__reference"))),
        Value("\t"),
        F("customer__reference"),
        output_field=CharField(),
    ),
    output_field=CharField(),
)

SORTS: Mapping[str, Sort] = {
    "-changed": Sort(F("changed_at"), True, as_moment),
    "changed": Sort(F("changed_at"), False, as_moment),
    "customer": Sort(_CUSTOMER_KEY, False),
    "-customer": Sort(_CUSTOMER_KEY, True),
    "institution": Sort(Lower("title"), False),
    "-institution": Sort(Lower("title"), True),
    "since": Sort(F("attention_since"), False, as_moment),
    "-since": Sort(F("attention_since"), True, as_moment),
    "success": Sort(Coalesce("last_success_at", _LONG_AGO), False, as_moment),
    "-success": Sort(Coalesce("last_success_at", _LONG_AGO), True, as_moment),
}
DEFAULT_SORT = "-changed"
SEARCH_SORT = "customer"


@dataclass(frozen=True, slots=True)
class Filters:
    """One view of the list, as it stands in the URL. Everything empty shows every account that is not ended."""

    q: str = ""
    attention: str = ""
    integration: str = ""
    institution: str = ""
    fresh: str = ""
    customer: str = ""
    ended: bool = False
    sort: str = ""

    @property
    def order(self) -> str:
        """Return the order asked for; hits of a search stand together by customer."""
        return self.sort or (SEARCH_SORT if self.q else DEFAULT_SORT)

    @property
    def active(self) -> tuple[str, ...]:
        """Return the names of the filters that narrow the list, in the order of the form."""
        return tuple(
            field.name for field in fields(self) if field.name not in ("sort", "ended") and getattr(self, field.name)
        )

    @property
    def shows_ended(self) -> bool:
        return self.ended or self.attention == Attention.ENDED

    @property
    def is_only_search(self) -> bool:
        return self.active == ("q",) and not self.ended and not self.sort


def conditions(filters: Filters, now: datetime | None = None) -> dict[str, Q]:
    """Return each active filter's condition under its name; "ended" is the one that hides ended accounts."""
    now = now or timezone.now()
    found: dict[str, Q] = {}
    if filters.q:
        found["q"] = search.matching(filters.q)
    for name, column in (("attention", "attention"), ("integration", "integration"), ("institution", "schema_key")):
        if value := getattr(filters, name):
            found[name] = Q(**{column: value})
    if filters.fresh:
        found["fresh"] = _freshness(filters.fresh, now)
    if filters.customer:
        found["customer"] = Q(customer__isnull=filters.customer == "none")
    if not filters.shows_ended:
        found["ended"] = Q(gone_at=None)
    return found


def _freshness(word: str, now: datetime) -> Q:
    is_stale = Q(checked_at__lt=now - STALE_AFTER) | Q(stale_at__isnull=False) | Q(checked_at=None)
    match word:
        case "stale":
            return is_stale
        case "expiring":
            return Q(expires_at__lt=now + EXPIRY_SHOWN_BEFORE, expires_at__gte=now)
        case "expired":
            return Q(expires_at__lt=now)
        case _:
            return ~is_stale


def accounts(filters: Filters) -> LinkedAccountQuerySet:
    """Return the accounts of a view, unsorted, without the columns that no list shows."""
    found = LinkedAccount.objects.select_related("customer").defer("body", "explanation", "script", "search_text")
    for condition in conditions(filters).values():
        found = found.filter(condition)
    return found


def list_page(
    filters: Filters, *, after: str = "", before: str = "", size: int = PAGE_SIZE
) -> KeysetPage[LinkedAccount]:
    return page(accounts(filters), SORTS[filters.order], size=size, after=after, before=before)


def counts(filters: Filters) -> dict[Attention, int]:
    """Count the accounts of a view by who must act, in one query; the attention filter itself is left aside.

    Ended accounts are counted whether they are shown or not.
    """
    found = LinkedAccount.objects.all()
    for condition in conditions(replace(filters, attention="", ended=True)).values():
        found = found.filter(condition)
    counted = dict(found.order_by().values_list("attention").annotate(Count("pk")))
    return {attention: counted.get(attention.value, 0) for attention in Attention}


@dataclass(frozen=True, slots=True)
class Excluded:
    """Why nothing matches: how many accounts there would be without each filter, most first."""

    total: int
    without: tuple[tuple[str, int], ...]


def excluded(filters: Filters) -> Excluded:
    """Say which filter keeps out most, in one query."""
    found = conditions(filters)
    without = {
        name: Count("pk", filter=_all(condition for other, condition in found.items() if other != name), distinct=True)
        for name in found
    }
    counted = LinkedAccount.objects.aggregate(
        total=Count("pk"), **{f"no_{name}": each for name, each in without.items()}
    )
    ranked = sorted(((name, counted[f"no_{name}"]) for name in found), key=lambda pair: -pair[1])
    return Excluded(counted["total"], tuple(pair for pair in ranked if pair[1]))


def _all(parts: Iterable[Q]) -> Q:
    together = Q(pk__isnull=False)
    for condition in parts:
        together &= condition
    return together


def shown(ids: list[UUID]) -> list[LinkedAccount]:
    """Return the accounts of a page that somebody looks at, in the order in which they stand there."""
    found = accounts(Filters(ended=True)).in_bulk(ids)
    return [found[pk] for pk in ids if pk in found]


def of_customer(customer: Customer) -> list[LinkedAccount]:
    """Return a customer's accounts, ended ones last."""
    found = LinkedAccount.objects.filter(customer=customer).select_related("customer")
    found = found.defer("body", "explanation", "script", "search_text")
    return list(found.order_by(F("gone_at").asc(nulls_first=True), "title", "pk")[:MOST_OF_ONE_CUSTOMER])


def institutions() -> list[tuple[str, str]]:
    """Return the key and name of every institution that accounts may belong to."""
    return list(RemoteSchema.objects.order_by("title", "key").values_list("key", "title").distinct())
