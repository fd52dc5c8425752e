"""One attempt on the wire: sockets that obey a wall-clock deadline and a byte cap, and answers that must be whole.

`requests`' own timeout starts anew with each received byte, and `http.client` takes the end of a connection for the end
of the headers. Here every read and write asks the attempt how much time is left, and every line must have its end.
"""

from __future__ import annotations

import http.client
import io
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import urllib3
from requests import PreparedRequest
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, HeaderParsingError, NameResolutionError, NewConnectionError
from urllib3.util.response import assert_header_parsing

MAX_HEAD_BYTES = 262_144
_READ_BYTES = 65_536
# A server closes what is idle, often after 5 s: a write sent into that moment would be an unknown for nothing.
_MAX_IDLE_S = 4.0


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


class _Response(http.client.HTTPResponse):
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


class _Current:
    """The attempt that the connections of one wire work for now: a kept connection outlives its first attempt."""

    attempt: Attempt


class _Timed(HTTPConnection):
    """A connection whose every step asks the current attempt for time."""

    def __init__(self, *args: Any, current: _Current, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._current = current
        self.response_class = self._open_response  # type: ignore[assignment]

    @property
    def attempt(self) -> Attempt:
        return self._current.attempt

    def _open_response(self, sock: socket.socket, debuglevel: int = 0, method: str | None = None) -> _Response:
        return _Response(sock, self.attempt, method)

    def _new_conn(self) -> socket.socket:
        """Try each address of the host until the time for connecting is over, not that long for each of them."""
        until = min(self.attempt.deadline_at, time.monotonic() + self.attempt.connect_timeout_s)
        try:
            found = socket.getaddrinfo(self._dns_host, self.port, type=socket.SOCK_STREAM)
        except (socket.gaierror, UnicodeError) as error:
            raise NameResolutionError(self.host, self, socket.gaierror(str(error))) from error
        last: OSError | None = None
        for family, kind, protocol, _, address in found:
            left_s = until - time.monotonic()
            if left_s <= 0:
                break
            sock = socket.socket(family, kind, protocol)
            try:
                for option in self.socket_options or ():
                    sock.setsockopt(*option)
                sock.settimeout(left_s)
                sock.connect(address)
            except OSError as error:
                sock.close()
                last = error
                continue
            self.attempt.is_connected = True
            # The TLS handshake that may follow has this time in all.
            sock.settimeout(self.attempt.left_s())
            return sock
        if last is None or isinstance(last, TimeoutError):
            raise ConnectTimeoutError(self, "no address answered in time")
        raise NewConnectionError(self, type(last).__name__) from last

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        body = memoryview(data.encode("latin-1") if isinstance(data, str) else data)
        for start in range(0, len(body), _READ_BYTES):
            self.sock.settimeout(self.attempt.left_s())
            self.attempt.has_written = True
            try:
                self.sock.sendall(body[start : start + _READ_BYTES])
            except TimeoutError:
                self.attempt.fail("timeout")
                raise


class _TimedTls(_Timed, HTTPSConnection):
    """The same over TLS."""


@dataclass(frozen=True, slots=True)
class Head:
    """The status and headers of an answer whose body is still to be read with `body()`."""

    status: int
    headers: dict[str, str]
    raw: urllib3.BaseHTTPResponse

    def body(self) -> Iterator[bytes]:
        """Yield the body as it comes over the wire, still encoded."""
        try:
            yield from self.raw.stream(_READ_BYTES, decode_content=False)
        except ValueError:
            raise BadFraming from None

    def close(self) -> None:
        """Close the connection unless the answer was read to its end."""
        self.raw.close()


class Wire(HTTPAdapter):
    """One pool to one host: no other address can be reached through it, whatever a URL or a redirect says."""

    def __init__(self, scheme: str, host: str, port: int | None, *, ca_file: str = "") -> None:
        super().__init__(max_retries=0)
        self._address = (scheme, host, port)
        self._verify: bool | str = ca_file or True
        self._current = _Current()
        self._used_at = 0.0
        self._pool = self._open_pool()

    def attempt(self, request: PreparedRequest, attempt: Attempt) -> Head:
        """Send the request and return the head of its answer; trouble is an exception, its reason in `attempt`."""
        if time.monotonic() - self._used_at > _MAX_IDLE_S:
            self.drop()
        self._current.attempt = attempt
        timeout = urllib3.Timeout(connect=attempt.left_s(), read=attempt.left_s())
        response = self.send(request, stream=True, timeout=timeout, verify=self._verify)  # type: ignore[arg-type]
        return Head(response.status_code, dict(response.headers), response.raw)

    def keep(self) -> None:
        """Note that an answer was read to its end, so that its connection may serve the next request soon."""
        self._used_at = time.monotonic()

    def drop(self) -> None:
        """Close what is kept open: nothing that is left on a connection can become the next request's answer."""
        self._pool.close()
        self._pool = self._open_pool()

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> urllib3.HTTPConnectionPool:
        return self._pool

    def close(self) -> None:
        self._pool.close()
        super().close()

    def _open_pool(self) -> urllib3.HTTPConnectionPool:
        scheme, host, port = self._address
        tls = scheme == "https"
        pool = (urllib3.HTTPSConnectionPool if tls else urllib3.HTTPConnectionPool)(host, port, maxsize=1)
        pool.ConnectionCls = partial(_TimedTls if tls else _Timed, current=self._current)  # type: ignore[assignment]
        return pool
