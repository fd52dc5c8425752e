"""Our mirror of one remote object: few columns to filter on, the redacted remote body beside them."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import models
from django.utils import timezone

from providers.answers import Snapshot
from providers.attention import Attention

from .customer import Customer


class LinkedAccountQuerySet(models.QuerySet["LinkedAccount"]):
    def present(self) -> LinkedAccountQuerySet:
        return self.filter(gone_at=None)

    def stale(self, before: datetime) -> LinkedAccountQuerySet:
        return self.present().filter(models.Q(checked_at__lt=before) | models.Q(stale_at__isnull=False))

    def needing_attention(self) -> LinkedAccountQuerySet:
        return self.present().exclude(attention=Attention.HEALTHY)


class LinkedAccount(models.Model):
    """One object at a remote. Never deleted: it becomes gone (`gone_at`). Written only by `services/mirror.py`.

    `status` is the remote's own word. `attention` is who must act, after everything we know: the snapshot, its schema
    and `cause_*`, the last refusal that says more than the status does. `changed_at` is when anything shown changed,
    and `version` counts those changes: pages poll by it. `search_text` holds, in lower case, everything shown that
    people search by.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    integration = models.CharField(max_length=40)
    provider = models.CharField(max_length=40)
    remote_id = models.CharField(max_length=512)
    customer = models.ForeignKey(Customer, models.SET_NULL, null=True, blank=True, related_name="linked_accounts")
    external_id = models.CharField(max_length=256, blank=True)
    title = models.CharField(max_length=200, blank=True)
    schema_key = models.CharField(max_length=200, blank=True)
    status = models.CharField(max_length=60, blank=True)
    attention = models.CharField(
        max_length=30, choices=[(a.value, a.value) for a in Attention], default=Attention.UNKNOWN
    )
    attention_since = models.DateTimeField(default=timezone.now)
    headline = models.CharField(max_length=300, blank=True)
    explanation = models.TextField(blank=True)
    script = models.TextField(blank=True)
    error_code = models.CharField(max_length=80, blank=True)
    cause_code = models.CharField(max_length=80, blank=True)
    cause_evidence = models.JSONField(default=dict, blank=True)
    cause_at = models.DateTimeField(null=True, blank=True)
    tags = models.JSONField(default=list, blank=True)
    body = models.JSONField(default=dict)
    digest = models.CharField(max_length=64)
    remote_created_at = models.DateTimeField(null=True, blank=True)
    last_success_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    checked_at = models.DateTimeField(null=True, blank=True)
    stale_at = models.DateTimeField(null=True, blank=True)
    gone_at = models.DateTimeField(null=True, blank=True)
    changed_at = models.DateTimeField(default=timezone.now)
    version = models.BigIntegerField(default=1)
    search_text = models.TextField(blank=True)

    objects = LinkedAccountQuerySet.as_manager()

    class Meta:
        ordering = ("-changed_at", "-id")
        constraints = (
            models.UniqueConstraint(fields=("integration", "remote_id"), name="one_mirror_per_remote_object"),
        )
        permissions = (
            ("repair_linkedaccount", "Can repair linked accounts"),
            ("approve_operation", "Can approve what another person asked for"),
            ("manage_staff", "Can manage staff"),
        )
        indexes = (
            models.Index(fields=("-changed_at", "-id"), name="account_by_change"),
            models.Index(fields=("attention", "-changed_at", "-id"), name="account_by_attention"),
            models.Index(fields=("integration", "attention", "-changed_at", "-id"), name="account_by_integration"),
            models.Index(fields=("integration", "schema_key", "-changed_at", "-id"), name="account_by_schema"),
            models.Index(fields=("external_id",), name="account_by_external_id"),
        )

    def __str__(self) -> str:
        return f"{self.title or self.schema_key} {self.remote_id}"

    @property
    def is_gone(self) -> bool:
        return self.gone_at is not None

    def to_snapshot(self) -> Snapshot:
        """Return what the remote last said, as the provider's pure functions want it."""
        return Snapshot(
            remote_id=self.remote_id,
            status=self.status,
            body=self.body,
            title=self.title,
            external_id=self.external_id,
            schema_key=self.schema_key,
            error_code=self.error_code,
            tags=tuple(self.tags),
            created_at=self.remote_created_at,
            last_success_at=self.last_success_at,
            expires_at=self.expires_at,
        )
