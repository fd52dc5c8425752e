"""What keeps guessing slow and codes single: counted in the database, because a cache counts for one process only."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class Tries(models.Model):
    """How often something secret was tried lately. The subject is a keyed digest: people type into wrong boxes."""

    subject = models.CharField(max_length=64, primary_key=True)
    count = models.PositiveSmallIntegerField(default=0)
    last_at = models.DateTimeField()
    # The audit log is told once that the limit was reached, not at each try after it.
    is_told = models.BooleanField(default=False)

    class Meta:
        indexes = (models.Index(fields=["last_at"], name="tries_by_last_at"),)

    def __str__(self) -> str:
        return f"{self.count} tries"


class LastStep(models.Model):
    """The last 30-second step whose code a person has used: neither that one nor an older one works again."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="+")
    step = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"step {self.step}"


class SpentRecoveryCode(models.Model):
    """One recovery code that was used; the constraint lets it be so once."""

    authenticator = models.ForeignKey("mfa.Authenticator", models.CASCADE, related_name="+")
    number = models.PositiveSmallIntegerField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["authenticator", "number"], name="one_use_per_recovery_code"),)

    def __str__(self) -> str:
        return f"recovery code {self.number}"
