"""Which entries an export holds: chosen once by what was asked, read by keyset in constant memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import DatabaseError
from django.db.models import Max, Min, QuerySet

from dashboard.audit_query import text_of
from dashboard.models import AuditEntry
from dashboard.models.audit import Kind

from .audit_bytes import TEXT_COLUMNS
from .audit_search import find, read

BATCH_ROWS = 2000
COLUMNS = ("seq", "chain", "key_id", "prev_mac", "mac", *TEXT_COLUMNS)
_LABELS = {"kind": "kind", "action": "action", "actor": "actor", "target": "target", "q": "query"}

Row = dict[str, Any]


class UnreadableEntry(Exception):
    """An entry is not what Linkdesk writes: the message says which; the verifier says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Selection:
    """`is_stretch`: every number from the first to the last is meant to be there, so a gap is a finding."""

    entries: QuerySet[AuditEntry]
    is_stretch: bool


def select(filters: Mapping[str, str], last_seq: int, *, at: datetime) -> Selection:
    """Return the entries up to `last_seq` that meet `filters`, as the form wrote them down.

    “The last seven days” are those before `at`, however often and late it is asked again.
    """
    query = read(text_of(filters), at=at)
    up_to_end = AuditEntry.objects.filter(seq__lte=last_seq)
    if query.is_empty:
        return Selection(up_to_end, is_stretch=True)
    found = find(filters, at=at).filter(seq__lte=last_seq)
    if not query.conditions:
        # By number, not by time: a clock that was set back leaves no hole in what is handed over as a stretch.
        ends = found.aggregate(first=Min("seq"), last=Max("seq"))
        stretch = up_to_end.filter(seq__gte=ends["first"] or 0, seq__lte=ends["last"] or 0)
        return Selection(stretch, is_stretch=True)
    return Selection(found, is_stretch=False)


def mistakes_in(filters: Mapping[str, str]) -> list[str]:
    """Return what of a query cannot be understood, as sentences: it would find nothing, and look like nothing there."""
    return list(read(text_of(filters)).mistakes)


def in_words(filters: Mapping[str, str]) -> str:
    """Say what is asked for, as a person reads it."""
    parts = [f"{label} “{_word(name, filters[name])}”" for name, label in _LABELS.items() if filters.get(name)]
    if filters.get("since"):
        parts.append(f"from {filters['since']}")
    if filters.get("until"):
        parts.append(f"up to and with {filters['until']}")
    return f"Entries with {', '.join(parts)}" if parts else "All entries"


def batches(entries: QuerySet[AuditEntry]) -> Iterator[list[Row]]:
    """Yield the stored columns in order of their numbers; raise `UnreadableEntry` for what is no entry of ours."""
    after = 0
    while rows := _rows(entries.filter(seq__gt=after).order_by("seq")):
        for row in rows:
            _check(row)
        after = rows[-1]["seq"]
        yield rows


def _rows(later: QuerySet[AuditEntry]) -> list[Row]:
    try:
        return [dict(zip(COLUMNS, row, strict=True)) for row in later.values_list(*COLUMNS)[:BATCH_ROWS]]
    except DatabaseError:
        # SQLite keeps bytes that are no text in a text column, and gives up on the whole batch: look for the one.
        for seq in later.values_list("seq", flat=True)[:BATCH_ROWS]:
            try:
                AuditEntry.objects.filter(seq=seq).values_list(*COLUMNS).get()
            except DatabaseError:
                raise UnreadableEntry(f"entry {seq} cannot be read as text") from None
        raise


def _check(row: Row) -> None:
    for name in ("prev_mac", "mac"):
        row[name] = _hex(row[name], row["seq"])
    if not all(isinstance(row[name], str) for name in ("chain", "key_id", *TEXT_COLUMNS)):
        raise UnreadableEntry(f"entry {row['seq']} holds something else than text")


def _hex(stored: object, seq: object) -> str:
    if not isinstance(stored, bytes | memoryview):
        raise UnreadableEntry(f"entry {seq} has a code that is none")
    return bytes(stored).hex()


def _word(name: str, value: str) -> str:
    return Kind(value).label if name == "kind" and value in Kind.values else value
