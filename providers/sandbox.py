"""What the emulators of remotes share: a clock that can be moved, faults, a log of effects, and how they are mounted.

An emulator is a remote as far as anybody can tell: stateful, over real HTTP. What a test or the demo needs beside that (moving
the clock, faults, the log of effects, acting as the customer) is the control plane's, below `/_control/`, outside every
provider's paths. Product code knows neither.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import pkgutil
import threading
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta, timezone
from http import HTTPStatus
from importlib import import_module
from typing import Any, ClassVar
from urllib.parse import parse_qsl

import providers

from .sandbox_faults import Fault, FaultQueue
from .sandbox_server import Server, WsgiApplication, serve

__all__ = ["Clock", "ControlPlane", "Effect", "Fault", "Request", "Response", "Sandbox", "Server", "application"]
__all__ += ["find_sandboxes", "json_response", "serve"]

logger = logging.getLogger(__name__)


class Clock:
    """The time inside an emulator: the machine's, plus what a test has added."""

    def __init__(self) -> None:
        self._offset_s = 0.0
        self._moved = threading.Condition()

    def now(self) -> datetime:
        return datetime.now(timezone.utc) + timedelta(seconds=self._offset_s)

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


class ControlPlane:
    """`/_control/<slug>/<action>`: JSON over HTTP for tests and the demo.

    GET `clock effects requests settings faults`; POST `clock {"advance_s"}`, `faults {"kind", "method", "path", "times", …}`,
    `settings {…}`, `fingerprint {"value"}`, `reset {}`, and what the emulator adds (Belvo: `finish`, `approve`).
    """

    def __init__(self, sandboxes: Mapping[str, Sandbox]) -> None:
        self._sandboxes = sandboxes

    def answer(self, request: Request) -> Response:
        slug, _, action = request.path.strip("/").partition("/")
        sandbox = self._sandboxes.get(slug)
        if not slug:
            return json_response(200, {"sandboxes": sorted(self._sandboxes)})
        if sandbox is None:
            return json_response(404, {"error": f"There is no emulator “{slug}”."})
        if request.method == "GET":
            found = self._read(sandbox, action)
        else:
            try:
                body = json.loads(request.body or b"{}")
                found = self._write(sandbox, action, body) if isinstance(body, dict) else None
            except (ValueError, TypeError, KeyError) as error:
                return json_response(400, {"error": str(error)})
        if found is None:
            return json_response(404, {"error": f"The control plane of {slug} knows no {request.method} {action}."})
        return json_response(200, found)

    def _read(self, sandbox: Sandbox, action: str) -> object | None:
        match action:
            case "clock":
                return {"now": sandbox.clock.now().isoformat()}
            case "effects":
                return {"effects": sandbox.effects()}
            case "requests":
                return {"requests": sandbox.requests()}
            case "settings":
                return sandbox.settings()
            case "faults":
                return {"waiting": sandbox.faults.waiting()}
            case _:
                return None

    def _write(self, sandbox: Sandbox, action: str, body: Mapping[str, Any]) -> object | None:
        match action:
            case "clock":
                sandbox.clock.advance(float(body["advance_s"]))
            case "faults":
                sandbox.faults.add(Fault(**body))
                return {"waiting": sandbox.faults.waiting()}
            case "settings":
                _change_settings(sandbox, body)
                return sandbox.settings()
            case "fingerprint":
                return {"fingerprint": sandbox.fingerprint(str(body["value"]))}
            case "reset":
                sandbox.reset()
            case _:
                return sandbox.control(action, body)
        return {"now": sandbox.clock.now().isoformat()}


def application(sandboxes: Mapping[str, Sandbox]) -> WsgiApplication:
    """Return a WSGI application: each emulator below `/<slug>/`, the control plane below `/_control/`."""
    control = ControlPlane(sandboxes)

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        request = _request_of(environ)
        mount, _, rest = request.path.lstrip("/").partition("/")
        below = replace(request, path="/" + rest, root_url=f"{request.root_url}/{mount}")
        if mount == "_control":
            response = control.answer(below)
        elif mount in sandboxes:
            response = sandboxes[mount].handle(below)
        else:
            response = json_response(404, {"mounted": [f"/{slug}/" for slug in sorted(sandboxes)]})
        if response.cut:
            environ.get("sandbox.cut", lambda: None)()
        reason = HTTPStatus(response.status).phrase if response.status in set(HTTPStatus) else "Unknown"
        headers = [("Content-Type", response.content_type)] if response.body else []
        start_response(f"{response.status or 502} {reason}", headers + list(response.headers))
        return [response.body]

    return app


def find_sandboxes() -> dict[str, type[Sandbox]]:
    """Return the emulator of every provider folder that has one: `providers.<slug>.sandbox.sandbox_class`."""
    found: dict[str, type[Sandbox]] = {}
    for folder in pkgutil.iter_modules(providers.__path__):
        if not folder.ispkg:
            continue
        try:
            module = import_module(f"providers.{folder.name}.sandbox")
        except ModuleNotFoundError as error:
            if error.name != f"providers.{folder.name}.sandbox":
                raise
            continue
        found[folder.name] = module.sandbox_class
    return found


def _request_of(environ: Mapping[str, Any]) -> Request:
    headers = {
        key.removeprefix("HTTP_").replace("_", "-").lower(): str(value)
        for key, value in environ.items()
        if key.startswith("HTTP_") or key in ("CONTENT_TYPE", "CONTENT_LENGTH")
    }
    host = environ.get("HTTP_HOST") or f"{environ['SERVER_NAME']}:{environ['SERVER_PORT']}"
    return Request(
        method=environ["REQUEST_METHOD"],
        path=environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace"),
        query=dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True)),
        headers=headers,
        body=environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)),
        remote_address=environ.get("REMOTE_ADDR", ""),
        root_url=f"{environ['wsgi.url_scheme']}://{host}",
    )


def _change_settings(sandbox: Sandbox, wanted: Mapping[str, Any]) -> None:
    unknown = set(wanted) - set(sandbox.settings())
    if unknown:
        raise ValueError(f"There is no setting {', '.join(sorted(unknown))}.")
    for name, value in wanted.items():
        setattr(sandbox, name, value)
