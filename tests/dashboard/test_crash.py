"""A process killed in the middle of a send: nothing is lost, nothing is sent twice, and nothing is pretended."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from dashboard.models import ApiCall, AuditEntry, Operation
from dashboard.models.operation import State
from dashboard.services import operations
from dashboard.services.audit import verify
from providers.sandbox import Fault
from tests import databases, emulator

from . import factories as make

pytestmark = pytest.mark.processes
ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def web_process(remote: emulator.Emulator, draft: Operation, password: str, *more: str) -> Iterator[Any]:
    """Run a process of its own that starts `draft`; what is left of it is killed at the end."""
    command = [sys.executable, "-m", "tests.dashboard.crash_child", str(draft.pk), password, *more]
    with process(remote, command) as child:
        yield child


@contextmanager
def process(remote: emulator.Emulator, command: list[str]) -> Iterator[Any]:
    environment = {**os.environ, **remote.environment, "DATABASE_URL": databases.database_url(databases.current())}
    child = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        yield child
    finally:
        child.kill()
        child.wait(10)


def puts(remote: emulator.Emulator) -> int:
    """Return how many PUTs came in, once the remote is through with all of them."""
    remote.belvo.clock.advance(600)
    time.sleep(0.5)
    return sum(request["count"] for request in remote.belvo.requests() if request["method"] == "PUT")


def killed_in_the_middle(remote: emulator.Emulator, account: Any, ana: Any, fault: Fault) -> Operation:
    """Kill a process with SIGKILL while the remote has its PUT in hand; return the operation that it left."""
    draft = make.draft(account, ana)
    remote.belvo.faults.add(fault)
    with web_process(remote, draft, "abc-abc-1") as child:
        make.wait_for(lambda: not remote.belvo.faults.waiting(), "no PUT arrived", within_s=30)
        child.send_signal(signal.SIGKILL)
        child.wait(10)
    draft.refresh_from_db()
    assert draft.state == State.RUNNING
    return draft


def after_half_a_minute(operation: Operation) -> Operation:
    """Do what the worker does once the last beat is old enough."""
    with time_machine.travel(timezone.now() + timedelta(seconds=31), tick=False):
        assert operations.find_orphans() == 1
        assert Operation.objects.get(pk=operation.pk).state == State.UNKNOWN
        operations.check_due()
    return Operation.objects.select_related("account").get(pk=operation.pk)


@pytest.fixture
def ana(remote: emulator.Emulator) -> Any:
    make.synced()
    return make.agent()


def test_killed_after_the_remote_applied_it_is_done_on_the_evidence(remote: emulator.Emulator, ana: Any) -> None:
    account = make.account_at(make.PLAIN, status="invalid")
    orphan = killed_in_the_middle(remote, account, ana, Fault("apply_then_silence", method="PUT", seconds=300))

    assert operations.find_orphans() == 0, "its beat is not old enough yet"
    settled = after_half_a_minute(orphan)

    assert settled.state == State.DONE
    assert settled.receipt["verdict"] == "verified_healthy"
    assert len(remote.belvo.effects()) == puts(remote) == 1
    results = AuditEntry.objects.filter(operation_id=str(orphan.pk)).order_by("seq").values_list("kind", "result")
    assert list(results) == [("intent", ""), ("outcome", "unknown"), ("outcome", "ok")]
    assert verify().ok


def test_killed_before_the_remote_did_anything_is_not_verifiable(remote: emulator.Emulator, ana: Any) -> None:
    account = make.account_at(make.PLAIN, status="invalid")
    orphan = killed_in_the_middle(remote, account, ana, Fault("silence", method="PUT", seconds=300))

    unsettled = after_half_a_minute(orphan)
    with time_machine.travel(timezone.now() + timedelta(seconds=400), tick=False):
        operations.check_due()
    closed = Operation.objects.get(pk=orphan.pk)

    assert unsettled.state == State.UNKNOWN
    assert unsettled.closed_at is None
    assert closed.state == State.UNKNOWN
    assert closed.receipt["verdict"] == "not_verifiable"
    assert closed.outcome["next_step"]
    assert remote.belvo.effects() == []
    assert puts(remote) == 1
    assert operations.current_of(account) is None


def test_killed_while_a_slow_institution_works_is_found_when_it_is_through(remote: emulator.Emulator, ana: Any) -> None:
    account = make.account_at(make.PLAIN, status="invalid")
    orphan = killed_in_the_middle(remote, account, ana, Fault("slow", method="PUT", seconds=300))
    unsettled = after_half_a_minute(orphan)
    assert unsettled.state == State.UNKNOWN
    assert remote.belvo.effects() == []

    assert puts(remote) == 1
    with time_machine.travel(timezone.now() + timedelta(seconds=62), tick=False):
        settled = operations.check_back(orphan.pk)

    assert settled.state == State.DONE
    assert len(remote.belvo.effects()) == 1


def test_after_the_crash_the_same_draft_cannot_be_sent_again(remote: emulator.Emulator, ana: Any) -> None:
    account = make.account_at(make.PLAIN, status="invalid")
    orphan = killed_in_the_middle(remote, account, ana, Fault("silence", method="PUT", seconds=300))

    with web_process(remote, orphan, "abc-abc-3") as again:
        assert again.stdout.readline().strip() == "AlreadySent"

    assert puts(remote) == 1
    assert not ApiCall.objects.filter(method="PUT").exists(), "the killed process had no time to write it"


def test_a_process_that_ends_waits_for_what_it_carries(remote: emulator.Emulator, ana: Any) -> None:
    remote.belvo.slow_s = 2.0
    draft = make.draft(make.account_at(make.PLAIN, status="invalid"), ana)

    with web_process(remote, draft, "slow", "--leave") as child:
        assert child.wait(30) == 0

    done = Operation.objects.get(pk=draft.pk)
    assert done.state == State.DONE
    assert done.receipt["verdict"] == "verified_healthy"


@pytest.mark.parametrize("begins", ["web", "worker"])
def test_a_process_that_begins_reads_back_every_unknown_at_once(
    remote: emulator.Emulator, ana: Any, begins: str
) -> None:
    """Whoever was to look may be gone, with the look already counted as made."""
    account = make.account_at(make.PLAIN, status="invalid")
    orphan = killed_in_the_middle(remote, account, ana, Fault("silence", method="PUT", seconds=300))
    unknown = after_half_a_minute(orphan)
    assert unknown.check_at is not None and unknown.check_at > timezone.now() + timedelta(seconds=60)
    looks = ApiCall.objects.filter(operation_id=unknown.pk, method="GET")
    before = looks.count()

    with process(remote, beginning(begins)):
        make.wait_for(lambda: looks.count() > before, "nobody looked", within_s=30)


def beginning(name: str) -> list[str]:
    if name == "worker":
        return [sys.executable, "manage.py", "run_huey", "--quiet"]
    web = ["--interface", "wsgi", "--port", str(free_port()), "--workers", "1", "dashboard.wsgi:application"]
    return [sys.executable, "-m", "granian", *web]


def test_granian_waits_for_what_its_worker_carries(remote: emulator.Emulator, ana: Any) -> None:
    remote.belvo.slow_s = 2.0
    draft = make.draft(make.account_at(make.PLAIN, status="invalid"), ana)
    port = free_port()
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--port", str(port), "--workers", "1"]

    with process(remote, [*command, "tests.dashboard.crash_child:application"]) as granian:
        make.wait_for(lambda: answer_of(port, "") == "ready", "granian never came up", within_s=30)
        assert answer_of(port, f"{draft.pk}/slow") == "Started"
        granian.terminate()
        granian.wait(20)

    done = Operation.objects.get(pk=draft.pk)
    assert done.state == State.DONE
    assert len(remote.belvo.effects()) == 1


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def answer_of(port: int, path: str) -> str:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}", timeout=10) as answer:
            return str(answer.read().decode())
    except OSError:
        return ""
