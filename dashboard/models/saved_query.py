"""A query of the audit log that somebody keeps under a name."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone


class SavedQuery(models.Model):
    """Whoever made it may change it; a shared one is seen by every reader of the log and outlives its maker."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    owner_text = models.CharField(max_length=300)
    name = models.CharField(max_length=80)
    text = models.CharField(max_length=500)
    is_shared = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("name", "id")
        constraints = (models.UniqueConstraint(fields=("owner", "name"), name="one_saved_query_per_name"),)
        indexes = (models.Index(fields=("is_shared", "name"), name="saved_query_by_share"),)

    def __str__(self) -> str:
        return self.name
