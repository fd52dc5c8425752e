"""Anchors as syslog messages (RFC 5424): UDP, TCP with octet counting (RFC 6587), or the local socket.

Syslog acknowledges nothing: over UDP a collector that is down is not noticed, over TCP only one that does not answer
at all. The message is one line, `{"note": "..."}`, which the verifier reads as it stands in a collector's file.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from .anchor_trouble import SinkDown

TIMEOUT_S = 5.0
# Facility 13 (log audit), severity 5 (notice).
_PRIORITY = 13 * 8 + 5


class SyslogSink:
    """`speak` opens the way, sends one message and closes it."""

    can_be_asked = False

    def __init__(self, name: str, speak: Callable[[bytes], None]) -> None:
        self.name = name
        self._speak = speak

    @classmethod
    def remote(cls, host: str, port: int, *, tcp: bool) -> SyslogSink:
        shown = f"[{host}]" if ":" in host else host
        if tcp:
            return cls(f"syslog+tcp://{shown}:{port}", lambda message: _by_tcp(host, port, message))
        return cls(f"syslog://{shown}:{port}", lambda message: _by_udp(host, port, message))

    @classmethod
    def local(cls, path: str) -> SyslogSink:
        return cls(f"syslog://{path}", lambda message: _by_local_socket(path, message))

    def send(self, note: str) -> None:
        try:
            self._speak(_message(note))
        except OSError as trouble:
            raise SinkDown(f"syslog cannot be reached ({trouble.strerror or type(trouble).__name__})") from trouble

    def kept(self) -> Iterator[str] | None:
        return None


def _message(note: str) -> bytes:
    moment = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    head = f"<{_PRIORITY}>1 {moment} {socket.gethostname()[:255] or '-'} linkdesk {os.getpid()} anchor -"
    return f"{head} {json.dumps({'note': note})}".encode("ascii", "replace")


def _by_tcp(host: str, port: int, message: bytes) -> None:
    with socket.create_connection((host, port), timeout=TIMEOUT_S) as connection:
        connection.sendall(b"%d %b" % (len(message), message))
        connection.shutdown(socket.SHUT_WR)


def _by_udp(host: str, port: int, message: bytes) -> None:
    [(family, kind, protocol, _, address), *_] = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
    with socket.socket(family, kind, protocol) as connection:
        connection.settimeout(TIMEOUT_S)
        connection.sendto(message, address)


def _by_local_socket(path: str, message: bytes) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as connection:
        connection.settimeout(TIMEOUT_S)
        connection.connect(path)
        connection.send(message)
