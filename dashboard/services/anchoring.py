"""A thread in each process that writes to the log: it anchors when an anchor is due, and once more at the end."""

from __future__ import annotations

import os
import threading
import time
from multiprocessing.util import Finalize

import structlog
from django.conf import settings
from django.db import connections, transaction

# Between two looks at what is due; the hundredth entry wakes it earlier.
TICK_S = 5.0
# How long the beginning of a process may take to compare the log with its anchors; a dead volume must not hold it up.
FIRST_LOOK_S = 10.0
# How long the end of a process may take for its last anchor, where another one has the turn.
LAST_TRIES_S = 2.0

log = structlog.get_logger(__name__)


class _Anchoring:
    """What one process has of it. A fork makes a new one: threads do not survive it."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.wake = threading.Event()
        self.has_looked = threading.Event()
        self.since_wake = 0
        # After the operations of the process (100): their entries are in it.
        Finalize(None, _anchor_at_the_end, exitpriority=50)
        threading.Thread(target=self.run, name="audit-anchors", daemon=True).start()

    def run(self) -> None:
        while True:
            try:
                if not self.has_looked.is_set():
                    _compare()
                    self.has_looked.set()
                _anchor_due()
            except Exception:
                log.exception("anchoring_broke")
            finally:
                connections.close_all()
            self.wake.wait(TICK_S)
            self.wake.clear()


_own: _Anchoring | None = None
_making = threading.Lock()


def begin() -> None:
    """Anchor in this process from now on, if there are sinks; what is left over from before is anchored at once.

    Come back once the log was compared with its anchors: nobody is to act before.
    """
    if settings.AUDIT_ANCHORS and not _of_this_process().has_looked.wait(FIRST_LOOK_S):
        log.error("anchors_not_compared_yet")


def after_append() -> None:
    """Tell the thread of an entry that is about to be committed; costs next to nothing."""
    if not settings.AUDIT_ANCHORS:
        return
    own = _of_this_process()
    own.since_wake += 1
    if own.since_wake >= settings.AUDIT_ANCHOR_ENTRIES:
        own.since_wake = 0
        transaction.on_commit(own.wake.set)


def _of_this_process() -> _Anchoring:
    global _own  # noqa: PLW0603 - one a process, made when first needed, also after a fork
    own = _own
    if own is not None and own.pid == os.getpid():
        return own
    with _making:
        if _own is None or _own.pid != os.getpid():
            _own = _Anchoring()
        return _own


def _compare() -> None:
    # Here, because the log itself stands below the anchors and calls this module.
    from . import anchors

    anchors.look_at_standing()


def _anchor_due() -> None:
    from . import anchors

    anchors.anchor_due()


def _anchor_at_the_end() -> None:
    from . import anchors

    try:
        until = time.monotonic() + LAST_TRIES_S
        while anchors.anchor_now() and time.monotonic() < until:
            time.sleep(0.1)
    except Exception:
        log.exception("last_anchor_not_written")
    finally:
        connections.close_all()
