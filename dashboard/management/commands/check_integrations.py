"""`manage.py check_integrations [integration]`: ask each remote whether our keys and settings are good."""

from __future__ import annotations

import sys
from typing import Any

import structlog

from dashboard.management.over_integrations import CommandOverIntegrations
from dashboard.registry import provider_for
from providers.outcomes import Ok

log = structlog.get_logger(__name__)


class Command(CommandOverIntegrations):
    help = "Ask each remote whether our keys and settings are good."

    def handle(self, *args: Any, **options: Any) -> None:
        # All of them are asked, whatever one of them says.
        sound = [self._is_sound(name) for name in self.chosen(options)]
        if not all(sound):
            sys.exit(1)

    def _is_sound(self, name: str) -> bool:
        try:
            outcome = provider_for(name).check()
        except Exception as fault:
            log.exception("check_broke_off", integration=name)
            self.stderr.write(
                f"{name}: The check broke off by a fault of Linkdesk ({type(fault).__name__}). Nothing was changed. "
                "The log says where; tell whoever maintains Linkdesk."
            )
            return False
        if isinstance(outcome, Ok):
            self.stdout.write(f"{name}: in order.")
            return True
        rule, words = outcome.rule, outcome.evidence.remote_message
        told = (rule.sentence, words, rule.next_step) if rule else (words,)
        self.stderr.write(f"{name}: {' '.join(filter(None, told))}")
        return False
