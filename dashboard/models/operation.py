"""One intended change of one linked account, from draft to receipt."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone

from .linked_account import LinkedAccount


class State(models.TextChoices):
    DRAFT = "draft", "Draft"
    AWAITING_APPROVAL = "awaiting_approval", "Waiting for approval"
    QUEUED = "queued", "Waiting its turn"
    RUNNING = "running", "Running"
    AWAITING_TOKEN = "awaiting_token", "Waiting for a code"
    ACCEPTED = "accepted", "Accepted, not finished"
    DONE = "done", "Done"
    REFUSED = "refused", "Refused"
    FAILED = "failed", "Failed"
    UNKNOWN = "unknown", "Unknown"
    CANCELLED = "cancelled", "Cancelled"
    EXPIRED = "expired", "Expired"


# Everything that may follow a state. Guarded by `Operation.move`, and by a trigger in both databases.
TRANSITIONS: dict[State, frozenset[State]] = {
    State.DRAFT: frozenset(
        {State.AWAITING_APPROVAL, State.QUEUED, State.RUNNING, State.REFUSED, State.CANCELLED, State.EXPIRED}
    ),
    State.AWAITING_APPROVAL: frozenset({State.QUEUED, State.RUNNING, State.CANCELLED, State.EXPIRED}),
    State.QUEUED: frozenset({State.RUNNING, State.FAILED, State.CANCELLED}),
    State.RUNNING: frozenset(
        {State.AWAITING_TOKEN, State.ACCEPTED, State.DONE, State.REFUSED, State.FAILED, State.UNKNOWN}
    ),
    State.AWAITING_TOKEN: frozenset({State.RUNNING, State.CANCELLED, State.EXPIRED}),
    State.ACCEPTED: frozenset({State.DONE, State.FAILED, State.UNKNOWN}),
    State.UNKNOWN: frozenset({State.DONE, State.FAILED, State.ACCEPTED}),
    State.DONE: frozenset(),
    State.REFUSED: frozenset(),
    State.FAILED: frozenset(),
    State.CANCELLED: frozenset(),
    State.EXPIRED: frozenset(),
}
# While an operation is in one of these, no other may start on the same account.
HOLDING = (State.QUEUED, State.RUNNING, State.AWAITING_TOKEN, State.ACCEPTED, State.UNKNOWN)


class OperationQuerySet(models.QuerySet["Operation"]):
    def holding(self) -> OperationQuerySet:
        return self.filter(state__in=HOLDING, closed_at=None)


class Operation(models.Model):
    """Written only by `services/operations.py`.

    `values` holds non-secret values; `secret_names` which secrets were given, never what they were. `plan` is the plan
    a person agreed to. `sealed` is an encrypted open challenge or handover that dies at `sealed_until`. `outcome` is
    what the remote answered and `receipt` what reading back showed, both as safe JSON. An unknown that can no longer be
    settled is closed (`closed_at`) as not verifiable: it stays unknown, and no longer holds the account.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(LinkedAccount, models.PROTECT, related_name="operations")
    integration = models.CharField(max_length=40)
    action = models.CharField(max_length=40)
    state = models.CharField(max_length=20, choices=State.choices, default=State.DRAFT)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="operations")
    actor_text = models.CharField(max_length=300)
    previous = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="next_drafts")
    reason = models.TextField(blank=True)
    approval = models.ForeignKey(
        "dashboard.Approval", models.SET_NULL, null=True, blank=True, related_name="operations"
    )
    values = models.JSONField(default=dict)
    secret_names = models.JSONField(default=list)
    plan = models.JSONField(null=True, blank=True)
    plan_digest = models.CharField(max_length=64, blank=True)
    before = models.JSONField(default=dict)
    sealed = models.BinaryField(null=True, blank=True)
    sealed_until = models.DateTimeField(null=True, blank=True)
    outcome = models.JSONField(default=dict)
    receipt = models.JSONField(default=dict)
    tokens_sent = models.PositiveIntegerField(default=0)
    executor = models.CharField(max_length=80, blank=True)
    beat_at = models.DateTimeField(null=True, blank=True)
    check_at = models.DateTimeField(null=True, blank=True)
    checks_made = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    version = models.BigIntegerField(default=1)

    objects = OperationQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at",)
        constraints = (
            models.UniqueConstraint(
                fields=("account",),
                condition=models.Q(state__in=HOLDING, closed_at=None),
                name="one_open_operation_per_account",
            ),
            models.CheckConstraint(condition=models.Q(state__in=State.values), name="operation_state_is_known"),
        )
        indexes = (
            models.Index(fields=("account", "-created_at"), name="operation_by_account"),
            models.Index(fields=("state", "check_at"), name="operation_by_state"),
            models.Index(
                fields=("sealed_until",), condition=models.Q(sealed_until__isnull=False), name="operation_by_seal"
            ),
        )

    def __str__(self) -> str:
        return f"{self.action} of {self.account_id}: {self.state}"

    def move(self, to: State, **columns: Any) -> bool:
        """Go to another state, or stay in this one with other `columns`, if the row is still as this object knows it.

        Exactly one caller wins; whoever gets False has changed nothing and must look again.
        """
        if to != self.state and to not in TRANSITIONS[State(self.state)]:
            raise ValueError(f"{to.value} may not follow {self.state}")
        columns |= {"state": to, "version": self.version + 1}
        if not Operation.objects.filter(pk=self.pk, state=self.state, version=self.version).update(**columns):
            return False
        for name, value in columns.items():
            setattr(self, name, value)
        return True

    @property
    def is_holding(self) -> bool:
        return self.state in HOLDING and self.closed_at is None

    @property
    def is_settled(self) -> bool:
        """Say whether nothing more will happen to it by itself."""
        return not TRANSITIONS[State(self.state)] or self.closed_at is not None
