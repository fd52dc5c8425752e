"""The threads that carry operations: bounded, alive by their beat, and waited for at the end."""

from __future__ import annotations

import os
import threading
import time
from typing import Any

import pytest

from dashboard.models import Operation
from dashboard.models.operation import State
from dashboard.services import executor, operations
from dashboard.services.results import Busy

from . import factories as make


@pytest.fixture
def ana(belvo: Any) -> Any:
    make.synced()
    return make.agent()


@pytest.fixture
def two_places(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.EXECUTOR_THREADS = 2
    monkeypatch.setattr(executor, "_crew", None)


def test_a_full_process_takes_no_more_and_says_so(two_places: None) -> None:
    go_on = threading.Event()

    assert executor.submit(lambda: go_on.wait(10) and None)
    assert executor.submit(lambda: go_on.wait(10) and None)
    assert not executor.submit(lambda: None)

    go_on.set()
    assert executor.wait_until_idle(10)
    assert executor.submit(lambda: None)
    assert executor.wait_until_idle(10)


def test_a_place_given_back_twice_counts_once(two_places: None) -> None:
    slot = executor.reserve()
    assert slot is not None
    slot.release()
    slot.release()

    held = [executor.reserve(), executor.reserve()]
    assert None not in held
    assert executor.reserve() is None


def test_a_place_that_nobody_holds_any_more_is_given_back(two_places: None) -> None:
    """A transaction that rolls back forgets what it would have sent, and tells nobody."""
    for _ in range(5):
        assert executor.reserve() is not None


def test_a_job_that_breaks_gives_its_place_back(two_places: None, caplog: Any) -> None:
    def broken() -> None:
        raise RuntimeError("ours")

    for _ in range(5):
        assert executor.submit(broken)
        assert executor.wait_until_idle(10)

    assert "operation_job_broke" in caplog.text


def test_waiting_ends_when_the_time_is_over(two_places: None) -> None:
    go_on = threading.Event()
    executor.submit(lambda: go_on.wait(10) and None)
    began = time.monotonic()

    assert not executor.wait_until_idle(0.2)

    assert time.monotonic() - began < 2
    go_on.set()
    assert executor.wait_until_idle(10)


def test_a_process_signs_its_rows_with_a_name_of_its_own(belvo: Any, ana: Any) -> None:
    belvo.slow_s = 0.5

    running = make.started(make.account_at(make.PLAIN), ana, password="slow")

    assert running.executor == executor.name()
    assert str(os.getpid()) in executor.name()
    make.settled(running)


def test_a_running_operation_beats(belvo: Any, ana: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executor, "BEAT_EVERY_S", 0.1)
    monkeypatch.setattr(executor, "_crew", None)
    belvo.slow_s = 2.0
    running = make.started(make.account_at(make.PLAIN), ana, password="slow")
    first = running.beat_at

    later = make.wait_for(
        lambda: Operation.objects.filter(pk=running.pk, beat_at__gt=first, state=State.RUNNING).first(), "no beat"
    )

    assert later.version == running.version, "a beat is no news for pages"
    assert make.settled(running).state == State.DONE


def test_one_operation_more_than_there_are_places_is_busy(belvo: Any, ana: Any, two_places: None) -> None:
    belvo.slow_s = 2.0
    accounts = [make.account_at(name) for name in ("erebor_mx_retail", "erebor_co_retail", "erebor_br_retail")]
    first, second = (make.started(account, ana, password="slow") for account in accounts[:2])
    third = make.draft(accounts[2], ana)

    result = make.start(third, ana, values={}, secrets={"password": make.Secret("abc")})

    assert isinstance(result, Busy)
    assert {make.settled(first).state, make.settled(second).state} == {State.DONE}
    assert Operation.objects.get(pk=third.pk).state == State.DRAFT


def test_a_new_process_looks_for_what_another_left(belvo: Any, ana: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    draft = make.draft(make.account_at(make.PLAIN, status="valid"), ana)
    from dashboard.services import snapshots

    Operation.objects.filter(pk=draft.pk).update(
        state=State.RUNNING,
        beat_at=make.long_ago(),
        sent_at=make.long_ago(),
        before=snapshots.to_json(draft.account.to_snapshot()),
    )

    executor.begin()

    found = make.settled(draft)
    assert found.state in (State.UNKNOWN, State.DONE)
    make.wait_for(lambda: Operation.objects.get(pk=draft.pk).checks_made or operations.check_due() < 0, "not read back")
