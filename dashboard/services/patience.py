"""How long something waits for the database, where it may rather be left out than waited for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


@contextmanager
def patience(wait_ms: int | None) -> Iterator[None]:
    """Let SQLite wait for its one lock for no longer than `wait_ms`; None is as long as usual."""
    if wait_ms is None or connection.vendor != "sqlite":
        yield
        return
    with connection.cursor() as cursor:
        [usual_ms] = cursor.execute("PRAGMA busy_timeout").fetchone()
        cursor.execute(f"PRAGMA busy_timeout = {int(wait_ms)}")
        try:
            yield
        finally:
            cursor.execute(f"PRAGMA busy_timeout = {int(usual_ms)}")
