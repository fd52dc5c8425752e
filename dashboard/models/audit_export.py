"""One export of the audit log: who asked for which entries in what form, how far it is, and where its file lies."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone


class AuditExport(models.Model):
    """Never deleted: when its time is over the file goes, and the row says so.

    `last_seq` was the end of the log at the moment of asking: whatever was written later is not in it, however late the
    worker comes. `claim` names the run that may write; a run that lost it stops.
    """

    class Form(models.TextChoices):
        BUNDLE = "bundle", "Bundle with proof"
        CSV = "csv", "CSV for a spreadsheet"
        REPORT = "report", "Printable report"

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting its turn"
        RUNNING = "running", "Being made"
        DONE = "done", "Ready"
        FAILED = "failed", "Failed"
        EXPIRED = "expired", "File removed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    form = models.CharField(max_length=10, choices=Form.choices)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    # What was asked for: the filters as text, and in words.
    filters = models.JSONField(default=dict, blank=True)
    words = models.CharField(max_length=2000)
    last_seq = models.BigIntegerField()
    asked_at = models.DateTimeField(default=timezone.now)
    asked_by_id = models.CharField(max_length=40)
    asked_by = models.CharField(max_length=300)
    # How far it is.
    claim = models.CharField(max_length=32, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    beat_at = models.DateTimeField(null=True, blank=True)
    total = models.BigIntegerField(null=True, blank=True)
    written = models.BigIntegerField(default=0)
    # What came of it.
    ended_at = models.DateTimeField(null=True, blank=True)
    failure = models.CharField(max_length=500, blank=True)
    file_name = models.CharField(max_length=120, blank=True)
    size_bytes = models.BigIntegerField(null=True, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-asked_at", "-id")
        indexes = (
            models.Index(fields=("-asked_at", "-id"), name="export_by_time"),
            models.Index(fields=("state", "asked_at"), name="export_by_state"),
        )

    def __str__(self) -> str:
        return f"{self.get_form_display()} of {self.asked_at:%Y-%m-%d %H:%M}"

    @property
    def is_under_way(self) -> bool:
        return self.state in (self.State.WAITING, self.State.RUNNING)

    @property
    def percent(self) -> int | None:
        """Return how much is written; None while it is not known how much there is."""
        if not self.total:
            return None
        return min(100, self.written * 100 // self.total)
