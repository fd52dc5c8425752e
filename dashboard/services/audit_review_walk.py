"""The walk over the log that fills the reviewer's queue: from where it stopped, batch by batch, each entry once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from dashboard.models import (
    AuditEntry,
    AuditReview,
    AuditReviewDay,
    AuditReviewRule,
    AuditReviewWalk,
    AuditRightUse,
)

from .audit_review_rules import BULK_WITHIN, SAMPLE, Look, is_sampled, is_write, right_of, rules_for

BATCH_ROWS = 200
# What is older when the walk meets it (a log from before there was a queue) is not put in front of anybody.
LOOKS_BACK = timedelta(days=30)
_WALK = 1


@dataclass
class _Found:
    """What one batch adds. `uses` are first uses of rights, by person and right."""

    reviews: list[AuditReview] = field(default_factory=list)
    rules: list[AuditReviewRule] = field(default_factory=list)
    uses: dict[tuple[str, str], int] = field(default_factory=dict)
    writes: Counter[date] = field(default_factory=Counter)


def walk(batches: int = 50) -> int:
    """Look at the entries that are new, and return how many; another run finds the rest."""
    seen = 0
    for _ in range(batches):
        looked_at = _walk_batch()
        seen += looked_at
        if looked_at < BATCH_ROWS:
            break
    return seen


def new_review(entry: AuditEntry, *, is_urgent: bool = False) -> AuditReview:
    return AuditReview(
        seq=entry.seq,
        at=datetime.fromisoformat(entry.at),
        action=entry.action,
        actor_id=entry.actor_id,
        actor=entry.actor,
        target=entry.target,
        is_urgent=is_urgent,
        rank=entry.seq + (0 if is_urgent else AuditReview.LATER),
    )


def _walk_batch() -> int:
    place, _ = AuditReviewWalk.objects.get_or_create(pk=_WALK)
    entries = list(AuditEntry.objects.filter(seq__gt=place.seq).order_by("seq")[:BATCH_ROWS])
    if not entries:
        AuditReviewWalk.objects.filter(pk=_WALK).update(at=timezone.now())
        return 0
    # The rules read; only what they found is written, so that nobody waits for them.
    found = _look_at(entries)
    with transaction.atomic():
        moved = AuditReviewWalk.objects.filter(pk=_WALK, seq=place.seq).update(seq=entries[-1].seq, at=timezone.now())
        # Another worker was faster: what it found is the same.
        if moved:
            _keep(found)
    return len(entries)


def _look_at(entries: Iterable[AuditEntry]) -> _Found:
    found = _Found()
    writes = [entry for entry in entries if is_write(entry)]
    known = _known_uses(writes)
    oldest = timezone.now() - LOOKS_BACK
    for entry in writes:
        if not _is_dated(entry):
            continue
        use = entry.actor_id, right_of(entry)
        is_first_use = use not in known
        if is_first_use:
            known.add(use)
            found.uses[use] = entry.seq
        look = Look.at_entry(entry, is_first_use=is_first_use)
        found.writes[look.at.date()] += 1
        if look.at >= oldest:
            _choose(look, found)
    return found


def _is_dated(entry: AuditEntry) -> bool:
    """Say whether an entry is of a time at all; one that is not was tampered with, which the verifier tells."""
    try:
        return datetime.fromisoformat(entry.at).tzinfo is not None
    except ValueError:
        return False


def _choose(look: Look, found: _Found) -> None:
    rules = rules_for(look)
    # Within the batch the queue is not written yet: one run of many changes is told once all the same.
    names = [rule.name for rule in rules if rule.name != "large_bulk" or not _told_in(found, look)]
    if not names and is_sampled(look.entry):
        names = [SAMPLE]
    if names:
        found.reviews.append(new_review(look.entry, is_urgent=any(rule.is_urgent for rule in rules)))
        found.rules += [AuditReviewRule(review_id=look.entry.seq, rule=name) for name in names]


def _told_in(found: _Found, look: Look) -> bool:
    bulk = {rule.review_id for rule in found.rules if rule.rule == "large_bulk"}
    own = (review for review in found.reviews if review.seq in bulk and review.actor_id == look.entry.actor_id)
    return any(review.at >= look.at - BULK_WITHIN for review in own)


def _known_uses(writes: Iterable[AuditEntry]) -> set[tuple[str, str]]:
    people = {entry.actor_id for entry in writes}
    return set(AuditRightUse.objects.filter(actor_id__in=people).values_list("actor_id", "right"))


def _keep(found: _Found) -> None:
    # A reviewer may have put one of them into the queue by hand before the walk came by.
    AuditReview.objects.bulk_create(found.reviews, ignore_conflicts=True)
    AuditReviewRule.objects.bulk_create(found.rules, ignore_conflicts=True)
    uses = [AuditRightUse(actor_id=actor_id, right=right, seq=seq) for (actor_id, right), seq in found.uses.items()]
    AuditRightUse.objects.bulk_create(uses, ignore_conflicts=True)
    for day, writes in found.writes.items():
        AuditReviewDay.objects.get_or_create(day=day)
        AuditReviewDay.objects.filter(day=day).update(writes=F("writes") + writes)
