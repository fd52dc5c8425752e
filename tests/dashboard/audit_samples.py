"""What the tests of the audit log share: entries to look at, and a hand that reaches past the triggers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

from dashboard.models import AuditEntry
from dashboard.services.audit import SYSTEM, Kind, record
from dashboard.triggers import expected_triggers

ENTRY_COLUMNS = [column.column for column in AuditEntry._meta.concrete_fields]


def append(count: int = 1, **facts: Any) -> AuditEntry:
    """Append entries and return the last one."""
    entry = None
    for number in range(count):
        entry = record(Kind.EVENT, "test.happened", actor=SYSTEM, facts={"number": number, **facts})
    assert entry is not None
    return entry


def run(sql: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


@contextmanager
def triggers_off() -> Iterator[None]:
    """Reach past the triggers, as an owner of the database can; they come back with the test's rollback."""
    for name, table in sorted(expected_triggers(connection.vendor)):
        if connection.vendor == "postgresql":
            run(f"ALTER TABLE {table} DISABLE TRIGGER {name}")
        else:
            run(f"DROP TRIGGER {name}")
    yield


def tamper(sql: str, *values: Any) -> None:
    with triggers_off():
        run(sql, *values)
