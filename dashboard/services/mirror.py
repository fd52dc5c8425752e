"""The mirror of what remotes say: the only writer of `LinkedAccount`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import structlog
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from providers.answers import Assessment, Schema, Snapshot, digest_of
from providers.attention import Attention
from providers.errors import BUILT_IN, ErrorRule
from providers.outcomes import Outcome

from ..models import Customer, LinkedAccount, Operation, RemoteSchema
from ..models.operation import State
from ..registry import provider_class_of, pure
from ..text import storable, storable_json
from . import attention

BATCH_ROWS = 500
_KEPT = ("id", "integration", "remote_id")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Counted:
    """What a batch came to. `unreadable` objects have an id that cannot be kept."""

    seen: int = 0
    created: int = 0
    changed: int = 0
    unreadable: int = 0

    def __add__(self, other: Counted) -> Counted:
        return Counted(*(mine + theirs for mine, theirs in zip(_counts(self), _counts(other), strict=True)))


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
    now = timezone.now()
    with transaction.atomic():
        row = LinkedAccount.objects.select_for_update().get(pk=account.pk)
        row.gone_at = row.gone_at or now
        row.checked_at = now
        row.stale_at = None
        _reassess(row, now)
    account.refresh_from_db()


def mark_stale(account: LinkedAccount) -> None:
    """Note that the mirror may be behind the remote; the next successful read clears it."""
    LinkedAccount.objects.filter(pk=account.pk).update(stale_at=timezone.now())


def note_cause(account: LinkedAccount, outcome: Outcome, *, action: str = "") -> None:
    """Keep a refusal that says more than the status: its rule decides badge and cause until the remote moves on."""
    rule: ErrorRule | None = getattr(outcome, "rule", None)
    if rule is None or rule.attention is None:
        return
    with transaction.atomic():
        row = LinkedAccount.objects.select_for_update().get(pk=account.pk)
        row.cause_code = rule.code
        row.cause_at = timezone.now()
        row.cause_evidence = storable_json({"status": row.status, "action": action, **asdict(outcome.evidence)})
        _reassess(row, row.cause_at)
    account.refresh_from_db()


def forget_cause(account: LinkedAccount, *, action: str) -> None:
    """Drop the cause that an action left behind, because the same action has now succeeded."""
    with transaction.atomic():
        row = LinkedAccount.objects.select_for_update().get(pk=account.pk)
        if not row.cause_code or row.cause_evidence.get("action") != action:
            return
        row.cause_code, row.cause_at, row.cause_evidence = "", None, {}
        _reassess(row, timezone.now())
    account.refresh_from_db()


def reassess(account: LinkedAccount) -> None:
    """Judge an account again, because something beside the snapshot changed (a room opened or closed)."""
    with transaction.atomic():
        _reassess(LinkedAccount.objects.select_for_update().get(pk=account.pk), timezone.now())
    account.refresh_from_db()


def rematch_customers(references: Iterable[str] | None = None) -> int:
    """Find each account's customer by its external id again, and keep what people search by right.

    With `references`, only accounts that have or had one of them; call it with the old and the new one after a change.
    Returns how many accounts changed.
    """
    accounts = LinkedAccount.objects.select_related("customer").order_by("pk")
    if references is None:
        return sum(_rematch(batch) for batch in _batches(accounts))
    wanted = sorted(set(references))
    changed = 0
    for start in range(0, len(wanted), BATCH_ROWS):
        some = wanted[start : start + BATCH_ROWS]
        changed += sum(
            _rematch(batch)
            for batch in _batches(accounts.filter(Q(external_id__in=some) | Q(customer__reference__in=some)))
        )
    return changed


# -- one batch


def _mirror_batch(integration: str, snapshots: Sequence[Snapshot], at: datetime) -> Counted:
    # The last word on an object wins, should a page name it twice.
    wanted = {cleaned.remote_id: cleaned for cleaned in map(_cleaned, snapshots) if 0 < len(cleaned.remote_id) <= 512}
    if len(wanted) < len(snapshots):
        log.warning("snapshots_left_out", integration=integration, count=len(snapshots) - len(wanted))
    with transaction.atomic():
        rows = LinkedAccount.objects.select_related("customer").select_for_update(of=("self",)).order_by("pk")
        known = {row.remote_id: row for row in rows.filter(integration=integration, remote_id__in=wanted)}
        judging = _Judging(integration, wanted.values(), known.values(), at)
        written: list[LinkedAccount] = []
        checked: list[Any] = []
        created = 0
        for remote_id, snapshot in wanted.items():
            row = known.get(remote_id)
            if row is not None and row.checked_at is not None and row.checked_at > at:
                continue
            if row is not None:
                checked.append(row.pk)
            fresh = judging.row(row, snapshot)
            if fresh is None:
                continue
            written.append(fresh)
            created += row is None
        _upsert(written)
        _note_checked(checked, at)
    return Counted(len(wanted), created, len(written) - created, len(snapshots) - len(wanted))


class _Judging:
    """What a batch needs to know beside its snapshots, read once."""

    def __init__(
        self, integration: str, snapshots: Iterable[Snapshot], known: Iterable[LinkedAccount], at: datetime
    ) -> None:
        self.integration = integration
        self.provider = pure(integration)
        self.slug = provider_class_of(integration).slug
        self.rules = {rule.code: rule for rule in (*self.provider.rules, *BUILT_IN)}
        self.at = at
        self.schemas = _schemas(integration, {snapshot.schema_key for snapshot in snapshots})
        self.customers = _customers({snapshot.external_id for snapshot in snapshots})
        self.rooms = _open_rooms([row.pk for row in known])

    def row(self, known: LinkedAccount | None, snapshot: Snapshot) -> LinkedAccount | None:
        """Return the row to write, or None if nothing that is shown changed."""
        assessment = attention.judge(
            self.provider,
            snapshot,
            self.schemas.get(snapshot.schema_key),
            gone=False,
            room_is_open=known is not None and known.pk in self.rooms,
            account=known,
            rules=self.rules,
            at=self.at,
        )
        columns = _columns(snapshot, assessment, _customer(self.customers, known, snapshot))
        columns["cause_at"] = known.cause_at if known is not None else None
        digest = _digest(columns)
        if known is not None and known.digest == digest:
            return None
        fresh = LinkedAccount(integration=self.integration, provider=self.slug, digest=digest, **columns)
        fresh.changed_at = fresh.attention_since = timezone.now()
        fresh.checked_at = self.at
        if known is not None:
            fresh.version = known.version + 1
            fresh.cause_code, fresh.cause_evidence = known.cause_code, known.cause_evidence
            fresh.stale_at = None if known.stale_at is None or known.stale_at <= self.at else known.stale_at
            if known.attention == fresh.attention:
                fresh.attention_since = known.attention_since
        return fresh


def _upsert(rows: Sequence[LinkedAccount]) -> None:
    # Each row carries a new primary key that is used only if the object is new: a conflict on the natural key updates.
    LinkedAccount.objects.bulk_create(
        rows,
        batch_size=BATCH_ROWS,
        update_conflicts=True,
        unique_fields=("integration", "remote_id"),
        update_fields=[f.name for f in LinkedAccount._meta.concrete_fields if f.name not in _KEPT],
    )


def _note_checked(ids: Sequence[Any], at: datetime) -> None:
    rows = LinkedAccount.objects.filter(pk__in=ids)
    rows.update(checked_at=at)
    # A hint that came in after we asked is still unanswered.
    rows.filter(stale_at__lte=at).update(stale_at=None)


# -- one row


def _reassess(row: LinkedAccount, now: datetime) -> None:
    """Judge a locked row on what it already holds, and write it if that changes anything shown."""
    snapshot = row.to_snapshot()
    judging = _Judging(row.integration, (snapshot,), (row,), now)
    assessment = attention.judge(
        judging.provider,
        snapshot,
        judging.schemas.get(row.schema_key),
        gone=row.is_gone,
        room_is_open=row.pk in judging.rooms,
        account=row,
        rules=judging.rules,
        at=now,
    )
    _rewrite(row, _columns(snapshot, assessment, row.customer), now)


def _rewrite(row: LinkedAccount, columns: dict[str, Any], now: datetime) -> bool:
    columns |= {"gone_at": row.gone_at, "cause_at": row.cause_at}
    digest = _digest(columns)
    changed = digest != row.digest
    if changed:
        row.version += 1
        row.changed_at = now
        if columns["attention"] != row.attention:
            row.attention_since = now
        row.digest = digest
        for name, value in columns.items():
            setattr(row, name, value)
    row.save(force_update=True)
    return changed


def _rematch(batch: Sequence[LinkedAccount]) -> int:
    customers = _customers({row.external_id for row in batch})
    changed = 0
    with transaction.atomic():
        # Locked again, a batch at a time, so that a page of a sync is never overwritten by what was read before it.
        rows = LinkedAccount.objects.select_related("customer").select_for_update(of=("self",)).order_by("pk")
        for row in rows.filter(pk__in=[row.pk for row in batch]):
            snapshot = row.to_snapshot()
            as_is = Assessment(Attention(row.attention), row.headline, row.explanation, script=row.script)
            columns = _columns(snapshot, as_is, _customer(customers, row, snapshot))
            changed += _rewrite(row, columns, timezone.now())
    return changed


def _batches(rows: Any) -> Iterable[list[LinkedAccount]]:
    batch: list[LinkedAccount] = []
    for row in rows.iterator(chunk_size=BATCH_ROWS):
        batch.append(row)
        if len(batch) == BATCH_ROWS:
            yield batch
            batch = []
    if batch:
        yield batch


# -- what is written


def _columns(snapshot: Snapshot, assessment: Assessment, customer: Customer | None) -> dict[str, Any]:
    """Return every column that is shown; their digest says whether anything shown changed."""
    return {
        "remote_id": snapshot.remote_id,
        "customer": customer,
        "external_id": snapshot.external_id,
        "title": snapshot.title,
        "schema_key": snapshot.schema_key,
        "status": snapshot.status,
        "attention": assessment.attention.value,
        "headline": storable(assessment.headline, 300),
        "explanation": storable(assessment.explanation),
        "script": storable(assessment.script),
        "error_code": snapshot.error_code,
        "tags": list(snapshot.tags),
        "body": snapshot.body,
        "remote_created_at": snapshot.created_at,
        "last_success_at": snapshot.last_success_at,
        "expires_at": snapshot.expires_at,
        "gone_at": None,
        "cause_at": None,
        "search_text": _search_text(snapshot, customer),
    }


def _digest(columns: Mapping[str, Any]) -> str:
    customer = columns["customer"]
    return digest_of({**columns, "customer": str(customer.pk) if customer else None})


def _search_text(snapshot: Snapshot, customer: Customer | None) -> str:
    people = (customer.name, customer.email, customer.reference) if customer else ()
    words = (snapshot.title, snapshot.schema_key, snapshot.remote_id, snapshot.external_id, snapshot.status)
    # A line each, so that no search matches across the end of one value and the start of the next.
    return "\n".join(filter(None, (*words, *people, *snapshot.tags))).casefold()


def _cleaned(snapshot: Snapshot) -> Snapshot:
    """Return the snapshot as it can be stored; from here on, and in every plan, this is what the remote said."""
    return Snapshot(
        remote_id=storable(snapshot.remote_id),
        status=storable(snapshot.status, 60),
        body=storable_json(snapshot.body),
        title=storable(snapshot.title, 200),
        external_id=storable(snapshot.external_id, 256),
        schema_key=storable(snapshot.schema_key, 200),
        error_code=storable(snapshot.error_code, 80),
        tags=tuple(storable(tag, 200) for tag in snapshot.tags),
        created_at=_utc(snapshot.created_at),
        last_success_at=_utc(snapshot.last_success_at),
        expires_at=_utc(snapshot.expires_at),
    )


def _utc(at: datetime | None) -> datetime | None:
    """Return the same moment as the database gives it back: digests compare its text."""
    return at.astimezone(UTC) if at else None


def _customer(customers: Mapping[str, Customer], known: LinkedAccount | None, snapshot: Snapshot) -> Customer | None:
    """Match by external id; an account without one keeps the customer it was given by hand."""
    if snapshot.external_id:
        return customers.get(snapshot.external_id)
    return known.customer if known is not None else None


def _schemas(integration: str, keys: set[str]) -> dict[str, Schema]:
    found = RemoteSchema.objects.filter(integration=integration, key__in=keys - {""})
    return {row.key: row.to_schema() for row in found}


def _customers(references: set[str]) -> dict[str, Customer]:
    return {row.reference: row for row in Customer.objects.filter(reference__in=references - {""})}


def _open_rooms(account_ids: Sequence[Any]) -> set[Any]:
    rooms = Operation.objects.filter(account__in=account_ids, state=State.AWAITING_TOKEN)
    return set(rooms.values_list("account_id", flat=True))


def _counts(counted: Counted) -> tuple[int, ...]:
    return (counted.seen, counted.created, counted.changed, counted.unreadable)
