"""`manage.py check_integrations [integration]`: ask each remote whether our keys and settings are good."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from dashboard.registry import integrations, provider_for
from providers.outcomes import Ok


class Command(BaseCommand):
    help = "Ask each remote whether our keys and settings are good."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("integration", nargs="?", help="only this integration; all of them if left out")

    def handle(self, *args: Any, **options: Any) -> None:
        configured = integrations()
        wanted = options["integration"]
        if not configured:
            raise CommandError("No integration is configured: set INTEGRATIONS and the variables it needs.")
        if wanted is not None and wanted not in configured:
            raise CommandError(f"There is no integration “{wanted}”. Configured: {', '.join(configured)}.")
        # All of them are asked, whatever one of them says.
        sound = [self._is_sound(name) for name in ([wanted] if wanted else configured)]
        if not all(sound):
            sys.exit(1)

    def _is_sound(self, name: str) -> bool:
        outcome = provider_for(name).check()
        if isinstance(outcome, Ok):
            self.stdout.write(f"{name}: in order.")
            return True
        rule, words = outcome.rule, outcome.evidence.remote_message
        told = (rule.sentence, words, rule.next_step) if rule else (words,)
        self.stderr.write(f"{name}: {' '.join(filter(None, told))}")
        return False
