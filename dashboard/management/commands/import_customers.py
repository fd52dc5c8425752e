"""`manage.py import_customers FILE.csv`: names and addresses for what providers know by a reference only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from dashboard.services.customer_import import Imported, UnusableFile, import_customers

MAX_BAD_ROWS_SHOWN = 50


class Command(BaseCommand):
    help = "Import customers from a CSV file with the columns reference, name and email."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE.csv")

    def handle(self, *args: Any, **options: Any) -> None:
        file: Path = options["file"]
        try:
            imported = import_customers(file.read_bytes())
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}.") from None
        except UnusableFile as unusable:
            raise CommandError(f"{file}: {unusable}") from None
        self._report(imported)

    def _report(self, imported: Imported) -> None:
        for bad in imported.bad_rows[:MAX_BAD_ROWS_SHOWN]:
            self.stderr.write(f"line {bad.line}: {bad.why}.")
        left_out = len(imported.bad_rows) - MAX_BAD_ROWS_SHOWN
        if left_out > 0:
            self.stderr.write(f"and {left_out} more lines that were left out.")
        self.stdout.write(
            f"{imported.created} new, {imported.changed} changed, {imported.unchanged} as before, "
            f"{len(imported.bad_rows)} left out; {imported.matched} linked accounts brought up to date."
        )
