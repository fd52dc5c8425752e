"""One redacted request to a remote and its answer, on record the moment it happens."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from .linked_account import LinkedAccount
from .operation import Operation


class ApiCall(models.Model):
    """`request_id_key` is the remote's request id without dashes in lower case: so people's copies are compared."""

    at = models.DateTimeField(default=timezone.now)
    integration = models.CharField(max_length=40)
    account = models.ForeignKey(LinkedAccount, models.CASCADE, null=True, blank=True, related_name="calls")
    operation = models.ForeignKey(Operation, models.SET_NULL, null=True, blank=True, related_name="calls")
    method = models.CharField(max_length=10)
    path_template = models.CharField(max_length=200)
    path = models.CharField(max_length=2000)
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    failure = models.CharField(max_length=30, blank=True)
    duration_ms = models.PositiveIntegerField()
    request_id = models.CharField(max_length=128, blank=True)
    request_id_key = models.CharField(max_length=128, blank=True)
    request_headers = models.JSONField(default=dict)
    request_body = models.TextField(blank=True)
    response_body = models.TextField(blank=True)

    class Meta:
        ordering = ("-at", "-id")
        indexes = (
            models.Index(fields=("account", "-at"), name="call_by_account"),
            models.Index(fields=("request_id_key",), name="call_by_request_id"),
            models.Index(fields=("at",), name="call_by_time"),
        )

    def __str__(self) -> str:
        return f"{self.method} {self.path_template} {self.status or self.failure}"
