"""The access token that a remote handed out to an integration: one row for all processes, sealed."""

from __future__ import annotations

from django.db import models


class RemoteToken(models.Model):
    """`serial` names the token in `sealed`; "" is none. Who holds the lease fetches the next one, the others wait."""

    name = models.CharField(max_length=120, primary_key=True)
    serial = models.CharField(max_length=40, blank=True, default="")
    sealed = models.BinaryField(null=True)
    lease = models.CharField(max_length=40, blank=True, default="")
    lease_until = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name
