"""The log on paper: one page of HTML with what was asked for, the state of the chain, each entry with its changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import IO

from django.conf import settings
from django.template.loader import render_to_string

from dashboard.models import AuditEntry, AuditExport

from .audit_changes import facts_of
from .audit_selection import Row, Selection, batches
from .audit_status import status
from .name_words import names_at, places_of

# More is no paper any more, and no browser lays it out in time: refused in words before, never cut.
MAX_ENTRIES = 5000
# Stands in the page for the entries, which follow batch by batch. No text of an entry can hold it: it is markup.
_PLACE = "<!-- entries -->"


def write_report(
    target: IO[bytes], export: AuditExport, selection: Selection, total: int, progress: Callable[[int], None]
) -> int:
    """Write the page and return how many entries are on it."""
    context = {
        "export": export,
        "total": total,
        "chain": status(),
        "is_stretch": selection.is_stretch,
        # Files by their plain names: those with a digest in them may be gone when the report is opened next month.
        "static_url": settings.STATIC_URL,
    }
    page = render_to_string("dashboard/audit_export_report.html", context)
    head, _, tail = page.partition(_PLACE)
    target.write(head.encode())
    count = 0
    for rows in batches(selection.entries):
        entries = [_entry(row) for row in rows]
        names = names_at(place for entry in entries for place in places_of(entry, facts_of(entry)))
        shown = {"entries": entries, "names": names}
        target.write(render_to_string("dashboard/_audit_export_entries.html", shown).encode())
        count += len(rows)
        progress(count)
    target.write(tail.encode())
    return count


def _entry(row: Row) -> AuditEntry:
    return AuditEntry(**row | {"mac": bytes.fromhex(row["mac"]), "prev_mac": bytes.fromhex(row["prev_mac"])})
