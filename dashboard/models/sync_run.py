"""One pass over one integration."""

from __future__ import annotations

from django.db import models
from django.utils import timezone


class SyncRun(models.Model):
    """`beat_at` moves with every page; a running row without a beat is a pass whose process is gone."""

    class Result(models.TextChoices):
        RUNNING = "running", "Running"
        COMPLETE = "complete", "Complete"
        PARTIAL = "partial", "Partial"
        FAILED = "failed", "Failed"

    integration = models.CharField(max_length=40)
    started_at = models.DateTimeField(default=timezone.now)
    beat_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    result = models.CharField(max_length=10, choices=Result.choices, default=Result.RUNNING)
    seen = models.PositiveIntegerField(default=0)
    created = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    gone = models.PositiveIntegerField(default=0)
    failure = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ("-started_at", "-id")
        constraints = (
            models.UniqueConstraint(
                fields=("integration",), condition=models.Q(result="running"), name="one_running_sync_per_integration"
            ),
        )
        indexes = (models.Index(fields=("integration", "-started_at"), name="sync_by_integration"),)

    def __str__(self) -> str:
        return f"{self.integration} {self.started_at:%Y-%m-%d %H:%M} {self.result}"
