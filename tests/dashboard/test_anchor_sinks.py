"""Where anchors go, over real sockets: what arrives is a note that the verifier opens; what does not arrive is told."""

from __future__ import annotations

import base64
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from dashboard import audit_verifier, signing
from dashboard.checks import anchors_have_a_place, anchors_prove_something
from dashboard.services.anchor_sinks import BadAddress, SinkDown, open_sink
from dashboard.services.anchors import note_of

from .audit_samples import append

MAC = b"m" * 32


def note() -> str:
    from django.utils import timezone

    return note_of(17, MAC, timezone.now())


def opened(text: str) -> dict[int, bytes]:
    found, bad = audit_verifier.read_anchors(text, signing.public_keys())
    assert bad == []
    return found


@contextmanager
def listening(kind: socket.SocketKind, family: int = socket.AF_INET, address: Any = ("127.0.0.1", 0)) -> Iterator[Any]:
    with closing(socket.socket(family, kind)) as server:
        server.bind(address)
        server.settimeout(10)
        yield server


def test_a_file_takes_one_note_after_another_and_passes_over_what_was_cut_short(tmp_path: Path) -> None:
    path = tmp_path / "anchors.txt"
    sink = open_sink(f"file://{path}")
    sink.send(note())
    with path.open("a") as file:
        file.write("localhost/audit\n18\nbW0")
    sink.send(note())

    assert len(list(sink.kept() or ())) == 2
    assert opened(path.read_text()) == {17: MAC}


def test_syslog_by_udp_is_one_line_of_rfc_5424() -> None:
    with listening(socket.SOCK_DGRAM) as server:
        open_sink(f"syslog://127.0.0.1:{server.getsockname()[1]}").send(note())
        line = server.recv(65_536).decode()

    assert line.startswith("<109>1 ")
    assert " linkdesk " in line
    assert "\n" not in line
    assert opened(f"Nov 26 10:00:00 collector {line}\nanother line\n") == {17: MAC}


def test_syslog_by_tcp_counts_its_bytes() -> None:
    heard: list[bytes] = []

    def hear(server: socket.socket) -> None:
        peer, _ = server.accept()
        with peer:
            while piece := peer.recv(65_536):
                heard.append(piece)

    with listening(socket.SOCK_STREAM) as server:
        server.listen()
        thread = threading.Thread(target=hear, args=(server,))
        thread.start()
        open_sink(f"syslog+tcp://127.0.0.1:{server.getsockname()[1]}").send(note())
        thread.join(10)
    count, _, message = b"".join(heard).partition(b" ")

    assert int(count) == len(message)
    assert opened(message.decode()) == {17: MAC}


def test_syslog_of_this_machine(tmp_path: Path) -> None:
    path = str(tmp_path / "log")
    with listening(socket.SOCK_DGRAM, socket.AF_UNIX, path) as server:
        open_sink(f"syslog://{path}").send(note())

        assert opened(server.recv(65_536).decode()) == {17: MAC}


def test_a_collector_that_nobody_hears_is_down(tmp_path: Path) -> None:
    with listening(socket.SOCK_STREAM) as server:
        closed_port = server.getsockname()[1]

    for url in (
        f"syslog+tcp://127.0.0.1:{closed_port}",
        f"syslog://{tmp_path}/log",
        f"http://127.0.0.1:{closed_port}/a",
    ):
        with pytest.raises(SinkDown):
            open_sink(url).send(note())


@contextmanager
def collecting(status: int) -> Iterator[tuple[int, list[tuple[str, str]]]]:
    """Answer every POST with a status; yield the port, and (authorization, body) of each request."""
    heard: list[tuple[str, str]] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            heard.append((self.headers.get("Authorization", ""), body))
            self.send_response(status)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Collector) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port, heard
        server.shutdown()
        thread.join(10)


def test_a_collector_gets_the_note_and_is_told_who_we_are() -> None:
    with collecting(204) as (port, heard):
        sink = open_sink(f"http://desk:hidden@127.0.0.1:{port}/anchors")
        sink.send(note())

    [(authorization, body)] = heard
    assert opened(body) == {17: MAC}
    assert authorization == "Basic " + base64.b64encode(b"desk:hidden").decode()
    assert "hidden" not in sink.name + repr(sink)


@pytest.mark.parametrize("status", [302, 401, 500])
def test_an_answer_that_takes_nothing_is_trouble(status: int) -> None:
    with collecting(status) as (port, heard), pytest.raises(SinkDown) as caught:
        open_sink(f"http://desk:hidden@127.0.0.1:{port}/anchors").send(note())

    assert len(heard) == 1
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    ["", "http://collector.example/", "ftp://x/", "file://", "file://host/x", "https://", "syslog://", "https://[/"],
)
def test_an_address_that_cannot_be_used_is_named_at_start(settings: Any, url: str) -> None:
    settings.AUDIT_ANCHORS = [url]

    with pytest.raises(BadAddress):
        open_sink(url)
    assert [message.id for message in anchors_have_a_place()] == ["linkdesk.E005"]


def test_anchors_beside_the_database_prove_little_and_that_is_said(settings: Any) -> None:
    assert "switched off" in anchors_prove_something()[0].msg
    settings.AUDIT_ANCHORS = settings.DEFAULT_ANCHORS
    assert "beside the database" in anchors_prove_something()[0].msg
    settings.AUDIT_ANCHORS = [*settings.DEFAULT_ANCHORS, "https://witness.example/"]
    assert anchors_prove_something() == []


@pytest.mark.django_db
def test_a_sink_that_cannot_be_opened_as_a_file_is_down(tmp_path: Path) -> None:
    append()

    with pytest.raises(SinkDown, match="cannot be written"):
        open_sink(f"file://{tmp_path}").send(note())
