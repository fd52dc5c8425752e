"""A small HTTP/1.1 server for the emulators: real sockets, a thread for each connection, able to hang up."""

from __future__ import annotations

import io
import socket
import sys
import threading
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import unquote_to_bytes

WsgiApplication = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
MAX_REQUEST_BYTES = 4_000_000


class Server:
    """A running server. Close it, or use it as a context manager."""

    def __init__(self, app: WsgiApplication, port: int, host: str) -> None:
        self._http = _HttpServer((host, port), _Handler)
        self._http.app = app
        self.port: int = self._http.server_address[1]
        self.url = f"http://{host}:{self.port}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), name="sandbox", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening and hang up on everybody. Requests under way lose their connection, not their effect."""
        self._http.shutdown()
        self._http.server_close()
        self._http.hang_up()
        self._thread.join(timeout=5)

    def __enter__(self) -> Server:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()


def serve(app: WsgiApplication, port: int = 0, *, host: str = "127.0.0.1") -> Server:
    """Serve `app` in a daemon thread; port 0 takes a free one. Raises `OSError` if the port is taken."""
    return Server(app, port, host)


class _HttpServer(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256
    app: WsgiApplication

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._open: set[socket.socket] = set()
        self._guard = threading.Lock()

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._guard:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._guard:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        # A client that hangs up is nothing to report; anything else is a bug of an emulator and must be seen.
        if not isinstance(sys.exception() if hasattr(sys, "exception") else sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)

    def hang_up(self) -> None:
        with self._guard:
            for connection in self._open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue


class _Handler(BaseHTTPRequestHandler):
    """One connection. The whole answer is one write, and Content-Length is always there, so keep-alive is sound."""

    protocol_version = "HTTP/1.1"
    server_version = "sandbox"
    sys_version = ""
    server: _HttpServer

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the control plane counts the requests."""

    def _serve(self) -> None:
        body = self._read_body()
        if body is None:
            return
        cut = threading.Event()
        started: list[tuple[str, list[tuple[str, str]]]] = []
        chunks = self.server.app(
            self._environ(body, cut), lambda status, headers, *_: started.append((status, headers))
        )
        answer = b"".join(chunks)
        if cut.is_set():
            self.close_connection = True
            return
        self._write(*started[0], answer)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _serve

    def _read_body(self) -> bytes | None:
        status = ""
        length = self.headers.get("Content-Length") or "0"
        if self.headers.get("Transfer-Encoding"):
            status = "411 Length Required"
        elif not (length.isascii() and length.isdigit()):
            status = "400 Bad Request"
        elif int(length) > MAX_REQUEST_BYTES:
            status = "413 Content Too Large"
        if status:
            self.close_connection = True
            self._write(status, [("Content-Type", "text/plain")], status.encode())
            return None
        return self.rfile.read(int(length))

    def _write(self, status: str, headers: list[tuple[str, str]], body: bytes) -> None:
        lines = [f"HTTP/1.1 {status}", f"Date: {self.date_time_string()}", f"Server: {self.server_version}"]
        lines += [f"{name}: {value}" for name, value in headers]
        lines.append(f"Content-Length: {len(body)}")
        if self.close_connection:
            lines.append("Connection: close")
        head = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
        self.wfile.write(head if self.command == "HEAD" else head + body)

    def _environ(self, body: bytes, cut: threading.Event) -> dict[str, Any]:
        path, _, query = self.path.partition("?")
        host = self.headers.get("Host") or f"{self.server.server_address[0]!s}:{self.server.server_address[1]}"
        environ: dict[str, Any] = {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query,
            "SERVER_NAME": str(self.server.server_address[0]),
            "SERVER_PORT": str(self.server.server_address[1]),
            "SERVER_PROTOCOL": self.request_version,
            "REMOTE_ADDR": self.client_address[0],
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_HOST": host,
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            "sandbox.cut": cut.set,
        }
        for name, value in self.headers.items():
            key = "HTTP_" + name.upper().replace("-", "_")
            if key not in ("HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH", "HTTP_HOST"):
                environ[key] = value
        return environ
