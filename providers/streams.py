"""What comes over one connection: read within a wall-clock deadline and a byte cap, and taken only if it is whole.

`requests`' own timeout starts anew with each received byte, and `http.client` takes the end of a connection for the end
of the headers. Here every read asks the attempt how much time is left, and every line must have its end.
"""

from __future__ import annotations

import http.client
import io
import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from urllib3.exceptions import HeaderParsingError
from urllib3.util.response import assert_header_parsing

MAX_HEAD_BYTES = 262_144


class TooMuch(Exception):
    """The remote sent more than we take."""


class BadFraming(Exception):
    """The body is cut into pieces that make no sense (a chunk of a negative size)."""


@dataclass(slots=True)
class Attempt:
    """What one attempt may use and how far it came. `failure` is the first reason seen, in the words of `NoReply`."""

    deadline_at: float
    connect_timeout_s: float
    max_body_bytes: int
    is_connected: bool = False
    has_written: bool = False
    has_head: bool = False
    has_excess: bool = False
    received_bytes: int = 0
    failure: str = ""

    def fail(self, reason: str) -> None:
        self.failure = self.failure or reason

    def left_s(self) -> float:
        """Return the seconds that are left; past the deadline this is a timeout."""
        left_s = self.deadline_at - time.monotonic()
        if left_s <= 0:
            self.fail("timeout")
            raise TimeoutError("the deadline has passed")
        return left_s

    def count(self, received_bytes: int) -> None:
        """Count what came over the wire; tiny chunks may double a body, not more."""
        self.received_bytes += received_bytes
        allowed = MAX_HEAD_BYTES + (2 * self.max_body_bytes if self.has_head else 0)
        if self.received_bytes > allowed:
            self.fail("too_large" if self.has_head else "bad_answer")
            raise TooMuch


class _Bytes(io.RawIOBase):
    """The socket's bytes, each read with no more time than the attempt has left."""

    def __init__(self, sock: socket.socket, attempt: Attempt) -> None:
        super().__init__()
        self._sock = sock
        self._attempt = attempt
        self._inner = sock.makefile("rb", buffering=0)
        self.waits = True

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if not self.waits:
            return self._read_what_is_there(buffer)
        self._sock.settimeout(self._attempt.left_s())
        try:
            received = self._inner.readinto(buffer)
        except TimeoutError:
            self._attempt.fail("timeout")
            raise
        self._attempt.count(received or 0)
        return received

    def _read_what_is_there(self, buffer: Any) -> int | None:
        self._sock.settimeout(0)
        try:
            return self._inner.readinto(buffer)
        except OSError:
            return None

    def close(self) -> None:
        self._inner.close()
        super().close()


class _Stream(io.BufferedReader):
    """Lines that must end, and a look behind the end of the body for what should not be there."""

    def __init__(self, raw: _Bytes, attempt: Attempt) -> None:
        super().__init__(raw, 16_384)
        self._bytes = raw
        self._attempt = attempt

    def readline(self, size: int | None = -1, /) -> bytes:
        line = super().readline(-1 if size is None else size)
        if not line.endswith(b"\n") and (size is None or size < 0 or len(line) < size):
            self._attempt.fail("cut")
            raise http.client.IncompleteRead(line)
        return line

    def close(self) -> None:
        """Close, and note if bytes follow: after a body read to its announced end, they belie its length."""
        if not self.closed:
            self._bytes.waits = False
            with suppress(OSError, ValueError):
                self._attempt.has_excess = bool(self.peek(1))
        super().close()


class _Sock:
    """What `http.client` wants of a socket: something to make a file of."""

    def __init__(self, sock: socket.socket, attempt: Attempt) -> None:
        self._stream = _Stream(_Bytes(sock, attempt), attempt)

    def makefile(self, mode: str) -> _Stream:
        return self._stream


class WholeResponse(http.client.HTTPResponse):
    """A response whose status line and headers are whole, whatever interim answers come before it."""

    def __init__(self, sock: socket.socket, attempt: Attempt, method: str | None) -> None:
        self._attempt = attempt
        super().__init__(_Sock(sock, attempt), method=method)  # type: ignore[arg-type]

    def begin(self) -> None:
        try:
            super().begin()
            while 100 <= self.status < 200:
                self.headers = None  # type: ignore[assignment]
                super().begin()
            # A line that is no header hides all that follow it: the length, for one.
            assert_header_parsing(self.headers)
        except http.client.IncompleteRead:
            raise
        except (http.client.HTTPException, HeaderParsingError):
            self._attempt.fail("bad_answer")
            raise
        self._attempt.has_head = True
