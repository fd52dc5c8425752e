"""A closed stretch of the audit log: a month of it, and whether its entries are still here."""

from __future__ import annotations

from django.db import models
from django.utils import timezone


class AuditSegment(models.Model):
    """What the entries `audit.segment_*` tell, to look things up by; the proof is those entries, not this row.

    `last_mac` is the code of the last entry: what follows is chained to it. `released_at` says that the entries may be
    removed, once an export of them lies elsewhere (`export_sha256`); `removed_at` that they were.
    """

    month = models.CharField(max_length=7, primary_key=True)
    first_seq = models.BigIntegerField(unique=True)
    last_seq = models.BigIntegerField(unique=True)
    last_mac = models.BinaryField()
    closed_at = models.DateTimeField(default=timezone.now)
    # The approval under which it was released; "" where the settings want none.
    approval = models.CharField(max_length=40, blank=True)
    export_sha256 = models.CharField(max_length=64, blank=True)
    released_at = models.DateTimeField(null=True, blank=True)
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-first_seq",)

    def __str__(self) -> str:
        return f"{self.month}: entries {self.first_seq} to {self.last_seq}"

    @property
    def count(self) -> int:
        """Return how many entries it has: when it was closed none was missing."""
        return self.last_seq - self.first_seq + 1

    @property
    def query(self) -> str:
        """Return the query of the audit log that finds its entries."""
        return f"seq:{self.first_seq}..{self.last_seq}"

    @property
    def story(self) -> str:
        """Return the query that finds what was done about it."""
        return f"target:{self.month}"
