"""Find requests for a second person, newest first; who may see which is decided here."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from dashboard import roles

from ..models import Approval, AuditEntry, AuditReview, User
from ..models.approval import ApprovalState
from ..models.audit_review import ReviewState
from .audit_bytes import timestamp
from .audit_changes import facts_of
from .keyset import KeysetPage, Sort, as_moment, page

PAGE_SIZE = 50
# How long everybody concerned is told that one person went on alone.
LOUD_FOR = timedelta(hours=24)
LOUD_AT_ONCE = 3
REVIEWS_READ = 50
MAX_WORDS = 8
ALONE = "alone"
SEES_ALL = (roles.APPROVE, roles.READ_AUDIT)
# Who has to know that one person went on alone.
TOLD = (roles.APPROVE, roles.READ_AUDIT, roles.MANAGE_STAFF)
_NEWEST_FIRST = Sort(F("created_at"), True, as_moment)
_COLUMNS = ("requester_text", "decider_text", "target", "ticket", "reason", "summary", "note")


def visible_to(user: User) -> QuerySet[Approval]:
    """Return what a person may see: all for those who decide or review, their own for the others."""
    everything = Approval.objects.all()
    if any(user.has_perm(permission) for permission in SEES_ALL):
        return everything
    own = Q(requester=user)
    if user.has_perm(roles.MANAGE_STAFF):
        # What was done by one person alone is an administrator's business, too.
        own |= Q(is_broken_glass=True)
    return everything.filter(own)


def find(user: User, filters: Mapping[str, str]) -> QuerySet[Approval]:
    """Return what a person may see that meets the filters: state, q."""
    found = visible_to(user)
    state = filters.get("state", "")
    if state == ALONE:
        found = found.filter(is_broken_glass=True)
    elif state:
        found = found.filter(state=state)
    for word in filters.get("q", "").split()[:MAX_WORDS]:
        found = found.filter(_holds(word))
    return found


def list_page(user: User, filters: Mapping[str, str], *, after: str = "", before: str = "") -> KeysetPage[Approval]:
    return page(find(user, filters), _NEWEST_FIRST, size=PAGE_SIZE, after=after, before=before)


def to_decide(user: User) -> QuerySet[Approval]:
    """Return what waits for this person's decision: open, in time, and not their own."""
    if not user.has_perm(roles.APPROVE):
        return Approval.objects.none()
    return Approval.objects.open().filter(expires_at__gt=timezone.now()).exclude(requester=user)


def loud(user: User) -> list[Approval]:
    """Return what one person did alone within the last day and nobody has reviewed yet, for those who have to know."""
    if not any(user.has_perm(permission) for permission in TOLD):
        return []
    since = timezone.now() - LOUD_FOR
    alone = Approval.objects.filter(is_broken_glass=True, decided_at__gt=since)
    found = list(alone.filter(state__in=(ApprovalState.APPROVED, ApprovalState.USED))[:LOUD_AT_ONCE])
    reviewed = _reviewed_since(since) if found else frozenset()
    return [approval for approval in found if str(approval.pk) not in reviewed]


def _reviewed_since(since: datetime) -> frozenset[str]:
    """Return the requests done alone whose entry somebody has reviewed; what was flagged stays loud."""
    entries = AuditEntry.objects.filter(action="approval.broken_glass", at__gte=timestamp(since)).order_by("-seq")
    by_seq = {entry.seq: str(facts_of(entry).get("approval", "")) for entry in entries[:REVIEWS_READ]}
    done = AuditReview.objects.filter(seq__in=by_seq, state=ReviewState.REVIEWED).values_list("seq", flat=True)
    return frozenset(by_seq[seq] for seq in done)


def _holds(word: str) -> Q:
    condition = Q()
    for column in _COLUMNS:
        condition |= Q(**{f"{column}__icontains": word})
    try:
        number = uuid.UUID(word)
    except ValueError:
        return condition
    return condition | Q(pk=number) | Q(subject_id=str(number)) | Q(target_id=str(number))
