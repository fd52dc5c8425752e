"""The schedule: what is due is done, thin tasks over the services."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.utils import timezone
from huey.contrib.djhuey import HUEY

from dashboard import tasks
from dashboard.models import Operation, SyncRun
from dashboard.models.operation import State
from providers.sandbox import Fault

from . import factories as make


@pytest.fixture
def queue(belvo: Any) -> Any:
    """Return an empty queue."""
    HUEY.flush()
    yield HUEY
    HUEY.flush()


def work_off(queue: Any) -> list[str]:
    """Do what waits, as a worker does, and return the names of the tasks."""
    done = []
    while (task := queue.dequeue()) is not None:
        done.append(task.name)
        queue.execute(task)
    return done


def test_what_is_due_each_quarter_of_a_minute_is_enqueued_for_the_next_minute(queue: Any) -> None:
    SyncRun.objects.create(integration="belvo", result="complete")

    tasks.every_minute.call_local()

    due = sorted(task.eta for task in queue.pending())
    steps = [round((later - sooner).total_seconds()) for sooner, later in pairwise(due)]
    assert steps == [15, 15, 15]


def test_an_integration_is_synced_when_its_time_has_come(queue: Any) -> None:
    assert tasks.due_integrations() == ["belvo"]
    tasks.every_minute.call_local()

    assert "sync_integration" in work_off(queue)

    assert SyncRun.objects.get().result == "complete"
    assert tasks.due_integrations() == []
    SyncRun.objects.update(started_at=timezone.now() - timedelta(seconds=901))
    assert tasks.due_integrations() == ["belvo"]


def test_a_sync_that_is_under_way_is_left_alone(queue: Any) -> None:
    SyncRun.objects.create(integration="belvo", beat_at=timezone.now())

    tasks.sync_all()
    work_off(queue)

    assert SyncRun.objects.count() == 1


def test_looking_after_operations_closes_finds_and_reads_back(queue: Any, belvo: Any) -> None:
    make.synced()
    ana = make.agent()
    belvo.faults.add(Fault("apply_then_silence", method="PUT", seconds=0))
    room = make.repaired(make.account_at(make.ASKS_FOR_NUMBER), ana)
    Operation.objects.filter(pk=room.pk).update(sealed_until=make.long_ago())
    belvo.faults.add(Fault("cut", method="PUT"))
    unknown = make.repaired(make.account_at(make.PLAIN, status="invalid"), ana)
    Operation.objects.filter(pk=unknown.pk).update(check_at=make.long_ago())

    tasks.look_after_operations()
    work_off(queue)

    assert Operation.objects.get(pk=unknown.pk).checks_made == 1
    assert Operation.objects.get(pk=room.pk).state in (State.EXPIRED, State.UNKNOWN, State.DONE)


def test_a_fresh_look_and_a_check_go_through_the_queue_with_ids_only(queue: Any, belvo: Any) -> None:
    make.synced()
    account = make.account_at(make.PLAIN, status="valid")
    belvo.world.links[account.remote_id].body["status"] = "invalid"

    tasks.look_at(str(account.pk))
    tasks.check_back(str(make.draft(account, make.agent()).pk))
    work_off(queue)

    account.refresh_from_db()
    assert account.status == "invalid"


def test_drafts_that_nobody_sent_go_with_what_was_typed(queue: Any, belvo: Any) -> None:
    make.synced()
    ana = make.agent()
    old = make.draft(make.account_at(make.PLAIN), ana, "settings")
    young = make.draft(make.account_at(make.ASKS_FOR_NUMBER), ana, "settings")
    Operation.objects.filter(pk=old.pk).update(created_at=make.long_ago(), values={"stale_in": "30d"})

    tasks.tidy_up.call_local()

    old.refresh_from_db()
    young.refresh_from_db()
    assert (old.state, old.values, old.plan) == (State.EXPIRED, {}, None)
    assert young.state == State.DRAFT
