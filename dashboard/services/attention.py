"""Who must act on an account beyond what its snapshot says: gone, an open challenge, the last refusal.

Precedence: gone; an open challenge; a refusal that is newer than the last success and was answered at the same remote
status; then the provider's own assessment of the snapshot.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from providers.answers import Assessment, Snapshot
from providers.attention import Attention
from providers.errors import ErrorRule

from ..models import LinkedAccount

# A refusal that tells of somebody's bad hour says nothing about the account for ever.
PASSING_CAUSE_LASTS = timedelta(hours=6)
# Stands as the action of a cause where nothing was sent: the account could not be read.
A_READ = "read"
_PASSING = (Attention.INSTITUTION_DOWN, Attention.PROVIDER_TROUBLE)

ENDED = Assessment(
    attention=Attention.ENDED,
    headline="This no longer exists at the provider.",
    explanation="Nothing can be repaired here. The history stays.",
    code="gone",
)
ROOM_IS_OPEN = Assessment(
    attention=Attention.NEEDS_CODE,
    headline="A code is awaited now.",
    explanation="A sign-in is under way and waits for the code that the customer receives. Enter it in time.",
    code="challenge_open",
)


def from_cause(
    rule: ErrorRule,
    account: LinkedAccount,
    snapshot: Snapshot,
    assessed: Assessment,
    *,
    read_at: datetime,
    now: datetime,
) -> Assessment | None:
    """Return what the account's last refusal means, or None if it no longer says more than the snapshot."""
    if rule.attention is None or not _counts(rule.attention, account, snapshot, read_at, now):
        return None
    if rule.attention == Attention.NEEDS_PASSWORD and assessed.attention == Attention.HEALTHY:
        # A password mistyped here: the remote was read again since, and still works with the one it has.
        return None
    return Assessment(
        attention=rule.attention,
        headline=rule.sentence,
        explanation=" ".join(filter(None, (account.cause_evidence.get("concerned"), rule.next_step))),
        code=rule.code,
        script=rule.script,
    )


def _counts(attention: Attention, account: LinkedAccount, snapshot: Snapshot, read_at: datetime, now: datetime) -> bool:
    if account.cause_at is None or account.cause_evidence.get("status") != snapshot.status:
        return False
    if snapshot.last_success_at is not None and snapshot.last_success_at >= account.cause_at:
        return False
    if attention == Attention.OUR_KEYS or account.cause_evidence.get("action") == A_READ:
        # What was read after that refusal was read with our keys, and could be read: that is over.
        return read_at <= account.cause_at
    return attention not in _PASSING or now - account.cause_at < PASSING_CAUSE_LASTS
