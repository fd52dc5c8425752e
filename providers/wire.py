"""One attempt on the wire: connections whose every step obeys a deadline, all of them to one host."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import urllib3
from requests import PreparedRequest
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from .streams import Attempt, BadFraming, TooMuch, WholeResponse

__all__ = ["Attempt", "BadFraming", "Head", "TooMuch", "Wire"]

_CHUNK_BYTES = 65_536
# A server closes what is idle, often after 5 s: a write sent into that moment would be an unknown for nothing.
_MAX_IDLE_S = 4.0


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

    def _open_response(self, sock: socket.socket, debuglevel: int = 0, method: str | None = None) -> WholeResponse:
        return WholeResponse(sock, self.attempt, method)

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
        for start in range(0, len(body), _CHUNK_BYTES):
            self.sock.settimeout(self.attempt.left_s())
            self.attempt.has_written = True
            try:
                self.sock.sendall(body[start : start + _CHUNK_BYTES])
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
            yield from self.raw.stream(_CHUNK_BYTES, decode_content=False)
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
