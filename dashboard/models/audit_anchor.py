"""What the log's witnesses were told, and when the log was last looked through: our own memory, no proof."""

from __future__ import annotations

from django.db import models


class AuditAnchor(models.Model):
    """One sink of AUDIT_ANCHORS: the last anchor that it took, and what is wrong with it now.

    Whoever owns the database can write this too. The proof is what the sink keeps; this is for people and for pacing.
    `claimed_until` is whose turn it is: anchors leave one at a time, so that they never go back.
    """

    sink = models.CharField(max_length=300, primary_key=True)
    seq = models.BigIntegerField(default=0)
    mac = models.BinaryField(default=bytes)
    taken_at = models.DateTimeField(null=True)
    tried_at = models.DateTimeField(null=True)
    claimed_until = models.DateTimeField(null=True)
    # Why the last try failed, in words; empty while the sink takes what it is given.
    trouble = models.TextField(blank=True)
    # Why the log is not the one that was anchored, in words; empty while it is.
    finding = models.TextField(blank=True)
    # The finding is that the sink does not keep what it took; nothing contradicts the log.
    is_lost = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"{self.sink} at {self.seq}"


class AuditCheck(models.Model):
    """The last time the chain was looked through: in full, or from where it was looked at before."""

    class Scope(models.TextChoices):
        FULL = "full", "The whole log"
        NEW = "new", "What came since"

    scope = models.CharField(max_length=10, choices=Scope.choices, primary_key=True)
    at = models.DateTimeField()
    ok = models.BooleanField()
    entries = models.BigIntegerField()
    seq = models.BigIntegerField()
    mac = models.BinaryField(default=bytes)
    findings = models.BigIntegerField(default=0)
    first_finding = models.TextField(blank=True)
    # The kinds of all findings, by blanks.
    kinds = models.CharField(max_length=300, blank=True)

    def __str__(self) -> str:
        return f"{self.scope} at {self.at:%Y-%m-%d %H:%M}"
