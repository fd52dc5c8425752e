"""Template tags that put audit entries into words."""

from __future__ import annotations

from collections.abc import Sequence

from django import template

from dashboard.models import AuditEntry
from dashboard.services.audit_changes import ChangeLine, changes_of, facts_of
from dashboard.views.audit_words import line_of, simple_facts

register = template.Library()
register.filter("line_of", line_of)


@register.filter
def changes(entry: AuditEntry) -> Sequence[ChangeLine]:
    return changes_of(facts_of(entry))


@register.filter
def plain_facts(entry: AuditEntry) -> list[tuple[str, str]]:
    return simple_facts(facts_of(entry))


@register.filter
def hex_of(code: bytes) -> str:
    return bytes(code).hex()
