"""The mirror of what remotes say: the only writer of `LinkedAccount`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import structlog
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from providers.answers import Snapshot
from providers.errors import ErrorRule
from providers.outcomes import Accepted, Concern, Evidence, Failure, NeedsToken, Ok, Outcome

from ..models import LinkedAccount
from ..registry import provider_class_of, rule_named
from ..text import storable, storable_json
from . import erased
from .attention import A_READ
from .audit import SYSTEM, Kind, Target, record
from .mirror_rows import MAX_REMOTE_ID_CHARS, Judging, cleaned, digest_of_columns

BATCH_ROWS = 500
# Large columns that only their digest is compared by.
_NOT_COMPARED = ("body", "search_text", "explanation", "script")
_KEPT = ("id", "integration", "remote_id")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Counted:
    """What a page came to. `unreadable` objects have an id that cannot be kept."""

    seen: int = 0
    created: int = 0
    changed: int = 0
    unreadable: int = 0

    def __add__(self, other: Counted) -> Counted:
        return Counted(
            self.seen + other.seen,
            self.created + other.created,
            self.changed + other.changed,
            self.unreadable + other.unreadable,
        )


def mirror(integration: str, snapshot: Snapshot, *, at: datetime | None = None) -> LinkedAccount:
    """Store one snapshot and return the account. `at` is when the remote was asked; an older answer changes nothing."""
    mirror_page(integration, (snapshot,), at or timezone.now())
    return LinkedAccount.objects.select_related("customer").get(
        integration=integration, remote_id=storable(snapshot.remote_id)
    )


def mirror_page(integration: str, snapshots: Sequence[Snapshot], at: datetime) -> Counted:
    """Store a page of snapshots that were asked for at `at`: write only what changed, note that all were checked."""
    counted = Counted()
    for start in range(0, len(snapshots), BATCH_ROWS):
        counted += _mirror_batch(integration, snapshots[start : start + BATCH_ROWS], at)
    return counted


def mark_gone(account: LinkedAccount, outcome: Outcome | None = None) -> None:
    """Note that the remote has no such object any more. The row stays, with its history."""
    with transaction.atomic():
        row = _locked(account)
        row.checked_at = timezone.now()
        row.gone_at = row.gone_at or row.checked_at
        row.stale_at = None
        _judge_again([row])
    account.refresh_from_db()


def mark_stale(account: LinkedAccount) -> None:
    """Note that the mirror may be behind the remote; the next successful read clears it."""
    LinkedAccount.objects.filter(pk=account.pk).update(stale_at=timezone.now())


def note_cause(account: LinkedAccount, outcome: Outcome | Concern, *, action: str = "") -> None:
    """Keep a refusal or concern that says more than the status: its row decides the badge until the remote moves on."""
    if isinstance(outcome, Ok | Accepted | NeedsToken):
        return
    rule = outcome.rule
    if rule is None or rule.attention is None:
        return
    with transaction.atomic():
        concerned = outcome.evidence.remote_message if isinstance(outcome, Concern) else ""
        _keep_cause(_locked(account), rule, outcome.evidence, action, concerned=concerned)
    account.refresh_from_db()


def note_unread(account: LinkedAccount, failure: Failure) -> None:
    """Keep why an account could not be read; while a refusal of something that was sent counts, it says more."""
    rule = failure.rule
    if rule is None or rule.attention is None:
        return
    with transaction.atomic():
        row = _locked(account)
        standing = rule_named(row.integration, row.cause_code)
        is_of_a_write = row.cause_evidence.get("action") != A_READ
        if standing is None or not is_of_a_write or standing.attention != row.attention:
            _keep_cause(row, rule, failure.evidence, A_READ)
    account.refresh_from_db()


def forget_cause(account: LinkedAccount, *, action: str) -> None:
    """Drop the cause that an action left behind, because the same action has now succeeded."""
    with transaction.atomic():
        row = _locked(account)
        if not row.cause_code or row.cause_evidence.get("action") != action:
            return
        row.cause_code, row.cause_at, row.cause_evidence = "", None, {}
        _judge_again([row])
    account.refresh_from_db()


def reassess(account: LinkedAccount) -> None:
    """Judge an account again, because something beside the snapshot changed (a room opened or closed)."""
    with transaction.atomic():
        _judge_again([_locked(account)])
    account.refresh_from_db()


def rematch_customers(references: Iterable[str] | None = None) -> int:
    """Find each account's customer by its external id again, and keep what people search by right.

    With `references`, only accounts that have or had one of them; after a change call it with the old and the new one.
    Returns how many accounts changed.
    """
    ids = LinkedAccount.objects.order_by("integration", "pk").values_list("integration", "pk")
    if references is None:
        return _rematch(ids)
    wanted = sorted(set(references))
    batches = (wanted[start : start + BATCH_ROWS] for start in range(0, len(wanted), BATCH_ROWS))
    return sum(_rematch(ids.filter(Q(external_id__in=some) | Q(customer__reference__in=some))) for some in batches)


def erase(accounts: Iterable[LinkedAccount]) -> None:
    """Keep of accounts that there were such at their providers, and nothing of whose they were."""
    ids = LinkedAccount.objects.filter(pk__in=[account.pk for account in accounts]).order_by("integration", "pk")
    for integration, some in _batches(ids.values_list("integration", "pk")):
        with transaction.atomic():
            rows = list(_locking().filter(integration=integration, pk__in=some))
            for row in rows:
                row.customer, row.external_id, row.title, row.tags, row.body = None, "", "", [], {}
                row.headline = row.explanation = row.script = ""
                row.cause_code, row.cause_at, row.cause_evidence = "", None, {}
            _judge_again(rows)


def _keep_cause(row: LinkedAccount, rule: ErrorRule, evidence: Evidence, action: str, *, concerned: str = "") -> None:
    row.cause_code = rule.code
    row.cause_at = timezone.now()
    # What a concern is about is said in our words: it belongs to the explanation, and is no message of the remote.
    told = asdict(evidence) | ({"remote_message": "", "concerned": concerned} if concerned else {})
    row.cause_evidence = storable_json({"status": row.status, "action": action, **told})
    _judge_again([row])


def _mirror_batch(integration: str, snapshots: Sequence[Snapshot], at: datetime) -> Counted:
    # The last word on an object wins, should a page name it twice.
    wanted = {snapshot.remote_id: snapshot for snapshot in map(cleaned, snapshots)}
    unreadable = [remote_id for remote_id in wanted if not 0 < len(remote_id) <= MAX_REMOTE_ID_CHARS]
    for remote_id in unreadable:
        del wanted[remote_id]
    if unreadable:
        log.warning("snapshots_left_out", integration=integration, count=len(unreadable))
    with transaction.atomic():
        rows = _locking().defer(*_NOT_COMPARED).filter(integration=integration, remote_id__in=wanted)
        known = {row.remote_id: row for row in rows}
        # What was read later than this page was asked for knows better.
        newer = {row.remote_id for row in known.values() if row.checked_at is not None and row.checked_at > at}
        judging = Judging(integration, wanted.values(), known.values())
        judged = (
            _fresh_row(integration, judging, known.get(remote_id), snapshot, at)
            for remote_id, snapshot in wanted.items()
            if remote_id not in newer
        )
        written = [row for row in judged if row is not None]
        _upsert(written)
        _note_returned(integration, written, known)
        _note_checked([row.pk for row in known.values() if row.remote_id not in newer], at)
    created = sum(row.remote_id not in known for row in written)
    return Counted(len(wanted), created, len(written) - created, len(unreadable))


def _fresh_row(
    integration: str, judging: Judging, known: LinkedAccount | None, snapshot: Snapshot, at: datetime
) -> LinkedAccount | None:
    """Return the row to write, or None if nothing that is shown changed."""
    now = timezone.now()
    columns = judging.columns(known, snapshot, read_at=at, now=now)
    digest = digest_of_columns(columns)
    if known is not None and known.digest == digest:
        return None
    row = LinkedAccount(integration=integration, provider=provider_class_of(integration).slug, digest=digest, **columns)
    row.changed_at = row.attention_since = now
    row.checked_at = at
    if known is not None:
        row.version = known.version + 1
        row.cause_code, row.cause_evidence = known.cause_code, known.cause_evidence
        row.stale_at = known.stale_at
        if known.attention == row.attention:
            row.attention_since = known.attention_since
    return row


def _upsert(rows: Sequence[LinkedAccount]) -> None:
    # Each row carries a new primary key that is used only if the object is new: a conflict on the natural key updates.
    LinkedAccount.objects.bulk_create(
        rows,
        batch_size=BATCH_ROWS,
        update_conflicts=True,
        unique_fields=("integration", "remote_id"),
        update_fields=[f.name for f in LinkedAccount._meta.concrete_fields if f.name not in _KEPT],
    )


def _note_returned(integration: str, written: Sequence[LinkedAccount], known: Mapping[str, LinkedAccount]) -> None:
    """Put on record that a provider brings back the reference of a customer who was erased."""
    fresh = [
        row for row in written if row.remote_id not in known or known[row.remote_id].external_id != row.external_id
    ]
    back = erased.returned(row.external_id for row in fresh)
    for row in fresh:
        if (before := back.get(row.external_id)) is not None:
            target, facts = Target.of(known.get(row.remote_id, row)), {"customer": before.pseudonym}
            record(Kind.SYSTEM, "customer.returned", actor=SYSTEM, target=target, integration=integration, facts=facts)


def _note_checked(ids: Sequence[Any], at: datetime) -> None:
    rows = LinkedAccount.objects.filter(pk__in=ids)
    rows.update(checked_at=at)
    # A hint that came in after we asked is still unanswered.
    rows.filter(stale_at__lte=at).update(stale_at=None)


def _judge_again(rows: Sequence[LinkedAccount]) -> int:
    """Judge locked rows of one integration on what they already hold, and save them; returns how many changed."""
    now = timezone.now()
    snapshots = {row.pk: row.to_snapshot() for row in rows}
    judging = Judging(rows[0].integration, snapshots.values(), rows)
    changed = 0
    for row in rows:
        read_at = row.checked_at or row.changed_at
        columns = judging.columns(row, snapshots[row.pk], read_at=read_at, now=now, gone=row.is_gone)
        digest = digest_of_columns(columns)
        if digest != row.digest:
            changed += 1
            row.version += 1
            row.changed_at = now
            row.digest = digest
            if columns["attention"] != row.attention:
                row.attention_since = now
            for name, value in columns.items():
                setattr(row, name, value)
        row.save(force_update=True)
    return changed


def _rematch(ids: Any) -> int:
    changed = 0
    for integration, some in _batches(ids):
        # Locked a batch at a time, so that a page of a sync is never overwritten by what was read before it.
        with transaction.atomic():
            rows = list(_locking().filter(integration=integration, pk__in=some))
            changed += _judge_again(rows) if rows else 0
    return changed


def _batches(ids: Any) -> Iterator[tuple[str, list[Any]]]:
    """Yield primary keys in batches of one integration each; `ids` comes ordered by integration."""
    batch: list[Any] = []
    current = ""
    for integration, pk in ids.iterator(chunk_size=BATCH_ROWS):
        if batch and (integration != current or len(batch) == BATCH_ROWS):
            yield current, batch
            batch = []
        current = integration
        batch.append(pk)
    if batch:
        yield current, batch


def _locking() -> Any:
    # In order of the key, so that two writers of the same rows wait for each other instead of deadlocking.
    return LinkedAccount.objects.select_related("customer").select_for_update(of=("self",)).order_by("pk")


def _locked(account: LinkedAccount) -> LinkedAccount:
    row: LinkedAccount = _locking().get(pk=account.pk)
    return row
