"""A real HTTP server on loopback that gives the answers it was told to, and remembers what it was asked."""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

import requests


@dataclass(frozen=True)
class Answer:
    """One answer. `cut` closes the connection after the request was read; `delay_s` keeps the caller waiting."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False
    delay_s: float = 0.0


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def as_json(value: Any, status: int = 200, **rest: Any) -> Answer:
    return Answer(status, json.dumps(value).encode(), **rest)


class CannedServer:
    """Give each answer once, in order, and the last one for ever after.

    What `passes` (method, path) says of is answered by the server `behind` instead.
    """

    def __init__(
        self, *answers: Answer, behind: str = "", passes: Callable[[str, str], bool] = lambda method, path: False
    ) -> None:
        self.behind, self.passes = behind, passes
        self.asked: list[Asked] = []
        self._answers = deque(answers or (Answer(404),))
        self._lock = threading.Lock()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(self))
        self._http.daemon_threads = True
        self._http.block_on_close = False
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._http.shutdown()
        self._http.server_close()

    def answer(self, *answers: Answer) -> None:
        """Forget the answers that are left, and give these from now on."""
        with self._lock:
            self._answers = deque(answers)

    def next_answer(self, asked: Asked) -> Answer:
        with self._lock:
            self.asked.append(asked)
            return self._answers.popleft() if len(self._answers) > 1 else self._answers[0]


def _fetched(behind: str, asked: Asked) -> Answer:
    """Return what the server behind answers."""
    headers = {name: value for name, value in asked.headers.items() if name not in ("host", "content-length")}
    found = requests.request(asked.method, behind + asked.path, headers=headers, data=asked.body, timeout=10)
    return Answer(found.status_code, found.content, found.headers.get("Content-Type", ""))


def _handler_of(server: CannedServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one_request(self) -> None:
            try:
                super().handle_one_request()
            except OSError:
                self.close_connection = True

        def _reply(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            asked = Asked(self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body)
            answer = _fetched(server.behind, asked) if server.passes(self.command, self.path) else None
            answer = answer or server.next_answer(asked)
            time.sleep(answer.delay_s)
            if answer.cut:
                self.close_connection = True
                return
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            if answer.body or answer.status != 204:
                self.send_header("Content-Type", answer.content_type)
                self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _reply

        def log_message(self, *args: Any) -> None:
            """Say nothing: tests look at `asked`."""

    return Handler
