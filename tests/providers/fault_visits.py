"""One connection to a broken remote: what a fault can do with it, and the list of faults."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

DRIP_S = 0.05
HTML = b"<html><body><h1>It works</h1></body></html>"
GOOD = {"id": "a-1", "status": "valid"}


@dataclass(frozen=True)
class Arrived:
    """One request as it came over the wire. `is_whole` is False if its body was shorter than announced."""

    fault: str
    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    is_whole: bool = True


class Host(Protocol):
    """What a fault may ask of the server it runs in."""

    stopping: threading.Event
    raw: bytes

    def url(self, name: str) -> str: ...

    def record(self, arrived: Arrived) -> None: ...


@dataclass
class Visit:
    """One connection to a fault: what a fault may do with it."""

    sock: socket.socket
    server: Host
    fault: str
    argument: str
    requests_left: int = 1_000_000
    _buffer: bytes = field(default=b"", repr=False)

    def request(self) -> Arrived | None:
        """Read one request and record it; None if the client went away, or if this visit has had its share."""
        self.requests_left -= 1
        if self.requests_left < 0:
            return None
        while b"\r\n\r\n" not in self._buffer:
            if not self._more():
                return None
        head, _, rest = self._buffer.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = int(headers.get("content-length", "0"))
        self._buffer = rest
        while len(self._buffer) < length and self._more():
            pass
        body, self._buffer = self._buffer[:length], self._buffer[length:]
        method, path, _ = first.split(" ", 2)
        arrived = Arrived(self.fault, method, path, headers, body, is_whole=len(body) == length)
        self.server.record(arrived)
        return arrived

    def _more(self) -> bool:
        try:
            received = self.sock.recv(65_536)
        except OSError:
            return False
        self._buffer += received
        return bool(received)

    def send(self, raw: bytes) -> None:
        self.sock.sendall(raw)

    def drip(self, raw: bytes) -> None:
        """Send byte by byte, far more often than any timeout between two bytes would notice."""
        for byte in raw:
            self.send(bytes([byte]))
            self.pause(DRIP_S)

    def pause(self, seconds: float) -> None:
        if self.server.stopping.wait(seconds):
            raise ConnectionAbortedError

    def reset(self) -> None:
        """End the connection with RST instead of FIN."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def answer(
        self, body: bytes, *, status: str = "200 OK", content_type: str = "application/json", **headers: str
    ) -> None:
        self.send(head(body, status=status, content_type=content_type, **headers) + body)


def head(body: bytes, *, status: str = "200 OK", content_type: str = "application/json", **headers: str) -> bytes:
    """Return the head of an answer; header names are written with underscores."""
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {content_type}", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
UNTIL_CLOSED = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"

FAULTS: dict[str, Callable[[Visit], None]] = {}


def fault(play: Callable[[Visit], None]) -> Callable[[Visit], None]:
    FAULTS[play.__name__] = play
    return play


def after_request(play: Callable[[Visit], None]) -> Callable[[Visit], None]:
    """Register a fault that happens once the request was read."""

    def read_and_play(visit: Visit) -> None:
        if visit.request() is not None:
            play(visit)

    FAULTS[play.__name__] = read_and_play
    return play
