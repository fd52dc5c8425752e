"""The shared state of a remote's rate limit: one row per gate, one number per row."""

from __future__ import annotations

from django.db import models


class RateGate(models.Model):
    """`full_at` is when the bucket will be empty again, in seconds since 1970 (generic cell rate algorithm)."""

    name = models.CharField(max_length=120, primary_key=True)
    full_at = models.FloatField(default=0)

    def __str__(self) -> str:
        return self.name
