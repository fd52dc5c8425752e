"""Where anchors go: each address of AUDIT_ANCHORS as something that takes a signed note."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

from .anchor_file import FileSink
from .anchor_https import HttpsSink
from .anchor_syslog import SyslogSink
from .anchor_trouble import BadAddress, SinkDown

__all__ = ["BadAddress", "Sink", "SinkDown", "configured", "open_sink"]

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_SYSLOG_PORT = 514
_FORMS = "file:///path, syslog://host:514, syslog+tcp://host:601, syslog:///dev/log or https://host/path"


class Sink(Protocol):
    """Takes notes. `name` is its address, without what may be secret in it.

    `can_be_asked` is false for a mere witness: what it took can be compared elsewhere, by people, and not from here.
    """

    name: str
    can_be_asked: bool

    def send(self, note: str) -> None:
        """Hand a note over, or raise `SinkDown`."""

    def kept(self) -> Iterator[str] | None:
        """Return the notes that it keeps, the last one first, read as they are asked for; None where nobody can ask."""


def configured() -> list[Sink]:
    """Return the sinks of AUDIT_ANCHORS; an address that is none raises `BadAddress`."""
    return [open_sink(url) for url in settings.AUDIT_ANCHORS]


def open_sink(url: str) -> Sink:
    try:
        address = urlsplit(url.strip())
        port = address.port
    except ValueError:
        raise BadAddress(f"one of its addresses cannot be read; write {_FORMS}.") from None
    match address.scheme:
        case "file" if address.netloc in ("", "localhost") and address.path not in ("", "/"):
            return FileSink(Path(address.path), may_make_folder=url in settings.DEFAULT_ANCHORS)
        case "syslog" if not address.netloc and address.path:
            return SyslogSink.local(address.path)
        case "syslog" | "syslog+tcp" if address.hostname:
            return SyslogSink.remote(address.hostname, port or _SYSLOG_PORT, tcp=address.scheme == "syslog+tcp")
        case "https" if address.hostname:
            return HttpsSink(url, _shown(address))
        case "http" if address.hostname in _LOOPBACK:
            return HttpsSink(url, _shown(address))
        case "http":
            raise BadAddress("http:// is for this machine only; write https://.")
    raise BadAddress(f"“{address.scheme}:” is no address for anchors; write {_FORMS}.")


def _shown(address: SplitResult) -> str:
    host = f"[{address.hostname}]" if ":" in (address.hostname or "") else address.hostname
    return f"{address.scheme}://{host}{f':{address.port}' if address.port else ''}{address.path}"
