"""A closed segment of the audit log is released for removal: asked by who reads the log, agreed to by a second person.

Released, its entries are still here: `audit_removal` removes them, by a command on the server, with the export at hand.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from dashboard import roles
from providers.answers import digest_of

from ..models import Approval, AuditEntry, AuditReview, AuditReviewWalk, AuditSegment, User
from ..models.audit_review import ReviewState
from . import approvals
from .approval_rows import CannotPerform
from .audit import Actor, Kind, record
from .audit_changes import facts_of as facts_in
from .audit_segments import facts_of, is_old_enough, leaves_in, newest_export, target_of
from .second_person import Act, By

ACTION = "retention"
RELEASED, KEPT = "audit.segment_released", "audit.segment_kept"


def ask(segment: AuditSegment, *, actor: User, reason: str, ticket: str = "") -> Approval | None:
    """Release a segment, or ask a second person where the settings want one; return the request then.

    Raises `CannotPerform`, with what stands against it as a sentence.
    """
    if why_not := why_not_release(segment):
        raise CannotPerform(why_not)
    export = newest_export(segment)
    assert export is not None  # noqa: S101 - it would have stood against it
    facts = {**facts_of(segment), "export_sha256": export.sha256}
    return _RELEASE.ask(
        segment.month,
        {"export_sha256": export.sha256, "last_entry": segment.last_seq},
        target=target_of(segment),
        summary=f"Remove the audit log of {segment.month}",
        shown=[
            {"label": "Entries", "before": f"{segment.first_seq} to {segment.last_seq}", "after": None},
            {"label": "What is left of them", "before": None, "after": f"the export with SHA-256 {export.sha256}"},
        ],
        facts=facts,
        actor=actor,
        reason=reason,
        ticket=ticket,
    )


def why_not_release(segment: AuditSegment) -> str:
    """Say what stands against removing a segment, or ""."""
    if segment.removed_at:
        return "It has left the log already."
    if segment.released_at:
        return "It is released already."
    if why_not := why_not_leave(segment):
        return why_not
    if newest_export(segment) is None:
        return "There is no export of it yet, as a bundle with proof. Make one first, and keep its file elsewhere."
    return ""


def why_not_leave(segment: AuditSegment) -> str:
    """Say what of the log itself stands against removing a segment, whoever has agreed, or ""."""
    if not is_old_enough(segment):
        return f"It is kept until {leaves_in(segment)}."
    if AuditSegment.objects.filter(last_seq__lt=segment.first_seq, removed_at__isnull=True).exists():
        return "An older segment is still here: the log is only shortened from its beginning."
    waiting = AuditReview.objects.filter(seq__lte=segment.last_seq, state=ReviewState.OPEN).count()
    if waiting:
        return f"{waiting} of its entries still wait for a review."
    walked = AuditReviewWalk.objects.values_list("seq", flat=True).first() or 0
    if walked < segment.last_seq:
        return f"Entries from {walked + 1} on were not chosen for review yet: the worker does that."
    return ""


def is_release_told(segment: AuditSegment) -> bool:
    """Say whether the log itself tells of this release, and of nothing later that takes it back.

    The row alone says nothing: whoever owns the database can write it.
    """
    told = AuditEntry.objects.filter(target_id=segment.month, action__in=(RELEASED, KEPT)).order_by("-seq").first()
    if told is None or told.action != RELEASED:
        return False
    agreed = {**facts_of(segment), "export_sha256": segment.export_sha256, "approval": segment.approval}
    facts = facts_in(told)
    return all(facts.get(name, "") == value for name, value in agreed.items())


def keep(segment: AuditSegment, *, actor: User) -> bool:
    """Take a release back; False if the segment was not released any more."""
    with transaction.atomic():
        row = _locked(segment.month)
        if row is None or row.released_at is None or row.removed_at is not None:
            return False
        approval = row.approval
        AuditSegment.objects.filter(pk=row.pk).update(released_at=None, approval="", export_sha256="")
        record(
            Kind.EVENT,
            KEPT,
            actor=Actor.of(actor),
            target=target_of(row),
            facts=facts_of(row),
            approval=approval,
        )
    return True


class _Release(Act):
    name = ACTION
    permission = roles.READ_AUDIT
    waiting = "A request to remove it waits for a second person already."
    why_never_alone = "Nobody removes entries of the audit log alone."

    def basis_of(self, subject_id: str) -> str:
        segment = AuditSegment.objects.filter(month=subject_id).first()
        if segment is None:
            return "gone"
        return digest_of([*facts_of(segment).values(), bool(segment.released_at), bool(segment.removed_at)])

    def do(self, subject_id: str, payload: Mapping[str, Any], by: By) -> str:
        segment = _locked(subject_id)
        if segment is None:
            raise CannotPerform("This segment of the audit log is not there.")
        if why_not := why_not_release(segment):
            raise CannotPerform(why_not)
        segment.export_sha256, segment.approval = str(payload["export_sha256"]), by.approval
        segment.released_at = timezone.now()
        segment.save()
        record(
            Kind.EVENT,
            RELEASED,
            actor=Actor.of(by.actor),
            target=target_of(segment),
            facts={**facts_of(segment), "export_sha256": segment.export_sha256, "reason": by.reason},
            approval=by.approval,
        )
        return f"{target_of(segment).text} is released. Its entries stay until the command on the server removes them."


_RELEASE = _Release()
approvals.register(ACTION, _RELEASE)


def _locked(month: str) -> AuditSegment | None:
    return AuditSegment.objects.select_for_update().filter(month=month).first()
