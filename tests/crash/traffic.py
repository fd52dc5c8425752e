"""Clients that change things at a desk, several at once, and remember what they sent and what they were told."""

from __future__ import annotations

import queue
import random
import secrets
import threading
import time
from typing import Any

from dashboard.models import LinkedAccount
from providers.sandbox import Fault
from tests.journeys.desk import Desk

from .client import Client
from .sent import Cut, Kind, Sent

# A session is renewed before anybody would be asked who they are again.
SESSION_LASTS_S = 100.0
ROLES = ("agent", "approver", "admin")
# A remote's own trouble, once in so many changes: the answer is lost, and at times the request before it.
FAULT_EVERY = 40
FAULTS = ("apply_then_cut", "apply_then_cut", "apply_then_cut", "cut")
FAULTY = {"belvo": "PUT", "moneykit": "PATCH", "linkar": "PUT"}
# Forms that were opened and came to nothing, because another change holds the account: so many for each one pressed.
TRIES_EACH = 3


class Traffic:
    """`people` clients press until `ops` changes were sent; `log` is what they know."""

    def __init__(self, desk: Desk, subjects: dict[str, tuple[Kind, list[Any]]], *, ops: int, seed: int) -> None:
        self.desk = desk
        self.ops = ops
        self.log: list[Sent] = []
        self.random = random.Random(seed)  # noqa: S311 - to be repeated, not to be secret
        self.kinds = [kind for kind, _ in subjects.values()]
        self.free: dict[str, queue.SimpleQueue[Any]] = {}
        for name, (_, found) in subjects.items():
            self.free[name] = queue.SimpleQueue()
            for subject in found:
                self.free[name].put(subject)
        self._lock = threading.Lock()
        self._sessions: dict[str, str] = {}
        self._sessions_at = 0.0
        self.troubles: list[str] = []

    @property
    def pressed(self) -> int:
        return sum(line.pressed_at > 0 for line in self.log)

    def run(self, people: int) -> list[threading.Thread]:
        threads = [threading.Thread(target=self._work, name=f"client-{n}", daemon=True) for n in range(people)]
        for thread in threads:
            thread.start()
        return threads

    def renew_sessions(self) -> None:
        """Sign everybody in anew; by the thread that owns the database connection."""
        if time.monotonic() - self._sessions_at > SESSION_LASTS_S:
            self._sessions |= {role: self.desk.session_of(role) for role in ROLES}
            self._sessions_at = time.monotonic()

    def _work(self) -> None:
        client = Client(self.desk, self._sessions)
        while (begun := self._next()) is not None:
            kind, subject, line = begun
            try:
                kind.flow(client, kind, subject, line)
            except Cut:
                time.sleep(0.3)
            except Exception as fault:
                self.troubles.append(f"{line}: {fault!r}")
            finally:
                if not kind.used_up:
                    self.free[kind.name].put(subject)

    def _next(self) -> tuple[Kind, Any, Sent] | None:
        with self._lock:
            if self.pressed >= self.ops or len(self.log) >= self.ops * TRIES_EACH:
                return None
            kind, subject = self._chosen()
            # Letters and digits only: it is a password at some institutions.
            marker = f"Kx{len(self.log):05d}x{secrets.token_hex(3)}"
            line = Sent(marker, kind.name, str(subject.pk))
            if isinstance(subject, LinkedAccount):
                line.remote = (subject.integration, subject.remote_id)
            if len(self.log) % FAULT_EVERY == FAULT_EVERY - 1:
                self._trouble_a_remote()
            self.log.append(line)
            return kind, subject, line

    def _chosen(self) -> tuple[Kind, Any]:
        while True:
            kind = self.random.choices(self.kinds, [kind.weight for kind in self.kinds])[0]
            try:
                return kind, self.free[kind.name].get_nowait()
            except queue.Empty:
                time.sleep(0.01)

    def _trouble_a_remote(self) -> None:
        slug = self.random.choice(sorted(FAULTY))
        self.desk.emulator.sandboxes[slug].faults.add(Fault(self.random.choice(FAULTS), method=FAULTY[slug]))
