"""The reviewer's queue: entries that somebody else should look at, why, and every decision on them."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

MAX_COMMENT_CHARS = 2_000


class ReviewState(models.TextChoices):
    OPEN = "open", "Open"
    REVIEWED = "reviewed", "Reviewed"
    FLAGGED = "flagged", "Flagged"


class AuditReview(models.Model):
    """One entry of the log to be reviewed, known by its number; no relation, so that nothing reaches into the log.

    `rank` is the place in the queue: oldest first, and what is urgent before all else until somebody has decided.
    """

    # Added to the rank of what is not urgent (any more).
    LATER = 2**62

    seq = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField()
    action = models.CharField(max_length=60)
    actor_id = models.CharField(max_length=40, blank=True)
    actor = models.CharField(max_length=300, blank=True)
    target = models.CharField(max_length=600, blank=True)
    is_urgent = models.BooleanField(default=False)
    state = models.CharField(max_length=10, choices=ReviewState.choices, default=ReviewState.OPEN)
    rank = models.BigIntegerField()
    decisions = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ("rank",)
        indexes = (
            models.Index(fields=("state", "rank"), name="review_by_rank"),
            models.Index(fields=("at", "state"), name="review_by_time"),
        )
        constraints = (
            models.CheckConstraint(condition=models.Q(state__in=ReviewState.values), name="review_state_is_known"),
        )

    def __str__(self) -> str:
        return f"Entry {self.seq}: {self.state}"


class AuditReviewRule(models.Model):
    """Why an entry is in the queue: one row a rule."""

    review = models.ForeignKey(AuditReview, models.PROTECT, related_name="rules")
    rule = models.CharField(max_length=30)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("rule", "review"), name="review_rule_once"),)

    def __str__(self) -> str:
        return f"{self.rule} for {self.review_id}"


class AuditReviewDecision(models.Model):
    """What a reviewer decided: only ever added, the last one counts."""

    review = models.ForeignKey(AuditReview, models.PROTECT, related_name="history")
    verdict = models.CharField(max_length=10, choices=ReviewState.choices[1:])
    comment = models.TextField(blank=True)
    at = models.DateTimeField(default=timezone.now)
    reviewer_id = models.CharField(max_length=40)
    reviewer = models.CharField(max_length=300)

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.review_id} {self.verdict} by {self.reviewer}"


class AuditReviewWalk(models.Model):
    """How far the walk over the log has come: one row."""

    seq = models.BigIntegerField(default=0)
    at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"up to {self.seq}"


class AuditReviewDay(models.Model):
    """How many writes of people the walk has seen on a day (UTC): what the coverage is a part of."""

    day = models.DateField(primary_key=True)
    writes = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.day}: {self.writes}"


class AuditRightUse(models.Model):
    """The first time that a person used a right, as the log tells it."""

    actor_id = models.CharField(max_length=40)
    right = models.CharField(max_length=100)
    seq = models.BigIntegerField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("actor_id", "right"), name="right_used_first_once"),)

    def __str__(self) -> str:
        return f"{self.actor_id} {self.right} at {self.seq}"
