"""Clients that change things at a desk, several at once, and remember what they sent and what they were told."""

from __future__ import annotations

import queue
import random
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import requests

from tests.journeys.desk import Desk

from .pages import digest_in, draft_in, inputs_in, tells_done

HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}
# A session is renewed before anybody would be asked who they are again.
SESSION_LASTS_S = 100.0
WATCH_S = 8.0
RESTARTED_WITHIN_S = 60.0


@dataclass(frozen=True)
class Kind:
    """One sort of change. `values` makes the inputs that differ, from a marker that nothing else holds."""

    name: str
    action: str
    values: Callable[[Any, str], dict[str, str]]
    weight: int = 10


@dataclass
class Sent:
    """What a client knows of one change: its marker, where it went, how far it came, what it was told."""

    marker: str
    kind: str
    subject: str
    operation: str = ""
    pressed_at: float = 0.0
    # Answers by step; a connection that broke is "cut".
    answers: list[tuple[str, str]] = field(default_factory=list)
    told_done: bool = False


class Cut(Exception):
    """The connection broke: whether the request arrived is not known."""


class Traffic:
    """`people` clients work off `ops` changes; `log` is what they know."""

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
        self._session = ""
        self._session_at = 0.0
        self.troubles: list[str] = []

    @property
    def begun(self) -> int:
        return len(self.log)

    def run(self, people: int) -> list[threading.Thread]:
        threads = [threading.Thread(target=self._work, name=f"client-{n}", daemon=True) for n in range(people)]
        for thread in threads:
            thread.start()
        return threads

    def renew_session(self) -> None:
        """Sign in anew; by the thread that owns the database connection."""
        if time.monotonic() - self._session_at > SESSION_LASTS_S:
            self._session, self._session_at = self.desk.session_of("agent"), time.monotonic()

    def _work(self) -> None:
        client = _Client(self)
        while (sent := self._next()) is not None:
            kind, subject, line = sent
            try:
                client.change(kind, subject, line)
            except Cut:
                time.sleep(0.3)
            except Exception as fault:
                self.troubles.append(f"{line}: {fault!r}")
            finally:
                self.free[kind.name].put(subject)

    def _next(self) -> tuple[Kind, Any, Sent] | None:
        with self._lock:
            if len(self.log) >= self.ops:
                return None
            while True:
                kind = self.random.choices(self.kinds, [kind.weight for kind in self.kinds])[0]
                try:
                    subject = self.free[kind.name].get_nowait()
                    break
                except queue.Empty:
                    time.sleep(0.01)
            # Letters and digits only: it is a password at some institutions.
            line = Sent(f"Kx{len(self.log):05d}x{secrets.token_hex(3)}", kind.name, str(subject.pk))
            self.log.append(line)
            return kind, subject, line

    @property
    def session(self) -> str:
        return self._session


class _Client:
    """One person at one browser."""

    def __init__(self, traffic: Traffic) -> None:
        self.traffic = traffic
        self.http = requests.Session()
        self.http.trust_env = False
        self.csrf = secrets.token_hex(16)

    def change(self, kind: Kind, subject: Any, line: Sent) -> None:
        if not kind.action:
            self._change_customer(kind, subject, line)
            return
        page = self._send(line, "open", f"/linked-accounts/{subject.pk}/operations/{kind.action}/")
        line.operation = draft_in(page.text)
        if page.status_code != 200 or not line.operation:
            return
        wanted = {f"field-{name}": value for name, value in kind.values(subject, line.marker).items()}
        data = [(name, value) for name, value in inputs_in(page.text) if name not in wanted] + list(wanted.items())
        plan = self._send(line, "preview", f"/operations/{line.operation}/preview/", data)
        line.pressed_at = time.time()
        data.append(("digest", digest_in(plan.text)))
        pressed = self._send(line, "apply", f"/operations/{line.operation}/apply/", data)
        if pressed.status_code == 200:
            self._watch(line, pressed.text)

    def _change_customer(self, kind: Kind, subject: Any, line: Sent) -> None:
        line.pressed_at = time.time()
        answer = self._send(
            line, "edit", f"/customers/{subject.pk}/edit/", list(kind.values(subject, line.marker).items())
        )
        line.told_done = answer.status_code == 302

    def _watch(self, line: Sent, html: str) -> None:
        """Look at the panel as the page does, until it tells the end."""
        until = time.monotonic() + WATCH_S
        while not tells_done(html) and time.monotonic() < until:
            time.sleep(0.1)
            html = self._send(line, "status", f"/operations/{line.operation}/status/", method="GET").text
        line.told_done = tells_done(html)

    def _send(self, line: Sent, step: str, path: str, data: Any = None, *, method: str = "POST") -> requests.Response:
        cookies = {"sessionid": self.traffic.session, "csrftoken": self.csrf}
        headers = {"X-CSRFToken": self.csrf, **({} if step == "edit" else HTMX)}
        address, until = self.traffic.desk.address(path), time.monotonic() + RESTARTED_WITHIN_S
        while True:
            try:
                answer = self.http.request(
                    method, address, data=data, headers=headers, cookies=cookies, timeout=30, allow_redirects=False
                )
                break
            except requests.RequestException as fault:
                # Nobody listens: it was not sent, and is tried again. Everything else may have arrived.
                if "refused" in str(fault) and time.monotonic() < until:
                    time.sleep(0.2)
                    continue
                line.answers.append((step, "cut"))
                raise Cut from None
        if step != "status":
            line.answers.append((step, str(answer.status_code)))
        return answer
