"""Append-only facts: who asked for what, what was sent, what came of it, chained by HMAC."""

from __future__ import annotations

from django.db import models


class Kind(models.TextChoices):
    INTENT = "intent", "Intent"
    OUTCOME = "outcome", "Outcome"
    EVENT = "event", "Event"
    DENIED = "denied", "Denied"
    READ = "read", "Read"
    SYSTEM = "system", "System"


class AuditHead(models.Model):
    """The end of a chain: one row, locked by whoever appends."""

    chain = models.CharField(max_length=40, primary_key=True)
    seq = models.BigIntegerField(default=0)
    mac = models.BinaryField(default=bytes)

    def __str__(self) -> str:
        return f"{self.chain} at {self.seq}"


class AuditEntry(models.Model):
    """One fact. Refused by triggers: UPDATE, DELETE, and an INSERT whose `seq` is not the next one.

    `at` is text, exactly as authenticated. `body` is canonical JSON as text. Actor, role and target are kept as text
    too: they outlive deletion. There is no unique key but `seq` (with a second one, SQLite's REPLACE would erase
    a row).
    """

    seq = models.BigIntegerField(primary_key=True)
    chain = models.CharField(max_length=40)
    key_id = models.CharField(max_length=40)
    prev_mac = models.BinaryField()
    mac = models.BinaryField()
    at = models.CharField(max_length=32)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    action = models.CharField(max_length=60)
    actor_id = models.CharField(max_length=40, blank=True)
    actor = models.CharField(max_length=300, blank=True)
    role = models.CharField(max_length=100, blank=True)
    target_id = models.CharField(max_length=80, blank=True)
    target = models.CharField(max_length=600, blank=True)
    integration = models.CharField(max_length=40, blank=True)
    operation_id = models.CharField(max_length=40, blank=True)
    result = models.CharField(max_length=30, blank=True)
    body = models.TextField()

    class Meta:
        ordering = ("-seq",)
        indexes = (
            models.Index(fields=("action", "-seq"), name="audit_by_action"),
            models.Index(fields=("actor_id", "-seq"), name="audit_by_actor"),
            models.Index(fields=("actor_id", "action", "-seq"), name="audit_by_actor_action"),
            models.Index(fields=("target_id", "-seq"), name="audit_by_target"),
            models.Index(fields=("kind", "-seq"), name="audit_by_kind"),
            models.Index(fields=("operation_id", "-seq"), name="audit_by_operation"),
            models.Index(fields=("at", "seq"), name="audit_by_time"),
        )

    def __str__(self) -> str:
        return f"#{self.seq} {self.action}"
