"""One emulated remote: its clock, the log of its effects, its faults; what it sees and what it answers."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import threading
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from .sandbox_faults import Fault, FaultQueue

logger = logging.getLogger(__name__)


class Clock:
    """The time inside an emulator: the machine's, plus what a test has added."""

    def __init__(self) -> None:
        self._offset_s = 0.0
        self._moved = threading.Condition()

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self._offset_s)

    def advance(self, seconds: float) -> None:
        with self._moved:
            self._offset_s += seconds
            self._moved.notify_all()

    def wait(self, seconds: float) -> None:
        """Wait until this clock shows `seconds` more; advancing it shortens the wait."""
        until = self.now() + timedelta(seconds=seconds)
        with self._moved:
            while (left_s := (until - self.now()).total_seconds()) > 0:
                self._moved.wait(timeout=left_s)

    def reset(self) -> None:
        self._offset_s = 0.0


@dataclass(frozen=True, slots=True)
class Request:
    """One request as an emulator sees it. `path` begins with "/" below the mount; header names are lower-case.

    `root_url` is the absolute address of the mount, for the links an answer carries.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    remote_address: str
    root_url: str


@dataclass(frozen=True, slots=True)
class Response:
    """One answer; with `cut` the connection is closed instead of answering."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    cut: bool = False


def json_response(status: int, value: object) -> Response:
    return Response(status, json.dumps(value, ensure_ascii=False).encode())


@dataclass(frozen=True, slots=True)
class Effect:
    """One write that took effect. `changes` holds no secret value; `secrets` names each with its keyed hash."""

    number: int
    at: str
    method: str
    path: str
    subject: str
    what: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)


class Sandbox(ABC):
    """One emulated remote. Subclasses answer requests; faults, counting and the log of effects are here."""

    slug: ClassVar[str]
    # Paths at the root of the host that are this remote's too: pages that a browser knows by their origin alone.
    root_paths: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, *, seed: int = 1) -> None:
        self.seed = seed
        self.clock = Clock()
        self.faults = FaultQueue()
        self.lock = threading.RLock()
        self.delay_s = 0.0
        self._effects: list[Effect] = []
        self._requests: Counter[tuple[str, str, int]] = Counter()

    @abstractmethod
    def answer(self, request: Request) -> Response:
        """Answer one request. Called by many threads at once."""

    @abstractmethod
    def build_world(self) -> None:
        """Make the data anew, the same for the same seed, with dates relative to the clock."""

    @abstractmethod
    def environment(self, url: str) -> dict[str, str]:
        """Return the settings that point an integration named as the slug at this emulator, mounted at `url`."""

    def control(self, action: str, body: Mapping[str, Any]) -> object | None:
        """Do what only this emulator's control plane knows; None if it knows no such action."""
        return None

    def settings(self) -> dict[str, Any]:
        """Return what the control plane may change, by attribute name."""
        return {"delay_s": self.delay_s}

    def handle(self, request: Request) -> Response:
        """Answer a request, through the faults that wait for it."""
        if self.delay_s:
            time.sleep(self.delay_s)
        fault = self.faults.take(request.method, request.path)
        response = self._answer_with(fault, request) if fault else self._answer_safely(request)
        with self.lock:
            self._requests[(request.method, request.path, 0 if response.cut else response.status)] += 1
        return response

    def record_effect(
        self,
        request: Request,
        subject: str,
        what: str,
        *,
        changes: Mapping[str, Any] | None = None,
        secrets: Mapping[str, object] | None = None,
    ) -> None:
        hashes = {name: self.fingerprint(str(value)) for name, value in (secrets or {}).items()}
        with self.lock:
            number = len(self._effects) + 1
            at = self.clock.now().isoformat()
            self._effects.append(
                Effect(number, at, request.method, request.path, subject, what, dict(changes or {}), hashes)
            )

    def fingerprint(self, value: str) -> str:
        """Return the keyed hash under which the log of effects shows a secret."""
        return hmac.new(f"{self.slug}:{self.seed}".encode(), value.encode(), hashlib.sha256).hexdigest()[:24]

    def effects(self) -> list[dict[str, Any]]:
        with self.lock:
            return [asdict(effect) for effect in self._effects]

    def requests(self) -> list[dict[str, Any]]:
        """Return how often each method and path was asked, by status; status 0 is a connection cut."""
        with self.lock:
            return [
                {"method": method, "path": path, "status": status, "count": count}
                for (method, path, status), count in sorted(self._requests.items())
            ]

    def reset(self) -> None:
        """Begin anew: world, clock, faults, effects and counts."""
        with self.lock:
            self.clock.reset()
            self.faults.clear()
            self.delay_s = 0.0
            self._effects.clear()
            self._requests.clear()
            self.build_world()

    def _answer_with(self, fault: Fault, request: Request) -> Response:
        match fault.kind:
            case "answer":
                return Response(fault.status, fault.body.encode(), fault.content_type, tuple(fault.headers.items()))
            case "slow":
                self.clock.wait(fault.seconds)
                return self._answer_safely(request)
            case "silence":
                self.clock.wait(fault.seconds)
            case "apply_then_cut":
                self._answer_safely(request)
            case "apply_then_silence":
                self._answer_safely(request)
                self.clock.wait(fault.seconds)
        return Response(0, cut=True)

    def _answer_safely(self, request: Request) -> Response:
        try:
            return self.answer(request)
        except Exception:
            logger.exception("The emulator of %s broke on %s %s", self.slug, request.method, request.path)
            return Response(500, b"The emulator broke; see its log.", "text/plain")
