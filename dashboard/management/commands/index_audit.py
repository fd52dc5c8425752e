"""Write anew what audit entries are found by. It is derived from the entries: nothing of them changes."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from dashboard.services import audit_index


class Command(BaseCommand):
    help = "Rebuild the search index of the audit log from its entries, in batches, while the desk works."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--empty-first", action="store_true", help="remove all terms before; searches find less meanwhile"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["empty_first"]:
            audit_index.empty()
        count = audit_index.rebuild(self._progress)
        self.stdout.write(f"The terms of {count:,} entries are written.")

    def _progress(self, seq: int) -> None:
        if seq % 50_000 < audit_index.BATCH_ENTRIES:
            self.stdout.write(f"up to entry {seq:,}")
