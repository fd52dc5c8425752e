"""Whom a pseudonym of the audit log stands for: beside the log and no part of its proof, so that it can be erased."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from .customer import Customer


class KnownName(models.Model):
    """Written by `services/known_names.py` with the entry that first has the pseudonym about this target.

    A row a pseudonym and target: two people of one name are erased apart. `sealed` holds the text; None is erased, and
    stays so. `customer` is whose it was when it was written, without a constraint: nothing here may stop an entry.
    """

    pseudonym = models.CharField(max_length=12)
    target_id = models.CharField(max_length=80)
    customer = models.ForeignKey(
        Customer, models.DO_NOTHING, null=True, blank=True, db_constraint=False, related_name="+"
    )
    sealed = models.BinaryField(null=True, blank=True)
    first_seen_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("target_id", "pseudonym"), name="one_known_name_per_target"),)
        indexes = (models.Index(fields=("pseudonym",), name="known_name_by_pseudonym"),)

    def __str__(self) -> str:
        return f"{self.pseudonym} of {self.target_id}"
