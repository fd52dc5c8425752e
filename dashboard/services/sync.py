"""One pass over one integration: schemas first, then every page, then whatever was absent."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

import structlog
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from providers.answers import Page, Schema
from providers.base import Provider
from providers.outcomes import Failure, Gone, Ok, RateLimited, Refused

from ..models import Customer, LinkedAccount, RemoteSchema, SyncRun
from ..registry import provider_for
from ..text import storable, storable_json
from . import outcomes
from .audit import SYSTEM, AuditUnavailable, Kind, record
from .mirror import BATCH_ROWS, mark_gone, mark_stale, mirror, mirror_page

# A pass without a sign of life for so long has lost its process.
ABANDONED_AFTER = timedelta(minutes=10)
MAX_WAIT_S = 60.0
MAX_WAITS = 10
MAX_ABSENT_FETCHED = 50
# Customers that are asked about in one pass, where accounts do not say whose they are.
MAX_CUSTOMERS_ASKED = 200

T = TypeVar("T")
log = structlog.get_logger(__name__)


class SyncUnderWay(Exception):
    """Another pass over the same integration is at work."""


class _Interrupted(Exception):
    def __init__(self, failure: Failure | None = None, why: str = "") -> None:
        super().__init__(why)
        self.failure = failure
        self.why = why


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a pass has come; `total` is None where the remote does not count."""

    stage: str
    done: int
    total: int | None = None


def run(
    integration: str,
    *,
    on_progress: Callable[[Progress], None] | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> SyncRun:
    """Bring the mirror of an integration up to date and return what came of it; raise `SyncUnderWay` if it is at work.

    A pass that broke off is *partial* (something was stored) or *failed*, with the remote's own words as evidence.
    """
    return _Pass(integration, on_progress or (lambda progress: None), sleep).run()


class _Pass:
    def __init__(
        self, integration: str, on_progress: Callable[[Progress], None], sleep: Callable[[float], None]
    ) -> None:
        self.integration = integration
        self.provider: Provider = provider_for(integration)
        self.on_progress = on_progress
        self.sleep = sleep
        self.waits = 0
        self.row = _claim(integration)

    def run(self) -> SyncRun:
        result = SyncRun.Result.COMPLETE
        try:
            self._schemas()
            self._accounts()
            self._of_customers()
            self._absent()
        except _Interrupted as interrupted:
            result = SyncRun.Result.PARTIAL if self.row.seen else SyncRun.Result.FAILED
            self.row.failure = self._evidence(interrupted)
        except BaseException:
            self.row.failure = {
                "type": "linkdesk_fault",
                "sentence": "Linkdesk broke off because of a fault of its own.",
            }
            self._end(SyncRun.Result.FAILED)
            raise
        self._end(result)
        return self.row

    def _schemas(self) -> None:
        done = 0
        for page, _ in self._pages(self.provider.list_schemas):
            store_schemas(self.integration, page.items)
            done += len(page.items)
            self.on_progress(Progress("schemas", done, page.total))

    def _accounts(self) -> None:
        for page, asked_at in self._pages(self.provider.list):
            counted = mirror_page(self.integration, page.items, asked_at)
            self.row.seen += counted.seen
            self.row.created += counted.created
            self.row.changed += counted.changed
            self._beat()
            self.on_progress(Progress("accounts", self.row.seen, page.total))

    def _of_customers(self) -> None:
        """Ask for the accounts of customers, where accounts do not say whose they are: those without any first."""
        if self.provider.names_customers:
            return
        ours = LinkedAccount.objects.present().filter(integration=self.integration, customer=OuterRef("pk"))
        customers = Customer.objects.annotate(has_some=Exists(ours)).order_by("has_some", "?")
        for customer in customers[:MAX_CUSTOMERS_ASKED]:
            asked_at = timezone.now()
            found = self._ask(partial(self.provider.list_of_customer, customer.reference))
            counted = mirror_page(self.integration, found, asked_at)
            self.row.created += counted.created
            self.row.changed += counted.changed
            self._beat()

    def _absent(self) -> None:
        """Ask for what was not on any page, one by one: only a clear "gone" marks it gone."""
        present = LinkedAccount.objects.present().filter(integration=self.integration)
        unseen = present.filter(Q(checked_at__lt=self.row.started_at) | Q(checked_at=None))
        for account in unseen.order_by("checked_at", "pk")[:MAX_ABSENT_FETCHED]:
            asked_at = timezone.now()
            try:
                mirror(self.integration, self._ask(partial(self.provider.fetch, account.remote_id)), at=asked_at)
            except _Interrupted as interrupted:
                match interrupted.failure:
                    case Gone() as gone:
                        mark_gone(account, gone)
                        self.row.gone += 1
                    case Refused():
                        # It is about this account alone; the others are not kept waiting for it.
                        mark_stale(account)
                    case _:
                        raise
            self._beat()

    def _pages(self, ask: Callable[[str | None], Ok[Page[T]] | Failure]) -> Iterator[tuple[Page[T], datetime]]:
        cursor: str | None = None
        seen: set[str] = set()
        while True:
            asked_at = timezone.now()
            page = self._ask(partial(ask, cursor))
            yield page, asked_at
            cursor = page.next_cursor
            if cursor is None:
                return
            if cursor in seen:
                raise _Interrupted(why="The remote's pages lead back to one that was already read.")
            seen.add(cursor)

    def _ask(self, ask: Callable[[], Ok[T] | Failure]) -> T:
        """Ask, waiting as often and as long as is decent where the remote says "slow down"."""
        while True:
            match ask():
                case Ok(value=value):
                    return value
                case RateLimited(retry_after_s=wait_s) as limited:
                    wait_s = 5.0 if wait_s is None else max(wait_s, 0.1)
                    if wait_s > MAX_WAIT_S or self.waits >= MAX_WAITS:
                        raise _Interrupted(limited)
                    self.waits += 1
                    self._beat()
                    self.sleep(wait_s)
                case failure:
                    raise _Interrupted(failure)

    def _beat(self) -> None:
        self.row.beat_at = timezone.now()
        self.row.save(update_fields=["beat_at", "seen", "created", "changed", "gone"])

    def _evidence(self, interrupted: _Interrupted) -> dict[str, Any]:
        if interrupted.failure is None:
            return {"type": "unavailable", "rule": "", "sentence": interrupted.why}
        return outcomes.to_json(interrupted.failure, self.provider.name, timezone.now())

    def _end(self, result: SyncRun.Result) -> None:
        row = self.row
        row.result, row.ended_at = result, timezone.now()
        facts = {"seen": row.seen, "created": row.created, "changed": row.changed, "gone": row.gone}
        facts["rule"] = row.failure.get("rule", "")
        action = f"sync.{result.value}"
        try:
            with transaction.atomic():
                row.save()
                record(
                    Kind.SYSTEM, action, actor=SYSTEM, integration=self.integration, result=result.value, facts=facts
                )
        except AuditUnavailable:
            row.result = SyncRun.Result.FAILED
            row.failure = {"type": "audit_unavailable", "sentence": "The audit log could not be written."}
            row.save()
            raise


def store_schemas(integration: str, schemas: tuple[Schema, ...]) -> int:
    """Keep what describes the fields of accounts; returns how many were new or different."""
    now = timezone.now()
    fresh = {
        storable(schema.key): RemoteSchema(
            integration=integration,
            key=storable(schema.key),
            title=storable(schema.title, 200),
            status=storable(schema.status, 60),
            body=storable_json(schema.body),
            digest=schema.digest,
            fetched_at=now,
        )
        for schema in schemas
        if 0 < len(schema.key) <= 200
    }
    known = RemoteSchema.objects.filter(integration=integration, key__in=fresh)
    same = {row.pk: row.key for row in known if row.digest == fresh[row.key].digest}
    RemoteSchema.objects.filter(pk__in=same).update(fetched_at=now)
    changed = [row for key, row in fresh.items() if key not in same.values()]
    RemoteSchema.objects.bulk_create(
        changed,
        batch_size=BATCH_ROWS,
        update_conflicts=True,
        unique_fields=("integration", "key"),
        update_fields=("title", "status", "body", "digest", "fetched_at"),
    )
    return len(changed)


def _claim(integration: str) -> SyncRun:
    """Begin a pass, or raise `SyncUnderWay`: at most one row an integration may be running."""
    now = timezone.now()
    running = SyncRun.objects.filter(integration=integration, result=SyncRun.Result.RUNNING)
    running.filter(Q(beat_at__lt=now - ABANDONED_AFTER) | Q(beat_at=None)).update(
        result=SyncRun.Result.FAILED,
        ended_at=now,
        failure={"type": "interrupted", "sentence": "The process that made this pass has ended."},
    )
    try:
        with transaction.atomic():
            return SyncRun.objects.create(integration=integration, started_at=now, beat_at=now)
    except IntegrityError:
        raise SyncUnderWay(f"A sync of {integration} is under way already.") from None
