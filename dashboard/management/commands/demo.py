"""`manage.py demo`: everything on this machine, with emulated providers; Ctrl C ends it."""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
import urllib.error
import urllib.request
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from dashboard.demo import before_settings, logins, static_files
from dashboard.demo.children import Child, Children
from dashboard.demo.reading import read_all
from dashboard.models import Customer
from providers.sandbox import application, find_sandboxes, serve

CUSTOMERS = Path(before_settings.__file__).with_name("customers.csv")
MANAGE = before_settings.BASE_DIR / "manage.py"
READY_WITHIN_S = 30.0


class Command(BaseCommand):
    help = "Run a demo of everything on this machine. Its data is kept for the next start."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--fresh", action="store_true", help="begin with a new database and new keys")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("These settings are not the demo's (DEMO=true is missing); nothing was started.")
        try:
            with _stop_signals_as_interrupt(), ExitStack() as running:
                self._run(running)
        except KeyboardInterrupt:
            self.stdout.write("\nEverything has stopped. The data is kept; `manage.py demo --fresh` begins anew.")

    def _run(self, running: ExitStack) -> None:
        web_port = before_settings.port_of(os.environ, "PORT", 8000)
        sandbox_port = before_settings.port_of(os.environ, "SANDBOX_PORT", 8100)
        password = os.environ.get("DEMO_PASSWORD") or logins.fresh_password()
        if unfit := logins.why_not(password):
            raise CommandError(f"DEMO_PASSWORD cannot be used: {unfit} Choose another one, or leave it out.")
        # Each call to the emulator is a line of INFO: of use in the children's logs, in the way here.
        logging.getLogger().setLevel(logging.WARNING)
        self.stdout.write("Preparing the database and the static files …")
        call_command("migrate", interactive=False, verbosity=0)
        static_files.collect_if_changed()
        sandboxes = {slug: sandbox() for slug, sandbox in find_sandboxes().items()}
        running.enter_context(serve(application(sandboxes), sandbox_port))
        self._fill()
        addresses = logins.set_logins(password)
        connections.close_all()

        children = Children({**os.environ, "PYTHONUNBUFFERED": "1"}, before_settings.FOLDER)
        running.callback(children.stop)
        web = children.start("web", _web_command(web_port))
        # On SIGINT huey's consumer finishes its tasks; on SIGTERM it drops them.
        children.start("worker", [sys.executable, str(MANAGE), "run_huey", "--quiet"], stop_signal=signal.SIGINT)
        url = f"http://{before_settings.LOOPBACK}:{web_port}/"
        self._wait_until_ready(url, children)
        self._introduce(url, addresses, password, sandbox_port, web)
        self._watch(children)

    def _fill(self) -> None:
        # Customers first: where accounts do not say whose they are, reading asks by customer.
        if not Customer.objects.exists():
            self.stdout.write("Importing customers …")
            call_command("import_customers", str(CUSTOMERS), verbosity=0)
        integrations = list(settings.INTEGRATIONS.integrations)
        self.stdout.write(f"Reading {', '.join(integrations)} …")
        for run in read_all(integrations):
            if run.result != run.Result.COMPLETE:
                raise CommandError(f"The first sync of {run.integration} ended {run.result}: {run.failure}")

    def _wait_until_ready(self, url: str, children: Children) -> None:
        until = time.monotonic() + READY_WITHIN_S
        while time.monotonic() < until:
            self._fail_if_ended(children)
            try:
                with urllib.request.urlopen(f"{url}healthz", timeout=2):  # noqa: S310 - our own address
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        raise CommandError(f"The web server did not answer within {READY_WITHIN_S:.0f} seconds; its log says why.")

    def _introduce(self, url: str, addresses: list[str], password: str, sandbox_port: int, web: Child) -> None:
        width = max(map(len, addresses))
        people = "\n".join(f"  {address:{width}}  {password}" for address in addresses)
        self.stdout.write(
            f"\nLinkdesk is ready: {url}\n\nSign in as\n{people}\n\n"
            f"The emulated providers listen on port {sandbox_port}. They keep their state in memory: after a restart\n"
            "accounts are as at the first start, under the same ids. What to type is in the README.\n"
            f"Logs: {web.log.parent}\nCtrl C ends everything.\n"
        )
        self.stdout.flush()

    def _watch(self, children: Children) -> None:
        while True:
            self._fail_if_ended(children)
            time.sleep(0.3)

    def _fail_if_ended(self, children: Children) -> None:
        if ended := children.ended():
            raise CommandError(
                f"The {ended.name} process ended by itself (code {ended.process.returncode}), so the demo has stopped. "
                f"Its log {ended.log} ends with:\n{ended.last_lines()}"
            )


def _web_command(port: int) -> list[str]:
    options = ["--interface", "wsgi", "--host", before_settings.LOOPBACK, "--port", str(port), "--workers", "1"]
    options += ["--blocking-threads", "4", "--log-level", "warning", "--no-access-log"]
    return [sys.executable, "-m", "granian", *options, "dashboard.wsgi:application"]


@contextmanager
def _stop_signals_as_interrupt() -> Iterator[None]:
    """Treat SIGTERM and a closed terminal as Ctrl C; while stopping, a second one changes nothing."""

    def interrupt(number: int, frame: object) -> None:
        for every in signals:
            signal.signal(every, signal.SIG_IGN)
        raise KeyboardInterrupt

    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {every: signal.signal(every, interrupt) for every in signals}
    try:
        yield
    finally:
        for every, handler in before.items():
            signal.signal(every, handler)
