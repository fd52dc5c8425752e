"""Whether a reference belongs to a customer who was erased: told by its pseudonym, for nothing else is kept."""

from __future__ import annotations

from collections.abc import Iterable

from ..models import ErasedCustomer
from .audit_redaction import pseudonyms

BATCH_ROWS = 500


def returned(references: Iterable[str]) -> dict[str, ErasedCustomer]:
    """Return those of the references that belonged to an erased customer; one small query where nobody ever was."""
    wanted = sorted(set(references) - {""})
    if not wanted or not ErasedCustomer.objects.exists():
        return {}
    by_pseudonym = {each: reference for reference in wanted for each in pseudonyms(reference)}
    every = list(by_pseudonym)
    found: dict[str, ErasedCustomer] = {}
    for start in range(0, len(every), BATCH_ROWS):
        rows = ErasedCustomer.objects.filter(pseudonym__in=every[start : start + BATCH_ROWS]).order_by("erased_at")
        found |= {by_pseudonym[row.pseudonym]: row for row in rows}
    return found
