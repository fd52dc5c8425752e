"""Tags of the staff pages: rights in words, times as the audit log writes them."""

from __future__ import annotations

from datetime import datetime

from django import template

from dashboard.roles import WORDS

register = template.Library()


@register.filter
def right_words(permission: str) -> str:
    """Say what a permission lets a person do."""
    return WORDS.get(permission, permission)


@register.filter
def moment(text: str) -> datetime:
    """Read a time as it stands in an audit entry."""
    return datetime.fromisoformat(text)
