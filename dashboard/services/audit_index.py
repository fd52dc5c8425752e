"""The terms of the audit log, kept: written with each entry, rebuilt from the entries, dropped with a segment."""

# ruff: noqa: S608 - the only word put into the SQL is the name of our own table.

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.db import connection, transaction

from dashboard.models import AuditEntry

from .audit_terms import COLUMNS, terms_of, vocabulary_of

TABLE = "dashboard_auditterm"
BATCH_ENTRIES = 500
# In one statement.
MAX_ROWS = 10_000
_INSERT = {
    "sqlite": (
        f"INSERT INTO {TABLE} (name, value, seq) SELECT json_extract(value, '$[0]'),"
        " json_extract(value, '$[1]'), json_extract(value, '$[2]') FROM json_each(%s) WHERE true ON CONFLICT DO NOTHING"
    ),
    "postgresql": (
        f"INSERT INTO {TABLE} (name, value, seq) SELECT row ->> 0, row ->> 1, (row ->> 2)::bigint"
        " FROM json_array_elements(%s::json) AS row ON CONFLICT DO NOTHING"
    ),
}

Row = tuple[str, str, int]


def write(entry: AuditEntry) -> None:
    """Write the terms of an entry in one statement, inside its transaction."""
    _insert(_rows({name: getattr(entry, name) for name in COLUMNS}))


def rebuild(progress: Callable[[int], None] = lambda seq: None) -> int:
    """Write the terms of every entry anew and return how many entries there are.

    In batches, each a transaction of its own: the desk goes on working, and what is searched for meanwhile is found by
    the old terms or the new ones. What is found by terms of a former version stays until the table is emptied.
    """
    count = seq = 0
    while batch := list(AuditEntry.objects.filter(seq__gt=seq).order_by("seq").values(*COLUMNS)[:BATCH_ENTRIES]):
        with transaction.atomic():
            _insert(row for entry in batch for row in _rows(entry))
        count += len(batch)
        seq = batch[-1]["seq"]
        progress(seq)
    return count


def empty() -> None:
    """Remove every term."""
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {TABLE}")


def forget_until(seq: int) -> None:
    """Remove the terms of the entries up to `seq`, where these have left the log; reads the whole table."""
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {TABLE} WHERE seq BETWEEN 1 AND %s", [seq])


def _rows(entry: Mapping[str, Any]) -> list[Row]:
    rows = [(str(name), value, entry["seq"]) for name, value in terms_of(entry)]
    return rows + [(name, value, 0) for name, value in vocabulary_of(entry)]


def _insert(rows: Iterable[Row]) -> None:
    # In the order of the key: fewer pages are touched, and each value of the vocabulary comes once.
    ordered = sorted(set(rows))
    with connection.cursor() as cursor:
        for start in range(0, len(ordered), MAX_ROWS):
            # However many rows: always the same statement with one parameter, which the database need not read anew.
            cursor.execute(_INSERT[connection.vendor], [json.dumps(ordered[start : start + MAX_ROWS])])
