"""That there was a customer who was erased: what an old link, and a reference that comes back, are told by."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

# What cannot be undone has to tell why.
MIN_REASON_CHARS = 20


class ErasedCustomer(models.Model):
    """Written by `services/erasing.py`. `id` was the customer's, `pseudonym` stands in the log; nothing else is kept.

    `counts` is how much went, by what it was. `erased_by` is a member of staff.
    """

    id = models.UUIDField(primary_key=True, editable=False)
    pseudonym = models.CharField(max_length=12, db_index=True)
    erased_at = models.DateTimeField(default=timezone.now)
    erased_by = models.CharField(max_length=300)
    counts = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"Customer {self.pseudonym}, erased {self.erased_at:%Y-%m-%d}"
