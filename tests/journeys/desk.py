"""A whole Linkdesk for one test: a granian process on a database copy, an emulator, and a worker if asked for."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from django.core.management import call_command
from django.test import Client, override_settings

from dashboard.demo.reading import read_all
from dashboard.models import User
from providers.config import read_configuration

from .. import databases, emulator, people, shadow

ROOT = Path(__file__).resolve().parents[2]
CUSTOMERS = ROOT / "dashboard" / "demo" / "customers.csv"
STATIC = databases.RUN_FOLDER / "collected"
READY_WITHIN_S = 40.0
# For the tests that sign in by hand; everyone else gets a session made for them.
PASSWORD = "correct-horse-battery-lamp"


@dataclass
class Desk:
    """`environment` is what its processes run with; `logs` are the files they write to."""

    url: str
    environment: dict[str, str]
    emulator: emulator.Emulator
    database: str
    folder: Path
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def logs(self) -> list[Path]:
        return sorted(self.folder.glob("*.log"))

    @property
    def writes_sent(self) -> int:
        """How many writes have taken effect at Belvo."""
        return self.writes_sent_to("belvo")

    def writes_sent_to(self, slug: str) -> int:
        """How many writes have taken effect at a provider."""
        return len(self.emulator.sandboxes[slug].effects())

    def address(self, path: str) -> str:
        return self.url.rstrip("/") + path

    def session_of(self, role: str) -> str:
        """Return the session cookie of somebody with that role who has just signed in."""
        client = Client()
        client.force_login(User.objects.get(email=f"{role}@desk.example"))
        return client.cookies["sessionid"].value

    def start(self, name: str, command: list[str]) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, *command],
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def start_web(self) -> None:
        port = self.url.rstrip("/").rpartition(":")[2]
        options = ["--interface", "wsgi", "--host", "127.0.0.1", "--port", port, "--workers", "1"]
        options += ["--blocking-threads", "4", "--no-access-log"]
        self.start("web", ["-m", "granian", *options, "dashboard.wsgi:application"])
        self._wait_until_ready()

    def start_worker(self) -> None:
        self.start("worker", ["manage.py", "run_huey", "--quiet"])

    def kill(self, name: str) -> None:
        """End a process and all it has started, at once, as a power cut does."""
        process = self.processes.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def stop(self) -> None:
        for name in list(self.processes):
            self.kill(name)

    def _wait_until_ready(self) -> None:
        until = time.monotonic() + READY_WITHIN_S
        while time.monotonic() < until and self.processes["web"].poll() is None:
            try:
                with urllib.request.urlopen(self.address("/healthz"), timeout=5):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.05)
        raise AssertionError("The desk did not start:\n" + (self.folder / "web.log").read_text()[-4000:])


@contextmanager
def open_desk(folder: Path, **settings: str) -> Iterator[Desk]:
    """Open a desk that knows its links and customers. The test's own ORM looks at the same database."""
    with ExitStack() as running:
        database = running.enter_context(databases.fresh(_filled()))
        url = f"http://127.0.0.1:{_free_port()}/"
        remote = running.enter_context(emulator.running(url))
        environment = {
            **{name: value for name, value in os.environ.items() if name != "DJANGO_ALLOW_ASYNC_UNSAFE"},
            **remote.environment,
            "DJANGO_SETTINGS_MODULE": "tests.watched_settings",
            "DATABASE_URL": databases.database_url(database),
            "TASKS_URL": f"sqlite:///{folder / 'tasks.sqlite3'}",
            "STATIC_ROOT": str(_collected_static()),
            **settings,
        }
        running.enter_context(override_settings(INTEGRATIONS=read_configuration(environment)))
        desk = Desk(url, environment, remote, database, folder)
        running.callback(desk.stop)
        desk.start_web()
        yield desk
        desk.stop()
        assert shadow.untold() == []


def _filled() -> str:
    """Return a database with staff, customers, and accounts as read from every emulator; made once a run."""

    def fill() -> None:
        for role in people.ROLES:
            people.member(role, password=PASSWORD)
        people.member("agent", email="second-agent@desk.example", name="Second Agent", password=PASSWORD)
        # Customers first: where accounts do not say whose they are, reading asks by customer.
        call_command("import_customers", str(CUSTOMERS), verbosity=0)
        with emulator.running() as remote, override_settings(INTEGRATIONS=read_configuration(remote.environment)):
            for run in read_all(list(remote.sandboxes)):
                assert run.result == "complete", (run.integration, run.failure)

    # The emulators' worlds tell of dates around today: a database of yesterday would be behind each of them.
    return databases.template(f"desk_{datetime.now(UTC):%Y%m%d}", fill, base=databases.migrated())


def _collected_static() -> Path:
    """Collect the static files as a real installation does; once a run."""
    STATIC.mkdir(exist_ok=True)
    with (databases.RUN_FOLDER / "collected.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (STATIC / "staticfiles.json").exists():
            command = [sys.executable, "manage.py", "collectstatic", "--no-input", "--verbosity", "0"]
            subprocess.run(command, cwd=ROOT, env={**os.environ, "STATIC_ROOT": str(STATIC)}, check=True)
    return STATIC


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
