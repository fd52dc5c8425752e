"""The people and companies behind linked accounts: providers do not tell their names, we keep them."""

from __future__ import annotations

import uuid

from django.db import models


class Customer(models.Model):
    """`reference` is what providers know as external id (or `customer_user.id`)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    reference = models.CharField(max_length=256, unique=True)
    name = models.CharField(max_length=200, blank=True)
    email = models.EmailField("e-mail address", max_length=254, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("name", "reference")
        indexes = (models.Index(fields=("name", "id")), models.Index(fields=("email",)))

    def __str__(self) -> str:
        return self.name or self.reference
