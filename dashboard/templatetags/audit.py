"""Template tags that put audit entries into words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from django import template
from django.utils import timezone

from dashboard.models import AuditEntry, AuditReview
from dashboard.models.audit_review import ReviewState
from dashboard.services import audit_reviews
from dashboard.services.audit_changes import ChangeLine, changes_of, facts_of
from dashboard.services.name_words import Names
from dashboard.views.audit_words import ACTIONS, line_of, simple_facts

register = template.Library()
STATES = {
    ReviewState.OPEN: ("hourglass", "warn", "To be reviewed"),
    ReviewState.REVIEWED: ("circle-check", "ok", "Reviewed"),
    ReviewState.FLAGGED: ("alert-triangle", "bad", "Flagged"),
}
register.filter("line_of", line_of)


@register.filter
def changes(entry: AuditEntry, names: Names) -> Sequence[ChangeLine]:
    return changes_of(facts_of(entry), partial(names.of_value, entry.target_id))


@register.filter
def plain_facts(entry: AuditEntry) -> list[tuple[str, str]]:
    return simple_facts(facts_of(entry))


@register.filter
def clock(moment: datetime) -> str:
    """Write a moment as the time of its day, with the day where that is not today, and with its zone."""
    local = timezone.localtime(moment)
    day = "" if local.date() == timezone.localdate() else f"{local:%Y-%m-%d} "
    return f"{day}{local:%H:%M} {local.tzname()}"


@register.filter
def hex_of(code: bytes) -> str:
    return bytes(code).hex()


@register.filter
def review_of(entry: AuditEntry) -> AuditReview | None:
    """Return what the reviewers' queue has of an entry."""
    return audit_reviews.review_of(entry.seq)


@register.filter
def review_state(state: str) -> tuple[str, str, str]:
    """Return icon, tone and word of a state of review."""
    return STATES[ReviewState(state)]


@register.filter
def action_words(action: str) -> str:
    return ACTIONS.get(action, action)
