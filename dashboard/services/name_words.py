"""Names beside the pseudonyms of audit entries, for people who read them: one query for a page."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from dashboard.models import AuditEntry, KnownName

from .known_names import original_of

ERASED = "erased"
_CUSTOMER = re.compile(r"Customer ([0-9a-f]{12})")

Place = tuple[str, str]


class Names:
    """What is known of pseudonyms, each by the target it was written about; "" is nothing, and then it stands alone."""

    def __init__(self, rows: Iterable[KnownName] = ()) -> None:
        self._rows: dict[Place, KnownName] = {(row.target_id, row.pseudonym): row for row in rows}

    def of_value(self, target_id: str, pseudonym: str) -> str:
        """Return the value itself, as in a change."""
        row = self._rows.get((target_id, pseudonym))
        if row is None:
            return ""
        return ERASED if row.sealed is None else original_of(row) or ""

    def of_target(self, target_id: str, text: str) -> str:
        """Return name and reference of the customer that a target's text tells of."""
        found = _CUSTOMER.fullmatch(text)
        reference = self.of_value(target_id, found[1]) if found else ""
        if not found or reference in ("", ERASED):
            return reference
        customer = self._rows[target_id, found[1]].customer
        return f"{customer.name} ({reference})" if customer is not None and customer.name else reference


def names_at(places: Iterable[Place]) -> Names:
    """Look up pseudonyms, each with the target that it is about, in one query."""
    wanted = set(places)
    if not wanted:
        return Names()
    targets, pseudonyms = ({place[at] for place in wanted} for at in (0, 1))
    # More than the wanted pairs can come; each row is known by its own.
    return Names(KnownName.objects.select_related("customer").filter(target_id__in=targets, pseudonym__in=pseudonyms))


def names_of(entries: Iterable[AuditEntry]) -> Names:
    """Look up the pseudonyms in the targets of entries: all that a list shows."""
    return names_at(place for entry in entries for place in places_of(entry))


def places_of(entry: AuditEntry, facts: Mapping[str, Any] | None = None) -> Iterator[Place]:
    """Yield each pseudonym of an entry's target, and of the changes in its body where that is given."""
    if found := _CUSTOMER.fullmatch(entry.target):
        yield entry.target_id, found[1]
    changes = (facts or {}).get("changes")
    for change in changes if isinstance(changes, list) else ():
        for value in (change.get("before"), change.get("after")) if isinstance(change, dict) else ():
            if isinstance(value, dict) and isinstance(value.get("pseudonym"), str):
                yield entry.target_id, value["pseudonym"]
