"""System checks: a missing setting is named before anything runs."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register


@register()
def integrations_are_configured(**kwargs: Any) -> list[CheckMessage]:
    return [
        Error(f"{problem.variable}: {problem.message}", id="linkdesk.E001")
        for problem in settings.INTEGRATIONS.problems
    ]
