"""Who must act on an account, after everything we know: gone, an open challenge, the last refusal, the snapshot."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from providers.answers import Assessment, Schema, Snapshot
from providers.attention import Attention
from providers.base import Provider
from providers.errors import ErrorRule

from ..models import LinkedAccount

# A refusal that tells of somebody's bad hour says nothing about the account for ever.
PASSING_CAUSE_LASTS = timedelta(hours=6)
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


def judge(
    provider: Provider,
    snapshot: Snapshot,
    schema: Schema | None,
    *,
    gone: bool,
    room_is_open: bool,
    account: LinkedAccount | None,
    rules: Mapping[str, ErrorRule],
    at: datetime,
) -> Assessment:
    """Return the one assessment that list, detail and receipts agree on; `account` carries the last refusal."""
    if gone:
        return ENDED
    if room_is_open:
        return ROOM_IS_OPEN
    if account is not None and _cause_counts(account, snapshot, rules, at):
        return _from_cause(rules[account.cause_code], account.cause_evidence)
    return provider.assess(snapshot, schema)


def _cause_counts(account: LinkedAccount, snapshot: Snapshot, rules: Mapping[str, ErrorRule], at: datetime) -> bool:
    rule = rules.get(account.cause_code)
    if rule is None or rule.attention is None or account.cause_at is None:
        return False
    if account.cause_evidence.get("status") != snapshot.status:
        return False
    if snapshot.last_success_at is not None and snapshot.last_success_at >= account.cause_at:
        return False
    if rule.attention == Attention.OUR_KEYS:
        # The snapshot itself was read with our keys after that refusal, so they are good again.
        return at <= account.cause_at
    return rule.attention not in _PASSING or at - account.cause_at < PASSING_CAUSE_LASTS


def _from_cause(rule: ErrorRule, evidence: Mapping[str, Any]) -> Assessment:
    assert rule.attention is not None  # noqa: S101 - checked by _cause_counts
    return Assessment(
        attention=rule.attention,
        headline=rule.sentence,
        explanation=rule.next_step,
        code=rule.code,
        script=rule.script,
    )
