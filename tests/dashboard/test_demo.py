"""The demo as a stranger starts it: in a copy of the repository, as a process of its own, stopped with a signal."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
import requests

from tests import canary

ROOT = Path(__file__).resolve().parents[2]
READY_WITHIN_S = 60.0
ENDED_WITHIN_S = 60.0

pytestmark = [pytest.mark.processes, pytest.mark.own_database]


class Demo:
    """One copy of the repository, and the demo that runs in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port, self.sandbox_port = _free_port(), _free_port()
        self.process: subprocess.Popen[str] | None = None
        self.output = ""

    def start(self, *options: str, **environment: str) -> None:
        bare = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "LC_ALL") if name in os.environ}
        ports = {"PORT": str(self.port), "SANDBOX_PORT": str(self.sandbox_port)}
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "demo", *options],
            cwd=self.folder,
            env={**bare, **ports, **environment},
            stdin=subprocess.DEVNULL,
            stdout=(self.folder / "demo.out").open("w"),
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def wait_for(self, text: str) -> str:
        until = time.monotonic() + READY_WITHIN_S
        while time.monotonic() < until:
            self.output = (self.folder / "demo.out").read_text()
            if text in self.output:
                return self.output
            if self.process and self.process.poll() is not None:
                break
            time.sleep(0.1)
        raise AssertionError(f"“{text}” was not printed:\n{self.output}")

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        assert self.process
        self.process.send_signal(number)
        code = self.process.wait(timeout=15)
        self.output = (self.folder / "demo.out").read_text()
        return code

    def get(self, path: str) -> int:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
            return int(answer.status)

    def count(self, table: str) -> int:
        with closing(sqlite3.connect(self.folder / "var" / "demo" / "linkdesk.sqlite3")) as database:
            return int(database.execute(f"SELECT count(*) FROM {table}").fetchone()[0])

    def rows(self, query: str) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(self.folder / "var" / "demo" / "linkdesk.sqlite3")) as database:
            return database.execute(query).fetchall()

    def row(self, query: str) -> object:
        return self.rows(query)[0][0]

    def setting(self, name: str) -> str:
        found = re.search(rf"^{name}=(.+)$", (self.folder / ".env.demo").read_text(), re.MULTILINE)
        assert found
        return found[1]

    def post(self, desk: requests.Session, path: str, values: dict[str, str]) -> requests.Response:
        """Send a form as a browser without scripts does, with the token of the sign-in page or of the session."""
        url = f"http://127.0.0.1:{self.port}"
        if "csrftoken" not in desk.cookies:
            desk.get(f"{url}/account/login/", timeout=10).raise_for_status()
        token = {"csrfmiddlewaretoken": desk.cookies["csrftoken"]}
        answer = desk.post(f"{url}{path}", data=values | token, headers={"Referer": f"{url}{path}"}, timeout=20)
        answer.raise_for_status()
        return answer

    def replace_password(self, desk: requests.Session, link: str, password: str) -> None:
        """Make a draft, look at its plan, apply it, and wait until it is settled."""
        draft = self.post(desk, f"/linked-accounts/{link}/operations/credentials/", {})
        found = re.search(r"/operations/([0-9a-f-]{36})/preview/", draft.text)
        assert found
        operation = found[1]
        seen = self.post(desk, f"/operations/{operation}/preview/", {"field-password": password})
        digest = re.search(r'name="digest" value="([0-9a-f]+)"', seen.text)
        assert digest
        self.post(desk, f"/operations/{operation}/apply/", {"field-password": password, "digest": digest[1]})
        until = time.monotonic() + 20
        this = f"id = '{uuid.UUID(operation).hex}'"
        settled = f"SELECT count(*) FROM dashboard_operation WHERE settled_at IS NOT NULL AND {this}"
        while time.monotonic() < until and not self.row(settled):
            time.sleep(0.1)
        assert self.row(settled), f"operation {operation} did not settle"

    def processes(self) -> dict[int, str]:
        """Return the command line of everything that runs in this copy, by process id."""
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if Path(os.readlink(folder / "cwd")) == self.folder:
                    found[int(folder.name)] = (folder / "cmdline").read_text().replace("\0", " ")
            except OSError:
                continue
        return found


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    names = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(names, cwd=ROOT, capture_output=True, check=True, text=True).stdout
    folder = (tmp_path / "linkdesk").resolve()
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file() and not name.startswith(("npm/", "tests/")):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    demo = Demo(folder)
    yield demo
    if demo.process and demo.process.poll() is None:
        os.killpg(demo.process.pid, signal.SIGKILL)
    left_behind = demo.processes()
    for pid in left_behind:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    assert left_behind == {}


def test_one_line_starts_everything_and_ctrl_c_ends_it(demo: Demo) -> None:
    demo.start()
    shown = demo.wait_for("Ctrl C ends everything")

    assert f"http://127.0.0.1:{demo.port}/" in shown
    for role in ("viewer", "agent", "approver", "auditor", "admin"):
        assert re.search(rf"{role}@demo\.example\s+\S{{12,}}", shown)
    assert demo.get("/account/login/") == 200
    assert "SECOND_FACTOR=off" in (demo.folder / ".env.demo").read_text().splitlines()
    assert stat.S_IMODE((demo.folder / ".env.demo").stat().st_mode) == 0o600
    providers = dict(demo.rows("SELECT integration, count(*) FROM dashboard_linkedaccount GROUP BY integration"))
    assert set(providers) == {"belvo", "flxpoint", "linkar", "moneykit"}
    assert min(map(int, map(str, providers.values()))) >= 80
    assert demo.count("dashboard_linkedaccount") >= 380
    assert demo.count("dashboard_linkedaccount WHERE customer_id IS NOT NULL") >= 250
    assert demo.count("dashboard_customer") >= 110

    began = time.monotonic()
    code = demo.stop()

    assert code == 0
    assert time.monotonic() - began < 12
    assert "Traceback" not in demo.output
    assert demo.processes() == {}


def test_a_second_start_keeps_the_data_and_fresh_begins_anew(demo: Demo) -> None:
    demo.start(DEMO_PASSWORD="a-password-of-my-own")
    assert "a-password-of-my-own" in demo.wait_for("Ctrl C ends everything")
    keys = (demo.folder / ".env.demo").read_text()
    demo.stop(signal.SIGTERM)
    _leave_only_belvo(demo.folder / ".env.demo")
    with closing(sqlite3.connect(demo.folder / "var" / "demo" / "linkdesk.sqlite3")) as database, database:
        database.execute(
            "UPDATE dashboard_customer SET name = 'Kept' WHERE id = (SELECT id FROM dashboard_customer LIMIT 1)"
        )

    demo.start()
    demo.wait_for("Ctrl C ends everything")
    assert set((demo.folder / ".env.demo").read_text().splitlines()) == set(keys.splitlines())
    assert stat.S_IMODE((demo.folder / ".env.demo").stat().st_mode) == 0o600
    assert demo.count("dashboard_customer WHERE name = 'Kept'") == 1
    assert demo.count("dashboard_syncrun WHERE result = 'complete'") >= 2
    demo.stop(signal.SIGTERM)

    demo.start("--fresh")
    demo.wait_for("Ctrl C ends everything")
    assert (demo.folder / ".env.demo").read_text() != keys
    assert demo.count("dashboard_customer WHERE name = 'Kept'") == 0
    demo.stop(signal.SIGTERM)


def test_a_repair_in_the_demo_leaves_no_secret_behind(demo: Demo) -> None:
    demo.start(DEMO_PASSWORD="canary-of-the-login")
    demo.wait_for("Ctrl C ends everything")
    before = canary.everything_on_disk([demo.folder / "var"])
    desk = requests.Session()

    sign_in = demo.post(desk, "/account/login/", {"login": "agent@demo.example", "password": "canary-of-the-login"})
    assert "Sign out" in sign_in.text
    where = "schema_key = 'erebor_mx_retail' AND status = 'invalid'"
    link = demo.row(f"SELECT id FROM dashboard_linkedaccount WHERE {where}")
    for password in ("wrong__canary_d3", "canary_demo_0k"):
        demo.replace_password(desk, str(uuid.UUID(str(link))), password)
    states = demo.rows("SELECT state FROM dashboard_operation ORDER BY created_at")

    secrets = ["wrong__canary_d3", "canary_demo_0k", "canary-of-the-login", demo.setting("BELVO_SECRET_PASSWORD")]
    kept = canary.everything_on_disk([demo.folder / "var"])
    demo.stop()
    kept |= {f"{name}, after the end": text for name, text in canary.everything_on_disk([demo.folder / "var"]).items()}
    assert [state for (state,) in states] == ["refused", "done"]
    assert len(kept) > len(before)
    assert canary.places_with(secrets, kept) == []
    planted = {"demo.out": (demo.folder / "demo.out").read_bytes()}
    assert canary.places_with(["canary-of-the-login"], planted) == ["demo.out"]


@pytest.mark.parametrize("name", ["PORT", "SANDBOX_PORT"])
def test_a_taken_port_is_one_sentence(demo: Demo, name: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        number = taken.getsockname()[1]

        demo.start(**{name: str(number)})
        assert demo.process
        code = demo.process.wait(timeout=20)

    shown = (demo.folder / "demo.out").read_text()
    assert code == 1
    assert f"Port {number} is taken" in shown
    assert name in shown
    assert "Traceback" not in shown


@pytest.mark.parametrize("password", ["short", "password1234", "agent@demo.example"])
def test_a_password_against_the_rules_is_one_sentence(demo: Demo, password: str) -> None:
    demo.start(DEMO_PASSWORD=password)
    assert demo.process
    code = demo.process.wait(timeout=30)

    shown = (demo.folder / "demo.out").read_text()
    assert code == 1
    assert "DEMO_PASSWORD cannot be used: This password is too" in shown or "The password is too similar" in shown
    assert "Traceback" not in shown
    assert demo.processes() == {}


def test_a_demo_that_is_killed_leaves_no_process_behind(demo: Demo) -> None:
    demo.start()
    demo.wait_for("Ctrl C ends everything")
    assert demo.process
    assert len(demo.processes()) >= 3

    demo.process.kill()
    demo.process.wait()

    until = time.monotonic() + ENDED_WITHIN_S
    while demo.processes() and time.monotonic() < until:
        time.sleep(0.1)
    assert demo.processes() == {}


def test_a_folder_that_cannot_be_used_is_one_sentence(demo: Demo) -> None:
    (demo.folder / "var").write_text("a file where the demo wants a folder")

    demo.start()
    assert demo.process
    code = demo.process.wait(timeout=20)

    shown = (demo.folder / "demo.out").read_text()
    assert code == 1
    assert f"{demo.folder / 'var'}" in shown and "cannot be used there" in shown
    assert "Traceback" not in shown


def test_a_process_that_dies_ends_the_demo_with_a_sentence(demo: Demo) -> None:
    demo.start()
    demo.wait_for("Ctrl C ends everything")
    worker = next(pid for pid, line in demo.processes().items() if "run_huey" in line)

    os.kill(worker, signal.SIGKILL)
    assert demo.process
    code = demo.process.wait(timeout=15)

    shown = (demo.folder / "demo.out").read_text()
    assert code == 1
    assert "The worker process ended by itself" in shown
    assert "Traceback" not in shown
    assert demo.processes() == {}


def _leave_only_belvo(settings: Path) -> None:
    """Make a settings file what it was before there were other providers."""
    others = ("FLXPOINT_", "LINKAR_", "MONEYKIT_", "INTEGRATIONS=")
    lines = [line for line in settings.read_text().splitlines() if not line.startswith(others)]
    settings.write_text("\n".join([*lines, "INTEGRATIONS=belvo"]) + "\n")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
