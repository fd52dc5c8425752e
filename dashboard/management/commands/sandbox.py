"""Serve the emulators of the remotes on loopback, in the foreground, until Ctrl C or SIGTERM."""

from __future__ import annotations

import errno
import json
import os
import signal
import threading
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from providers.sandbox import Sandbox, application, environment_of, find_sandboxes, serve


class Command(BaseCommand):
    help = "Serve the emulators of the remotes and print the settings that point a dashboard, or any client, at them."
    requires_system_checks: list[str] = []  # noqa: RUF012 - Django's own declaration
    stealth_options = ("until",)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=_port, default=None, help="default: SANDBOX_PORT, or 8100")
        parser.add_argument("--json", action="store_true", help="print the settings as one line of JSON")

    def handle(self, *args: Any, until: threading.Event | None = None, **options: Any) -> None:
        stopped = until or threading.Event()
        _stop_on_signals(stopped)
        port = options["port"] if options["port"] is not None else _port_from_environment()
        sandboxes: dict[str, Sandbox] = {slug: kind() for slug, kind in find_sandboxes().items()}
        try:
            server = serve(application(sandboxes), port)
        except OSError as error:
            raise CommandError(_why_not(port, error)) from None
        with server:
            self._print(environment_of(sandboxes, server.url), as_json=options["json"])
            self.stderr.write(f"Emulators answer at {server.url}/ until Ctrl C.", lambda text: text)
            stopped.wait()

    def _print(self, settings: dict[str, str], *, as_json: bool) -> None:
        lines = [json.dumps(settings)] if as_json else [f"{name}={value}" for name, value in settings.items()]
        for line in lines:
            self.stdout.write(line)
        self.stdout.flush()


def _stop_on_signals(stopped: threading.Event) -> None:
    # Signals reach the main thread only; a test that runs the command elsewhere stops it by its event.
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stopped.set())


def _port(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() else -1
    if not 0 <= number <= 65_535:
        raise ValueError(f"{text} is not a port number")
    return number


def _port_from_environment() -> int:
    text = os.environ.get("SANDBOX_PORT") or "8100"
    try:
        return _port(text)
    except ValueError:
        raise CommandError(f"SANDBOX_PORT is “{text}”; it must be a number from 0 to 65535.") from None


def _why_not(port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} is taken by another program. Set SANDBOX_PORT, or use --port, and start again."
    return f"Port {port} cannot be used: {error.strerror}. Set SANDBOX_PORT, or use --port, and start again."
