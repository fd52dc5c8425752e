"""Template tags of every page around a second person: what waits for me, and what one person did alone."""

from __future__ import annotations

from typing import Any

from django import template

from dashboard import roles
from dashboard.models import Approval
from dashboard.services import approval_search

register = template.Library()
# Beyond that the number says "many".
COUNTED = 99


@register.simple_tag
def waiting_for(user: Any) -> str:
    """Return how many requests wait for this person, as the navigation shows it; "" for none."""
    if not user.is_authenticated or not user.has_perm(roles.APPROVE):
        return ""
    count = approval_search.to_decide(user)[: COUNTED + 1].count()
    return "" if not count else f"{COUNTED}+" if count > COUNTED else str(count)


@register.simple_tag
def done_alone(user: Any) -> list[Approval]:
    """Return what one person did alone within the last day and nobody has reviewed, for those who have to know."""
    return approval_search.loud(user) if user.is_authenticated else []
