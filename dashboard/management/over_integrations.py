"""What the commands that go over integrations have in common: one that is named, or all of them."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from dashboard.registry import integrations


class CommandOverIntegrations(BaseCommand):
    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("integration", nargs="?", help="only this integration; all of them if left out")

    def chosen(self, options: dict[str, Any]) -> list[str]:
        """Return the names to go over, or raise `CommandError` with what is wrong."""
        configured, wanted = integrations(), options["integration"]
        if not configured:
            raise CommandError("No integration is configured: set INTEGRATIONS and the variables it needs.")
        if wanted is not None and wanted not in configured:
            raise CommandError(f"There is no integration “{wanted}”. Configured: {', '.join(configured)}.")
        return [wanted] if wanted else list(configured)
