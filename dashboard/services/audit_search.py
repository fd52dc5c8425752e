"""Find entries of the audit log, newest first: a page for the screen, all of them for an export."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from dashboard.audit_query import Query, parse, text_of

from ..models import AuditEntry, AuditTerm
from . import audit_vocabulary
from .audit_bytes import timestamp
from .audit_needs import COLUMNS, Group, Need, needs_of
from .audit_page import Span, entries

PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Cursors are numbers of entries, as text; None where there is no further page.

    `looked_to` is the number down to which was looked where the search stopped before the page was full: what is older
    may hold more, and `after` goes on there.
    """

    rows: Sequence[AuditEntry]
    after: str | None
    before: str | None
    looked_to: int | None = None


def actions() -> list[str]:
    """Return every action there is, for the filter."""
    return audit_vocabulary.people_and_actions().actions


def read(text: str, *, at: datetime | None = None) -> Query:
    """Read a query as of `at`, now if none is given; days begin where people see them begin."""
    return parse(text, now=timezone.localtime(at))


def list_page(query: Query, *, after: str = "", before: str = "") -> AuditPage:
    """Return a page of what the query finds; raise `TooBroad`. A cursor that is none gives the first page."""
    if query.mistakes:
        return AuditPage([], None, None)
    needs = needs_of(query)
    cursor = _cursor(after or before)
    is_backwards = cursor is not None and not after
    first, last = needs.first_seq, needs.last_seq
    if cursor is not None:
        first, last = (max(first, cursor + 1), last) if is_backwards else (first, min(last, cursor - 1))
    found = entries(needs, Span(first, last, not is_backwards), PAGE_SIZE + 1)
    # Of one more than a page holds, the one farthest from where the page begins is left out.
    rows = found.rows[-PAGE_SIZE:] if is_backwards else found.rows[:PAGE_SIZE]
    has_more = len(found.rows) > PAGE_SIZE or found.looked_to is not None
    older, newer = (True, has_more) if is_backwards else (has_more, cursor is not None)
    oldest, newest = (rows[-1].seq, rows[0].seq) if rows else (cursor, cursor)
    if found.looked_to is not None:
        oldest, newest = (oldest, found.looked_to) if is_backwards else (found.looked_to, newest)
    return AuditPage(
        rows=rows,
        after=str(oldest) if older else None,
        before=str(newest) if newer else None,
        looked_to=found.looked_to,
    )


def find(filters: Mapping[str, Any], *, at: datetime | None = None) -> QuerySet[AuditEntry]:
    """Return all entries that meet the filters (`q` is a query, the others as `text_of` takes them), for an export.

    What cannot be understood finds nothing. Raise `TooBroad`.
    """
    query = read(text_of(filters), at=at)
    if query.mistakes:
        return AuditEntry.objects.none()
    needs = needs_of(query)
    found = AuditEntry.objects.filter(seq__gte=query.first_seq, seq__lte=query.last_seq)
    if query.since:
        found = found.filter(at__gte=timestamp(query.since))
    if query.until:
        found = found.filter(at__lt=timestamp(query.until))
    for need in needs.needs:
        found = found.exclude(_met(need)) if need.is_negated else found.filter(_met(need))
    return found


def last_verification() -> AuditEntry | None:
    """Return the entry of the last time somebody had the chain verified."""
    return AuditEntry.objects.filter(action="audit.verified").order_by("-seq").first()


def _met(need: Need) -> Q:
    condition = Q(pk__in=[])
    for alternative in need.alternatives:
        if all(alternative):
            all_of = Q()
            for group in alternative:
                all_of &= _any_of(group)
            condition |= all_of
    return condition


def _any_of(group: Group) -> Q:
    condition = Q()
    for source in {source for source, _ in group}:
        values = [value for name, value in group if name == source]
        if source in COLUMNS:
            condition |= Q(**{f"{source}__in": values})
        else:
            condition |= Q(Exists(AuditTerm.objects.filter(name=source, value__in=values, seq=OuterRef("seq"))))
    return condition


def _cursor(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None
