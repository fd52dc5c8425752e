"""Pages of a sorted list without OFFSET or COUNT: each page begins after the last row of the one before."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet
from django.db.models.expressions import Combinable

Row = TypeVar("Row", bound=Model)


def as_text(value: str) -> str:
    """Read a text from a cursor; raise ValueError for what no database takes."""
    if not isinstance(value, str) or "\x00" in value:
        raise ValueError("not a text")
    value.encode()
    return value


def as_moment(value: str) -> datetime:
    """Read a moment with its zone; raise ValueError for anything else, and for one that is at no time in UTC."""
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError("a moment without a zone")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("a moment beyond the calendar") from None


def as_number(value: str) -> int:
    number = int(value)
    if not 0 <= number < 2**63:
        raise ValueError("not a number of a row")
    return number


@dataclass(frozen=True, slots=True)
class Sort:
    """An order: by `key`, then by primary key in the same direction. `parse` reads a value of the key from a cursor."""

    key: Combinable
    is_descending: bool
    parse: Callable[[str], Any] = as_text


@dataclass(frozen=True, slots=True)
class KeysetPage(Generic[Row]):
    """Cursors are None where there is no further page."""

    rows: Sequence[Row]
    after: str | None
    before: str | None


def page(rows: QuerySet[Row], sort: Sort, *, size: int, after: str = "", before: str = "") -> KeysetPage[Row]:
    """Return the page after (or before) a cursor; a cursor that cannot be read gives the first page."""
    ordered = rows.annotate(_key=sort.key)
    start = _read(after or before, sort, rows.model)
    backwards = start is not None and not after
    descending = sort.is_descending != backwards
    if start is not None:
        ordered = ordered.filter(_beyond(start, descending))
    sign = "-" if descending else ""
    found = list(ordered.order_by(f"{sign}_key", f"{sign}pk")[: size + 1])
    has_more = len(found) > size
    found = found[:size]
    if backwards:
        found.reverse()
    has_next, has_previous = (True, has_more) if backwards else (has_more, start is not None)
    return KeysetPage(
        rows=found,
        after=_cursor(found[-1]) if found and has_next else None,
        before=_cursor(found[0]) if found and has_previous else None,
    )


def _beyond(start: tuple[Any, Any], descending: bool) -> Q:
    key, pk = start
    if descending:
        return Q(_key__lte=key) & (Q(_key__lt=key) | Q(pk__lt=pk))
    return Q(_key__gte=key) & (Q(_key__gt=key) | Q(pk__gt=pk))


def _cursor(row: Any) -> str:
    key = row._key.isoformat() if isinstance(row._key, datetime) else str(row._key)
    return base64.urlsafe_b64encode(json.dumps([key, str(row.pk)]).encode()).decode().rstrip("=")


def _read(cursor: str, sort: Sort, model: type[Model]) -> tuple[Any, Any] | None:
    try:
        key, pk = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        # Only texts stand in a cursor of ours: JSON's null and Infinity would pass as the number of a row.
        return sort.parse(as_text(key)), model._meta.pk.to_python(as_text(pk))
    except (ValueError, TypeError, binascii.Error, RecursionError, ValidationError):
        return None
