"""What describes the fields of many accounts, kept so that a form never waits for a provider."""

from __future__ import annotations

from django.db import models

from providers.answers import Schema


class RemoteSchema(models.Model):
    integration = models.CharField(max_length=40)
    key = models.CharField(max_length=200)
    title = models.CharField(max_length=200, blank=True)
    status = models.CharField(max_length=60, blank=True)
    body = models.JSONField(default=dict)
    digest = models.CharField(max_length=64)
    fetched_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("integration", "key"), name="one_schema_per_key"),)

    def __str__(self) -> str:
        return f"{self.integration} {self.key}"

    def to_schema(self) -> Schema:
        return Schema(key=self.key, title=self.title, body=self.body, status=self.status)
