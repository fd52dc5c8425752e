"""What makes an entry worth a second look: one small function a rule, and the table of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from dashboard import registry
from dashboard.keyring import parse_ring
from dashboard.models import Approval, AuditEntry, AuditReviewRule
from dashboard.models.approval import ApprovalState
from dashboard.models.audit import Kind
from dashboard.work_hours import is_worked
from providers.base import Capability

from .audit_bytes import field, timestamp
from .audit_changes import facts_of

BULK_WITHIN = timedelta(minutes=10)
PAIR_WITHIN = timedelta(days=30)
SAMPLE, BY_HAND = "sample", "by_hand"
# However long somebody's day was: so many of their last entries are looked at.
_LAST_ENTRIES = 500
# Reviews of reviews would never end; who looks and who signs in changes nothing.
_NO_WRITES = frozenset({"audit.reviewed", "audit.flagged", "audit.verified", "audit.export_downloaded"})
_WANT_A_REASON = frozenset({"approval.requested", "approval.broken_glass"})
_EDITS = (Capability.UPDATE, Capability.CREDENTIALS)


@dataclass(frozen=True, slots=True)
class Look:
    """An entry as the rules see it. `is_first_use`: this person had never used this right before."""

    entry: AuditEntry
    facts: Mapping[str, Any]
    at: datetime
    is_first_use: bool = False

    @classmethod
    def at_entry(cls, entry: AuditEntry, *, is_first_use: bool = False) -> Look:
        return cls(entry, facts_of(entry), datetime.fromisoformat(entry.at), is_first_use)

    @property
    def is_delete(self) -> bool:
        return self.entry.kind == Kind.INTENT and _does(self.entry, Capability.DELETE)

    def earlier(self, **filters: Any) -> list[AuditEntry]:
        """Return this person's entries before this one, latest first, some hundreds at most."""
        found = AuditEntry.objects.filter(actor_id=self.entry.actor_id, seq__lt=self.entry.seq, **filters)
        return list(found.order_by("-seq")[:_LAST_ENTRIES])


@dataclass(frozen=True, slots=True)
class Rule:
    """`word` is what the queue shows; `words` why that is worth a look."""

    name: str
    word: str
    words: str
    holds: Callable[[Look], bool]
    is_urgent: bool = False


def is_write(entry: AuditEntry) -> bool:
    """Say whether a person changed something, or meant to: what the queue is about."""
    is_change = bool(entry.actor_id) and entry.kind in (Kind.INTENT, Kind.EVENT)
    return is_change and entry.action not in _NO_WRITES and not entry.action.startswith("session.")


def right_of(entry: AuditEntry) -> str:
    """Return the right that a write used; what is sent to a provider counts by its own action."""
    action = facts_of(entry).get("action") if entry.kind == Kind.INTENT else ""
    return f"{entry.action} {action}".strip()[:100] if isinstance(action, str) else entry.action


def is_sampled(entry: AuditEntry) -> bool:
    """Draw lots, the same for everybody who draws again: a keyed code of the number, which no actor can choose."""
    ring = parse_ring("AUDIT_KEYS", settings.AUDIT_KEYS)
    key = ring.get(entry.key_id) or ring.writing
    drawn = int.from_bytes(key.hmac(field("review-sample/v1") + entry.seq.to_bytes(8, "big"))[:8], "big")
    return bool(drawn / 2**64 * 100 < settings.REVIEW_SAMPLE_PERCENT)


def _is_broken_glass(look: Look) -> bool:
    return look.entry.action == "approval.broken_glass"


def _is_out_of_hours(look: Look) -> bool:
    return not is_worked(timezone.localtime(look.at, timezone.get_default_timezone()), settings.WORK_HOURS)


def _is_edited_first(look: Look) -> bool:
    if not look.is_delete or not look.entry.target_id:
        return False
    since = timestamp(look.at - timedelta(hours=settings.REVIEW_DELETE_HOURS))
    same = look.earlier(target_id=look.entry.target_id, kind=Kind.INTENT, at__gte=since)
    return any(entry.action == "operation.intent" and _does(entry, *_EDITS) for entry in same)


def _is_large_bulk(look: Look) -> bool:
    """Say so once for one run of changes: not for each of the five hundred that follow."""
    if look.entry.kind != Kind.INTENT:
        return False
    since = look.at - BULK_WITHIN
    last = AuditEntry.objects.filter(actor_id=look.entry.actor_id, seq__lte=look.entry.seq).order_by("-seq")
    targets = {
        target
        for at, kind, target in last.values_list("at", "kind", "target_id")[:_LAST_ENTRIES]
        if kind == Kind.INTENT and at >= timestamp(since)
    }
    if len(targets) < settings.REVIEW_BULK_ACCOUNTS:
        return False
    told = AuditReviewRule.objects.filter(rule="large_bulk", review__actor_id=look.entry.actor_id)
    return not told.filter(review__at__gte=since, review__seq__lt=look.entry.seq).exists()


def _lacks_a_reason(look: Look) -> bool:
    wants_one = look.is_delete or look.entry.action in _WANT_A_REASON
    return wants_one and not str(look.facts.get("reason") or "").strip()


def _is_same_pair(look: Look) -> bool:
    if look.entry.action != "approval.approved":
        return False
    approval_id = _uuid(look.facts.get("approval"))
    approval = Approval.objects.filter(pk=approval_id).first() if approval_id else None
    if approval is None or approval.requester_id is None:
        return False
    same = Approval.objects.filter(requester=approval.requester_id, decider_id=approval.decider_id)
    same = same.filter(state__in=(ApprovalState.APPROVED, ApprovalState.USED))
    within = same.filter(decided_at__gte=look.at - PAIR_WITHIN, decided_at__lte=look.at)
    return bool(within.count() > settings.REVIEW_PAIR_APPROVALS)


def _is_first_use(look: Look) -> bool:
    return look.is_first_use


RULES: tuple[Rule, ...] = (
    Rule("break_glass", "Broke the glass", "Done by one person where two are asked for.", _is_broken_glass, True),
    Rule("delete_after_edit", "Deleted after an edit", "Changed, then deleted by the same person.", _is_edited_first),
    Rule("large_bulk", "Many at once", "Many accounts changed by one person within ten minutes.", _is_large_bulk),
    Rule("missing_reason", "No reason given", "A delete or a request for approval without a reason.", _lacks_a_reason),
    Rule("same_pair", "The same two again", "One person approves the same other one again and again.", _is_same_pair),
    Rule("out_of_hours", "Out of hours", "Outside of the hours in which people work here.", _is_out_of_hours),
    Rule("first_use", "First use of a right", "This person had never done this before.", _is_first_use),
)  # fmt: skip
WORDS: Mapping[str, tuple[str, str]] = {
    **{rule.name: (rule.word, rule.words) for rule in RULES},
    SAMPLE: ("Drawn at random", "Chosen by lot from the other writes."),
    BY_HAND: ("Chosen by a reviewer", "No rule chose it; a reviewer did."),
}


def rules_for(look: Look) -> list[Rule]:
    """Return the rules that an entry of a person meets."""
    return [rule for rule in RULES if rule.holds(look)]


def _does(entry: AuditEntry, *capabilities: Capability) -> bool:
    """Say whether what was sent is one of these; what nobody declares any more counts by its name."""
    name = facts_of(entry).get("action")
    if entry.integration in registry.integrations():
        declared = {action.name: action.capability for action in registry.provider_class_of(entry.integration).actions}
        if isinstance(name, str) and name in declared:
            return declared[name] in capabilities
    return (Capability.DELETE if name == "delete" else Capability.UPDATE) in capabilities


def _uuid(value: object) -> UUID | None:
    try:
        return UUID(str(value))
    except ValueError:
        return None
