"""The first reading of every integration: all at the same time, because each has a speed limit of its own."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from django.db import connections

from dashboard.models import SyncRun
from dashboard.services import sync


def read_all(integrations: Sequence[str]) -> list[SyncRun]:
    """Sync them, one thread each, and return what came of each, in the same order."""
    with ThreadPoolExecutor(max(1, len(integrations)), thread_name_prefix="first-reading") as threads:
        return list(threads.map(_read, integrations))


def _read(integration: str) -> SyncRun:
    try:
        return sync.run(integration)
    finally:
        connections.close_all()
