"""The first reading of every integration: all at the same time, because each has a speed limit of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from django.db import connections

from dashboard.models import SyncRun
from dashboard.services import sync


def read_all(integrations: Sequence[str], on_read: Callable[[SyncRun], None] = lambda run: None) -> list[SyncRun]:
    """Sync them, one thread each, and return what came of each, in the same order; `on_read` hears of it too."""
    with ThreadPoolExecutor(max(1, len(integrations)), thread_name_prefix="first-reading") as threads:
        runs = []
        for run in threads.map(_read, integrations):
            on_read(run)
            runs.append(run)
    return runs


def _read(integration: str) -> SyncRun:
    try:
        return sync.run(integration)
    finally:
        connections.close_all()
