"""Every background task and schedule; each calls one service."""

from __future__ import annotations

from datetime import timedelta

import structlog
from django.utils import timezone
from huey import crontab
from huey.contrib.djhuey import db_periodic_task, db_task, on_startup

from .models import SyncRun
from .registry import integrations
from .services import (
    anchoring,
    approvals,
    audit_check,
    audit_exports,
    audit_review_walk,
    audit_segments,
    call_log,
    drafts,
    executor,
    look,
    operations,
    sync,
    tries,
)

# The scheduler thinks in minutes; what is due more often is enqueued with delays within the minute.
LOOK_EVERY_S = 15

log = structlog.get_logger(__name__)


@db_periodic_task(crontab(minute="*"))  # type: ignore[untyped-decorator]
def every_minute() -> None:
    """Enqueue what is due within the next minute."""
    for delay_s in range(0, 60, LOOK_EVERY_S):
        look_after_operations.schedule(delay=delay_s)
    for name in due_integrations():
        sync_integration(name)
    approvals.look_after()
    if audit_exports.look_after():
        make_exports()


@db_periodic_task(crontab(minute="*"))  # type: ignore[untyped-decorator]
def choose_for_review() -> None:
    """Put what was written since the last time, and is worth a second look, before the reviewers."""
    audit_review_walk.walk()


@db_periodic_task(crontab(minute="7"))  # type: ignore[untyped-decorator]
def tidy_up() -> None:
    drafts.expire_drafts()
    tries.forget_old()
    audit_exports.remove_old()


@on_startup()  # type: ignore[untyped-decorator]
def begin_anchoring() -> None:
    anchoring.begin()


@on_startup()  # type: ignore[untyped-decorator]
def begin_looking_back() -> None:
    """What a worker before this one was killed with is read back at once; its own look may be counted already."""
    executor.begin()


@db_periodic_task(crontab(minute="*/10"))  # type: ignore[untyped-decorator]
def verify_new_entries() -> None:
    audit_check.check_new()


@db_periodic_task(crontab(hour="2", minute="35"))  # type: ignore[untyped-decorator]
def prune_calls() -> None:
    call_log.prune()


@db_periodic_task(crontab(hour="3", minute="5"))  # type: ignore[untyped-decorator]
def verify_audit_log() -> None:
    audit_check.check_all()


@db_periodic_task(crontab(minute="17"))  # type: ignore[untyped-decorator]
def close_audit_segments() -> None:
    audit_segments.close_due()


@db_task()  # type: ignore[untyped-decorator]
def look_after_operations() -> None:
    """Close rooms whose time is over, find operations without a process, and read back what is due."""
    for work in (operations.expire_rooms, operations.find_orphans, operations.check_due):
        try:
            work()
        except Exception:
            # Each of them for itself: a room that cannot be closed now keeps no unknown from being read back.
            log.exception("operations_not_looked_after", work=work.__name__)


@db_task()  # type: ignore[untyped-decorator]
def make_exports() -> None:
    """Make every export that waits, one after the other."""
    while audit_exports.make_next():
        pass


@db_task()  # type: ignore[untyped-decorator]
def check_back(operation_id: str) -> None:
    operations.check_back(operation_id)


@db_task()  # type: ignore[untyped-decorator]
def look_at(account_id: str) -> None:
    look.look_at(account_id)


@db_task()  # type: ignore[untyped-decorator]
def sync_integration(name: str) -> None:
    try:
        sync.run(name)
    except sync.SyncUnderWay:
        log.info("sync_under_way", integration=name)


@db_task()  # type: ignore[untyped-decorator]
def sync_all() -> None:
    """Sync every integration, whenever it was synced last."""
    for name in integrations():
        sync_integration(name)


def due_integrations() -> list[str]:
    """Return the integrations whose last pass began longer ago than their provider wants."""
    now = timezone.now()
    due = []
    for name, found in integrations().items():
        since = now - timedelta(seconds=found.provider.sync_every_s)
        if not SyncRun.objects.filter(integration=name, started_at__gt=since).exists():
            due.append(name)
    return due
