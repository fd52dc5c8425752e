"""A remote that breaks in every way we know of: raw sockets, one port per fault, and a record of what arrived.

    with FaultServer() as server:
        session = ApiSession(server.url("drip_headers"), deadline_s=0.5)

Any path below the address meets the fault. A name may carry an argument: `server.url("retry_after=120")`.
`server.fails_first` makes a fault give way to a sound answer after some connections. `server.arrived` is every request
that was read, in order. The faults are the functions of `fault_connections.py`, `fault_bodies.py`, `fault_contents.py`.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count

# Imported for what they put into FAULTS.
from . import fault_bodies, fault_connections, fault_contents  # noqa: F401
from .fault_visits import FAULTS, Arrived, Visit

__all__ = ["FAULTS", "Arrived", "FaultServer", "accepts_and_is_silent", "nobody_listens"]


class FaultServer:
    """Serve faults on loopback, each on a port of its own, until the end of the `with` block.

    With a `tls` context they are served over TLS. `raw` is what the fault of that name sends before it closes.
    """

    def __init__(self, *, tls: ssl.SSLContext | None = None) -> None:
        self.stopping = threading.Event()
        self.arrived: list[Arrived] = []
        self.connections = 0
        self.raw = b""
        self._tls = tls
        self._failures_left: dict[str, Iterator[int]] = {}
        self._listeners: dict[str, socket.socket] = {}
        self._visitors: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()

    def url(self, name: str) -> str:
        """Return the base URL of a fault, without a slash at its end."""
        with self._lock:
            listener = self._listeners.get(name)
            if listener is None:
                assert name.partition("=")[0] in FAULTS, f"there is no fault {name}"
                listener = socket.create_server(("127.0.0.1", 0), backlog=64)
                self._listeners[name] = listener
                self._start(self._accept, name, listener)
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{listener.getsockname()[1]}"

    def fails_first(self, name: str, times: int) -> str:
        """Return the URL of a fault that hits the first `times` requests, one a connection; then all is well."""
        self._failures_left[name] = count(times, -1)
        return self.url(name)

    def arrived_at(self, name: str) -> list[Arrived]:
        """Return what reached one fault."""
        return [arrived for arrived in self.arrived if arrived.fault == name]

    def record(self, arrived: Arrived) -> None:
        with self._lock:
            self.arrived.append(arrived)

    def __enter__(self) -> FaultServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        with self._lock:
            sockets = [*self._listeners.values(), *self._visitors]
        for sock in sockets:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()
        for thread in self._threads:
            thread.join(5)
            assert not thread.is_alive()

    def _start(self, target: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True, name="fault")
        self._threads.append(thread)
        thread.start()

    def _accept(self, name: str, listener: socket.socket) -> None:
        while not self.stopping.is_set():
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            with self._lock:
                self.connections += 1
                self._visitors.add(sock)
                self._start(self._serve, name, sock)

    def _serve(self, name: str, sock: socket.socket) -> None:
        word, _, argument = name.partition("=")
        failures_left = self._failures_left.get(name)
        is_over = failures_left is not None and next(failures_left) <= 0
        play = FAULTS["good" if is_over else word]
        with suppress(OSError), self._secured(sock) as secured:
            visit = Visit(secured, self, word, argument)
            if failures_left is not None and not is_over:
                visit.requests_left = 1
            play(visit)
        with suppress(OSError):
            sock.close()

    @contextmanager
    def _secured(self, sock: socket.socket) -> Iterator[socket.socket]:
        if self._tls is None:
            yield sock
            return
        with self._tls.wrap_socket(sock, server_side=True) as secured:
            yield secured


@contextmanager
def nobody_listens() -> Iterator[str]:
    """Give a URL that refuses connections: the port is held, so that nobody else can take it."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{sock.getsockname()[1]}"


@contextmanager
def accepts_and_is_silent() -> Iterator[str]:
    """Give an https URL where connections are accepted by the kernel and no handshake ever begins."""
    with socket.create_server(("127.0.0.1", 0), backlog=16) as sock:
        yield f"https://127.0.0.1:{sock.getsockname()[1]}"
