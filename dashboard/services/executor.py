"""Bounded threads of this process for operations: secrets stay in a job's arguments, and a beat shows it is alive."""

from __future__ import annotations

import os
import secrets
import socket
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from multiprocessing.util import Finalize
from typing import Any

import structlog
from django.conf import settings
from django.db import connections
from django.utils import timezone

from ..models import Operation
from ..models.operation import State

BEAT_EVERY_S = 5.0
ORPHAN_AFTER = timedelta(seconds=30)
WAIT_AT_EXIT_S = 10.0

log = structlog.get_logger(__name__)


class _Crew:
    """The jobs of one process. A fork makes a new one: threads do not survive it."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.name = f"{socket.gethostname()}:{self.pid}:{secrets.token_hex(4)}"[:80]
        self.slots = threading.BoundedSemaphore(settings.EXECUTOR_THREADS)
        self.lock = threading.Lock()
        self.idle = threading.Condition(self.lock)
        self.running: set[Any] = set()
        self.jobs = 0
        self.beating = False
        self.looks_back = False
        # Not atexit: a worker that a server has forked ends without it, but runs these.
        Finalize(None, wait_until_idle, exitpriority=100)


_crew: _Crew | None = None
_making = threading.Lock()


class Slot:
    """One reserved place. Give it back with `release()`, or use it with `run()`, which gives it back at the end."""

    def __init__(self, crew: _Crew) -> None:
        self._crew = crew
        self._used = False

    def __del__(self) -> None:
        # Reserved in a transaction that was rolled back: nobody is told of that.
        self.release()

    def release(self) -> None:
        if not self._used:
            self._used = True
            self._crew.slots.release()

    def run(self, job: Callable[[], None], *, operation_id: Any = None) -> None:
        """Do `job` in a thread of its own; while it runs, the operation's row beats."""
        crew = self._crew
        thread = threading.Thread(target=self._work, args=(job, operation_id), name="operation", daemon=True)
        with crew.lock:
            crew.jobs += 1
            if operation_id is not None:
                crew.running.add(operation_id)
            begin_beating = not crew.beating
            crew.beating = True
        if begin_beating:
            threading.Thread(target=_beat_for_ever, args=(crew,), name="operation-beats", daemon=True).start()
        try:
            thread.start()
        except RuntimeError:
            self._done(operation_id)
            raise

    def _work(self, job: Callable[[], None], operation_id: Any) -> None:
        try:
            job()
        except Exception:
            # What the job left undone is found by its missing beat.
            log.exception("operation_job_broke", operation=str(operation_id))
        finally:
            connections.close_all()
            self._done(operation_id)

    def _done(self, operation_id: Any) -> None:
        crew = self._crew
        with crew.lock:
            crew.running.discard(operation_id)
            crew.jobs -= 1
            crew.idle.notify_all()
        self.release()


def reserve() -> Slot | None:
    """Reserve a place, or return None when this process carries as many operations as it may."""
    crew = _own_crew()
    return Slot(crew) if crew.slots.acquire(blocking=False) else None


def submit(job: Callable[[], None]) -> bool:
    """Do `job` in a thread; return False, with nothing done, when all places are taken."""
    slot = reserve()
    if slot is None:
        return False
    slot.run(job)
    return True


def name() -> str:
    """Return the name under which this process signs the rows that it carries."""
    return _own_crew().name


def begin() -> None:
    """Look for what a process before us left behind: now, and again when its last beat is old enough to tell."""
    crew = _own_crew()
    with crew.lock:
        if crew.looks_back:
            return
        crew.looks_back = True
    threading.Thread(target=_look_back, name="operation-orphans", daemon=True).start()


def wait_until_idle(timeout_s: float = WAIT_AT_EXIT_S) -> bool:
    """Wait for the jobs of this process; return False if some are still at work after `timeout_s`."""
    crew = _crew
    if crew is None or crew.pid != os.getpid():
        return True
    with crew.idle:
        return crew.idle.wait_for(lambda: crew.jobs == 0, timeout=timeout_s)


def _own_crew() -> _Crew:
    global _crew  # noqa: PLW0603 - one crew a process, made when first needed, also after a fork
    with _making:
        if _crew is None or _crew.pid != os.getpid():
            _crew = _Crew()
        return _crew


def _beat_for_ever(crew: _Crew) -> None:
    while True:
        time.sleep(BEAT_EVERY_S)
        with crew.lock:
            running = list(crew.running)
        if not running:
            continue
        try:
            rows = Operation.objects.filter(pk__in=running, state=State.RUNNING, executor=crew.name)
            rows.update(beat_at=timezone.now())
        except Exception:
            log.exception("operation_beat_missed")
        finally:
            connections.close_all()


def _look_back() -> None:
    # Here, because operations stand on this module.
    from .reading_back import check_due, find_orphans

    for wait_s, is_first in ((0.0, True), (ORPHAN_AFTER.total_seconds() + BEAT_EVERY_S, False)):
        time.sleep(wait_s)
        try:
            find_orphans()
            check_due(every_unknown=is_first)
        except Exception:
            log.exception("orphans_not_looked_for")
        finally:
            connections.close_all()
