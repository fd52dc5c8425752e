"""One request for a second person: what is asked, who asked, who decided, and what came of it. Never deleted."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone


class ApprovalState(models.TextChoices):
    OPEN = "open", "Waiting"
    APPROVED = "approved", "Approved, not used yet"
    USED = "used", "Approved and done"
    DECLINED = "declined", "Declined"
    WITHDRAWN = "withdrawn", "Withdrawn"
    EXPIRED = "expired", "Expired"
    VOID = "void", "Void"


# What may follow: everything else is the end of a request.
FOLLOWERS: dict[str, frozenset[str]] = {
    ApprovalState.OPEN: frozenset(ApprovalState.values) - {ApprovalState.OPEN},
    ApprovalState.APPROVED: frozenset(
        {ApprovalState.USED, ApprovalState.WITHDRAWN, ApprovalState.EXPIRED, ApprovalState.VOID}
    ),
}
PENDING = (ApprovalState.OPEN, ApprovalState.APPROVED)
# A reason for going on alone has to tell something.
MIN_GLASS_CHARS = 20


class ApprovalQuerySet(models.QuerySet["Approval"]):
    def pending(self) -> ApprovalQuerySet:
        return self.filter(state__in=PENDING)

    def open(self) -> ApprovalQuerySet:
        return self.filter(state=ApprovalState.OPEN)


class Approval(models.Model):
    """Written only by `services/approvals.py` and the decisions beside it.

    `subject` says who carries it out (an operation, a change of roles …) and `subject_id` on what; `payload` is what is
    to be done, without secrets. `digest` is what is approved and `basis` the target as it was when that was asked: if
    either is another one later, the approval is void. `shown` are the lines that requester and approver see.
    `is_two_step` is a request whose secret is typed after it was approved. `is_broken_glass` was done by one person
    alone.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    subject = models.CharField(max_length=20)
    subject_id = models.CharField(max_length=80)
    action = models.CharField(max_length=40)
    summary = models.CharField(max_length=300, blank=True)
    target_id = models.CharField(max_length=80, blank=True)
    target = models.CharField(max_length=600, blank=True)
    payload = models.JSONField(default=dict)
    shown = models.JSONField(default=list)
    digest = models.CharField(max_length=64)
    basis = models.CharField(max_length=64, blank=True)
    is_two_step = models.BooleanField(default=False)
    is_broken_glass = models.BooleanField(default=False)
    state = models.CharField(max_length=20, choices=ApprovalState.choices, default=ApprovalState.OPEN)
    requester = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="asked_approvals")
    requester_text = models.CharField(max_length=300)
    reason = models.TextField(blank=True)
    ticket = models.CharField(max_length=100, blank=True)
    decider = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="decided_approvals"
    )
    decider_text = models.CharField(max_length=300, blank=True)
    note = models.TextField(blank=True)
    result = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = ApprovalQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "-id")
        constraints = (
            models.UniqueConstraint(
                fields=("subject", "subject_id"),
                condition=models.Q(state__in=PENDING),
                name="one_pending_approval_per_subject",
            ),
            models.CheckConstraint(condition=models.Q(state__in=ApprovalState.values), name="approval_state_is_known"),
        )
        indexes = (
            models.Index(fields=("-created_at", "-id"), name="approval_newest"),
            models.Index(fields=("state", "-created_at", "-id"), name="approval_by_state"),
            models.Index(fields=("requester", "-created_at", "-id"), name="approval_by_requester"),
            models.Index(fields=("target_id", "-created_at"), name="approval_by_target"),
        )

    def __str__(self) -> str:
        return f"{self.summary or self.action}: {self.state}"

    def move(self, to: str, **columns: Any) -> bool:
        """Go to another state if the row is still as this object knows it; exactly one caller wins."""
        if to not in FOLLOWERS.get(self.state, frozenset()):
            raise ValueError(f"{to} may not follow {self.state}")
        columns |= {"state": to}
        if not Approval.objects.filter(pk=self.pk, state=self.state).update(**columns):
            return False
        for name, value in columns.items():
            setattr(self, name, value)
        return True

    @property
    def is_pending(self) -> bool:
        return self.state in PENDING

    @property
    def is_over_time(self) -> bool:
        return self.is_pending and self.expires_at <= timezone.now()
