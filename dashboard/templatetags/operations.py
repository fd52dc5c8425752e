"""Words and numbers of operations: labels, times left, answers of calls."""

from __future__ import annotations

from datetime import datetime

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from dashboard import registry, status
from dashboard.models import ApiCall, Operation
from providers.base import Provider

from .linkdesk import icon

register = template.Library()

_FAILURES = {
    "timeout": "no answer in time",
    "deadline": "no answer in time",
    "connect": "not reached",
    "reset": "connection lost",
    "tls": "no safe connection",
    "too_large": "answer too large",
}


@register.simple_tag
def status_tone(attention: str) -> str:
    return status.presentation_of(attention).tone


@register.simple_tag
def action_label(operation: Operation) -> str:
    """Return the action's label, or its bare name where the provider no longer has it."""
    config = registry.integrations().get(operation.integration)
    actions = config.provider.actions if config else ()
    return next((action.label for action in actions if action.name == operation.action), operation.action)


@register.simple_tag
def copy_button(text: str, what: str) -> SafeString:
    """Draw a button that copies `text`; app.js does the copying."""
    return format_html(
        '<button class="copy" type="button" data-copy="{}" aria-label="Copy the {}">{}</button>',
        text,
        what,
        icon("copy"),
    )


@register.simple_tag
def call_answer(call: ApiCall) -> SafeString:
    """Draw the answer of a call: its status, or in words why there was none."""
    if call.status is None:
        words = _FAILURES.get(call.failure, call.failure.replace("_", " ") or "no answer")
        return format_html('<span class="badge" data-tone="bad">{}{}</span>', icon("alert-triangle"), words)
    tone, symbol = ("ok", "check") if call.status < 400 else ("warn", "alert-triangle")
    return format_html('<span class="badge" data-tone="{}">{}{}</span>', tone, icon(symbol), call.status)


@register.simple_tag
def seconds_since(moment: datetime | None) -> int:
    return max(0, round((timezone.now() - moment).total_seconds())) if moment else 0


@register.simple_tag
def seconds_until(moment: datetime) -> int:
    return max(0, round((moment - timezone.now()).total_seconds()))


@register.simple_tag
def seconds_between(began_at: datetime | None, ends_at: datetime) -> int:
    """Return the whole length of a wait, at least one second; what is left of it where its beginning is not known."""
    return max(1, round((ends_at - (began_at or timezone.now())).total_seconds()))


@register.simple_tag
def elapsed(moment: datetime | None) -> str:
    """Return how long something takes already, in words; operations.js counts on in the same words."""
    return duration_words(seconds_since(moment))


@register.simple_tag
def remaining_words(moment: datetime) -> str:
    return duration_words(seconds_until(moment))


@register.simple_tag
def settle_time(provider: Provider | None) -> str:
    """Return for how long the provider may work on it."""
    seconds = provider.settle_within_s if provider else 60
    return f"up to {round(seconds / 60)} minutes" if seconds >= 120 else "up to a minute"


def duration_words(seconds: int) -> str:
    """Return "8 seconds", "1 minute 5 seconds", "2 hours 3 minutes"."""
    if seconds < 60:
        return _count(seconds, "second")
    if seconds < 3600:
        rest = seconds % 60
        return _count(seconds // 60, "minute") + (f" {_count(rest, 'second')}" if rest else "")
    rest = seconds % 3600 // 60
    return _count(seconds // 3600, "hour") + (f" {_count(rest, 'minute')}" if rest else "")


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
