"""The log as a spreadsheet: one row an entry, and no cell that a spreadsheet would take for a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import IO

from dashboard.models import AuditEntry

from .audit_changes import changes_of, facts_of
from .audit_selection import Row, Selection, batches

# What a spreadsheet takes for the beginning of a formula, also in the wide characters of East Asian keyboards.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
HEADER = (
    "Entry",
    "Time (UTC)",
    "Kind",
    "Action",
    "Actor",
    "Role",
    "Target",
    "Integration",
    "Result",
    "Changes",
    "Reason",
    "Operation",
    "Actor id",
    "Target id",
    "All facts (JSON)",
    "Code of the entry (HMAC)",
)
_CELLS = ("seq", "at", "kind", "action", "actor", "role", "target", "integration", "result")


def write_csv(target: IO[bytes], selection: Selection, progress: Callable[[int], None]) -> int:
    """Write the rows and return how many; without the byte order mark Excel would guess another encoding than UTF-8."""
    count = 0
    text = io.TextIOWrapper(target, encoding="utf-8-sig", newline="", write_through=True)
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerow(HEADER)
    for rows in batches(selection.entries):
        writer.writerows([[defuse(cell) for cell in _cells(row)] for row in rows])
        count += len(rows)
        progress(count)
    text.detach()
    return count


def defuse(cell: object) -> str:
    """Return a cell's text; an apostrophe in front of what would be a formula makes it text to every spreadsheet."""
    text = str(cell)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _cells(row: Row) -> list[object]:
    facts = facts_of(AuditEntry(body=row["body"]))
    changes = "; ".join(f"{change.label}: {change.before} → {change.after}" for change in changes_of(facts))
    told = [row[name] for name in _CELLS]
    return [
        *told,
        changes,
        facts.get("reason", ""),
        row["operation_id"],
        row["actor_id"],
        row["target_id"],
        row["body"],
        row["mac"],
    ]
