"""The reviewer's queue: what waits, deciding on it, and how much of what people did was looked at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, Exists, F, Min, OuterRef, Q, QuerySet, Sum
from django.utils import timezone

from dashboard.models import (
    AuditEntry,
    AuditReview,
    AuditReviewDay,
    AuditReviewDecision,
    AuditReviewRule,
    AuditReviewWalk,
)
from dashboard.models.audit_review import MAX_COMMENT_CHARS, ReviewState
from dashboard.text import storable

from .audit import Actor, Kind, Target, record
from .audit_review_rules import BY_HAND, SAMPLE
from .audit_review_walk import new_review
from .keyset import KeysetPage, Sort, as_number, page

PAGE_SIZE = 50
COVERED = timedelta(days=30)
OWN = "You did this yourself: somebody else has to review it."
_QUEUE = Sort(F("rank"), False, as_number)
_NEWEST_FIRST = Sort(F("seq"), True, as_number)


class NotDecided(Exception):
    """Nothing was decided; the message says why, in words for the reviewer."""


class Overtaken(NotDecided):
    """Somebody else has decided since the page was shown."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """Of the writes of people in the last 30 days: how many were chosen, and what became of them.

    `walked_at` is when the log was last looked through, `behind` how many entries that has not come to yet.
    """

    writes: int
    by_rules: int
    by_sample: int
    reviewed: int
    flagged: int
    open: int
    oldest_open_at: datetime | None
    walked_at: datetime | None
    behind: int

    @property
    def chosen(self) -> int:
        return self.by_rules + self.by_sample

    @property
    def chosen_percent(self) -> int:
        return round(100 * self.chosen / self.writes) if self.writes else 0

    @property
    def decided_percent(self) -> int:
        return round(100 * (self.reviewed + self.flagged) / self.chosen) if self.chosen else 100


def list_page(state: str, rule: str, *, after: str = "", before: str = "") -> KeysetPage[AuditReview]:
    """Return a page of the queue: what is open by its place in it, everything else by its number, newest first."""
    sort = _QUEUE if state == ReviewState.OPEN else _NEWEST_FIRST
    return page(_found(state, rule).prefetch_related("rules"), sort, size=PAGE_SIZE, after=after, before=before)


def next_open(rule: str, reviewer_id: str, past: int = 0) -> AuditReview | None:
    """Return what comes first in the queue, after the one just decided if there is any; nobody's own entries."""
    waiting = _found(ReviewState.OPEN, rule).exclude(actor_id=reviewer_id).order_by("rank")
    return waiting.filter(Q(rank__gt=past) | Q(is_urgent=True)).first() or waiting.first()


def review_of(seq: int) -> AuditReview | None:
    return AuditReview.objects.filter(pk=seq).first()


def decide(entry: AuditEntry, verdict: str, comment: str, *, actor: Actor, seen_decisions: int) -> AuditReview:
    """Add a decision on an entry, put that on record, or raise `NotDecided`.

    An entry that nothing chose gets into the queue by this. `seen_decisions` is how many the reviewer had seen: with
    another number somebody else was faster.
    """
    comment = storable(comment.strip(), MAX_COMMENT_CHARS)
    if verdict not in (ReviewState.REVIEWED, ReviewState.FLAGGED):
        raise NotDecided("Choose whether it is reviewed or flagged.")
    if verdict == ReviewState.FLAGGED and not comment:
        raise NotDecided("Say in the comment what is wrong: a flag without a word helps nobody.")
    if entry.actor_id == actor.id:
        raise NotDecided(OWN)
    with transaction.atomic():
        review = _locked(entry)
        if review.decisions != seen_decisions:
            raise Overtaken("Somebody else has decided on this meanwhile; see the history. Decide again if you differ.")
        before = review.state
        AuditReviewDecision.objects.create(
            review=review, verdict=verdict, comment=comment, reviewer_id=actor.id, reviewer=actor.text
        )
        review.state, review.decisions = verdict, review.decisions + 1
        review.rank = review.seq + AuditReview.LATER
        review.save(update_fields=("state", "decisions", "rank"))
        rules = sorted(review.rules.values_list("rule", flat=True))
        record(
            Kind.EVENT,
            f"audit.{verdict}",
            actor=actor,
            target=Target(f"entry-{entry.seq}", f"Entry {entry.seq}: {entry.action} by {entry.actor}"[:600]),
            facts={"entry": entry.seq, "before": before, "comment": comment, "rules": rules},
        )
    return review


def coverage() -> Coverage:
    """Count over the queue's own small tables; the log itself is not read but for its end."""
    since = timezone.now() - COVERED
    sampled = AuditReviewRule.objects.filter(review=OuterRef("pk"), rule=SAMPLE)
    by_hand = AuditReviewRule.objects.filter(review=OuterRef("pk"), rule=BY_HAND)
    recent = AuditReview.objects.filter(at__gte=since)
    states = recent.aggregate(
        reviewed=Count("pk", filter=Q(state=ReviewState.REVIEWED)),
        flagged=Count("pk", filter=Q(state=ReviewState.FLAGGED)),
        open=Count("pk", filter=Q(state=ReviewState.OPEN)),
        sampled=Count("pk", filter=Exists(sampled)),
        by_hand=Count("pk", filter=Exists(by_hand)),
        chosen=Count("pk"),
    )
    walked = AuditReviewWalk.objects.first()
    last_seq = AuditEntry.objects.order_by("-seq").values_list("seq", flat=True).first() or 0
    by_sample = states["sampled"] + states["by_hand"]
    return Coverage(
        writes=AuditReviewDay.objects.filter(day__gte=since.date()).aggregate(sum=Sum("writes"))["sum"] or 0,
        by_rules=states["chosen"] - by_sample,
        by_sample=by_sample,
        reviewed=states["reviewed"],
        flagged=states["flagged"],
        open=states["open"],
        oldest_open_at=AuditReview.objects.filter(state=ReviewState.OPEN).aggregate(at=Min("at"))["at"],
        walked_at=walked.at if walked else None,
        behind=max(0, last_seq - (walked.seq if walked else 0)),
    )


def _found(state: str, rule: str) -> QuerySet[AuditReview]:
    found = AuditReview.objects.all()
    if state in ReviewState.values:
        found = found.filter(state=state)
    return found.filter(rules__rule=rule) if rule else found


def _locked(entry: AuditEntry) -> AuditReview:
    """Return the entry's row of the queue, made by hand where there is none, for nobody else to decide on now."""
    review = AuditReview.objects.select_for_update().filter(pk=entry.seq).first()
    if review is None:
        AuditReview.objects.bulk_create([new_review(entry)], ignore_conflicts=True)
        review = AuditReview.objects.select_for_update().get(pk=entry.seq)
        if not review.rules.exists():
            AuditReviewRule.objects.create(review=review, rule=BY_HAND)
    return review
