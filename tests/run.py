#!/usr/bin/env python3
"""Run every check and test from a fresh clone: `python3 tests/run.py`. Standard library only.

Makes `.venv`, installs the locked requirements, Chromium and PostgreSQL where they are missing (as root; otherwise it
names the package and fails), runs the checks, then the tests on SQLite and on PostgreSQL, and says how long each took.

    tests/run.py --long                                       the size of the issue
    tests/run.py --database postgresql -- tests/dashboard     only these tests, on a PostgreSQL of their own
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
REQUIREMENTS = ROOT / "requirements-dev.txt"
# Most tests wait for a remote more than they compute; a browser computes.
WORKERS = {"not browser": "4", "browser": "2"}
NO_TESTS = 5  # pytest's exit code
# PostgreSQL proves the database layer: of the browser one journey is enough, `providers` never see a database, and what
# is the same on each takes its time once.
ON_POSTGRESQL = "(not browser or smoke) and not faults and not own_database and not once"


# Ubuntu's archive has no Chromium that runs without snapd.
_SNAP = " Ubuntu has Chromium as a snap only: snap install chromium, then start again."


class CannotRun(Exception):
    """What is missing, and how to get it."""


@dataclass
class Report:
    """What ran, how long it took, and what failed."""

    lines: list[tuple[str, float, bool]] = field(default_factory=list)

    def step(self, name: str, work: Callable[[], bool]) -> None:
        print(f"\n== {name}", flush=True)
        began = time.monotonic()
        is_good = work()
        self.lines.append((name, time.monotonic() - began, is_good))

    @property
    def is_good(self) -> bool:
        return all(is_good for _, _, is_good in self.lines)

    def print(self) -> None:
        total = sum(seconds for _, seconds, _ in self.lines)
        print("\n== Summary")
        for name, seconds, is_good in self.lines:
            print(f"{'passed' if is_good else 'FAILED':7} {seconds:7.1f} s  {name}")
        print(f"{'passed' if self.is_good else 'FAILED':7} {total:7.1f} s  in all", flush=True)


def main(arguments: Sequence[str]) -> int:
    options = _parse(arguments)
    if sys.version_info < (3, 11):  # noqa: UP036 - this file is what an older Python meets first
        print(f"Python 3.11 or newer is needed; this is {sys.version.split()[0]}.", file=sys.stderr)
        return 2
    report = Report()
    began = time.monotonic()
    try:
        _install(needs_postgresql="postgresql" in options.databases)
    except CannotRun as problem:
        print(problem, file=sys.stderr)
        return 2
    report.lines.append(("install what is missing", time.monotonic() - began, True))
    if not options.tests:
        _run_checks(report)
    for database in options.databases:
        _run_tests(database, options, report)
    report.print()
    return 0 if report.is_good else 1


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Run every check and test.")
    parser.add_argument("--long", action="store_true", help="the size of the issue instead of CI's")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), help="only on this one")
    parser.add_argument("tests", nargs="*", help="after --: arguments for pytest; the other checks are left out")
    options = parser.parse_args(arguments)
    options.databases = [options.database] if options.database else ["sqlite", "postgresql"]
    return options


# -- checks


def _run_checks(report: Report) -> None:
    with tempfile.TemporaryDirectory(prefix="linkdesk-checks-") as folder:
        environment = {**_clean_environment(), **_like_production(Path(folder))}

        def call(*command: str) -> Callable[[], bool]:
            return lambda: _call([str(VENV / "bin" / command[0]), *command[1:]], environment)

        manage = ("python", str(ROOT / "manage.py"))
        report.step("ruff check", call("ruff", "check", "."))
        report.step("ruff format --check", call("ruff", "format", "--check", "."))
        report.step("import-linter", call("lint-imports"))
        report.step("mypy", call("mypy", "providers", "dashboard", "manage.py"))
        report.step("check --deploy", call(*manage, "check", "--deploy", "--fail-level", "WARNING"))
        report.step("makemigrations --check", call(*manage, "makemigrations", "--check", "--dry-run"))


def _like_production(folder: Path) -> dict[str, str]:
    def key() -> str:
        return "k1:" + base64.b64encode(secrets.token_bytes(32)).decode()

    return {
        "LINKDESK_SETTINGS": os.devnull,
        "DJANGO_SETTINGS_MODULE": "dashboard.settings",
        "SECRET_KEY": secrets.token_urlsafe(60),
        "AUDIT_KEYS": key(),
        "FIELD_KEYS": key(),
        "ANCHOR_KEYS": key(),
        "AUDIT_ANCHORS": "https://witness.example/anchors",
        "ALLOWED_HOSTS": "desk.example",
        "DATABASE_URL": f"sqlite:///{folder / 'checks.sqlite3'}",
        "TASKS_URL": f"sqlite:///{folder / 'tasks.sqlite3'}",
        "INTEGRATIONS": "belvo",
        "BELVO_URL": "https://belvo.example",
        "BELVO_SECRET_ID": secrets.token_hex(8),
        "BELVO_SECRET_PASSWORD": secrets.token_hex(16),
    }


# -- tests


def _run_tests(database: str, options: argparse.Namespace, report: Report) -> None:
    if database == "sqlite":
        _run_parts(database, options, report, _clean_environment())
        return
    try:
        with _postgresql() as url:
            _run_parts(database, options, report, {**_clean_environment(), "LINKDESK_TEST_DATABASE_URL": url})
    except (CannotRun, subprocess.CalledProcessError) as problem:
        # What ran before keeps its place in the summary.
        print(problem, file=sys.stderr)
        report.lines.append((f"pytest on {database}", 0.0, False))


def _run_parts(database: str, options: argparse.Namespace, report: Report, environment: Mapping[str, str]) -> None:
    """Run the tests without a browser and those with one, each part with the workers that suit it."""
    tests = options.tests
    for part, workers in WORKERS.items():
        command = [str(PYTHON), "-m", "pytest", "-n", workers, "--dist", "worksteal", "-p", "no:cacheprovider"]
        command += ["--durations=10", *(["--long"] if options.long else [])]
        if database == "sqlite":
            command += ["-m", part, *tests]
        else:
            command += ["-m", f"({part}) and {ON_POSTGRESQL}", *(tests or ["--ignore=tests/providers"])]
        report.step(f"pytest on {database}, {part}", lambda command=command: _passed(command, environment, bool(tests)))


def _passed(command: list[str], environment: Mapping[str, str], may_be_empty: bool) -> bool:
    """Say whether every chosen test passed; where tests were named, a part may hold none of them."""
    sys.stdout.flush()
    code = subprocess.run(command, check=False, cwd=ROOT, env=dict(environment)).returncode
    return code == 0 or (may_be_empty and code == NO_TESTS)


@contextmanager
def _postgresql() -> Iterator[str]:
    """Start a PostgreSQL of our own on a free port, fast because it may forget, and stop it after."""
    programs = _postgresql_programs()
    if programs is None:
        raise CannotRun("PostgreSQL's initdb was not found.")
    folder = Path(tempfile.mkdtemp(prefix="linkdesk-postgresql-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    port = _free_port()
    fast = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=200"
    where = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={folder}"
    data = str(folder / "data")
    control = [str(programs / "pg_ctl"), "-D", data, "-w", "-s", "-l", str(folder / "log")]
    try:
        _as_postgres([str(programs / "initdb"), "-D", data, "-U", "linkdesk", "-A", "trust", "-E", "UTF8", "--no-sync"])
        _as_postgres([*control, "-o", f"{fast} {where}", "start"])
        try:
            yield f"postgres://linkdesk@127.0.0.1:{port}/postgres"
        finally:
            _as_postgres([*control, "-m", "immediate", "stop"])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _as_postgres(command: list[str]) -> None:
    """Run one of PostgreSQL's programs, which refuse to run as root."""
    prefix = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    subprocess.run([*prefix, *command], check=True, cwd=tempfile.gettempdir(), stdout=subprocess.DEVNULL)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# -- what must be there first


def _install(*, needs_postgresql: bool) -> None:
    if not PYTHON.exists() or _pip_is_missing():
        _make_environment()
    _install_requirements()
    missing = []
    if not (shutil.which("chromium") or shutil.which("chromium-browser")):
        missing.append("chromium")
    if needs_postgresql and _postgresql_programs() is None:
        missing.append("postgresql")
    if missing:
        _install_packages(missing)


def _make_environment() -> None:
    command = [sys.executable, "-m", "venv", str(VENV)]
    if subprocess.run([sys.executable, "-c", "import ensurepip"], check=False, capture_output=True).returncode:
        _install_packages(["python3-venv"])
    if subprocess.run(command, check=False).returncode:
        raise CannotRun(f"{' '.join(command)} failed.")


def _pip_is_missing() -> bool:
    return subprocess.run([str(PYTHON), "-m", "pip", "--version"], check=False, capture_output=True).returncode != 0


def _install_requirements() -> None:
    """Install the locked requirements, unless exactly these were installed before."""
    stamp = VENV / "requirements-dev.sha256"
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    print("Installing the locked requirements …", flush=True)
    pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if subprocess.run([*pip, "--require-hashes", "-r", str(REQUIREMENTS)], check=False).returncode:
        raise CannotRun(f"pip could not install {REQUIREMENTS.name}.")
    stamp.write_text(wanted)


def _install_packages(packages: list[str]) -> None:
    names = " ".join(packages)
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise CannotRun(f"These system packages are missing: {names}. On Debian: apt-get install {names}")
    print(f"Installing {names} …", flush=True)
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update", "-qq"], check=False, env=quiet)
    install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages]
    if subprocess.run(install, check=False, env=quiet, stdout=subprocess.DEVNULL).returncode:
        raise CannotRun(f"apt-get could not install {names}.{_SNAP if 'chromium' in packages else ''}")


def _postgresql_programs() -> Path | None:
    """Return the folder of the newest PostgreSQL server's programs."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if not found and (elsewhere := shutil.which("initdb")):
        found = [Path(elsewhere).parent]
    return max(found, key=lambda path: float(path.parent.name) if path.parent.name.isdecimal() else 0, default=None)


def _clean_environment() -> dict[str, str]:
    """Leave out what a person's shell may set for Python, pytest or Linkdesk itself."""
    ours = (
        "PYTEST_",
        "DJANGO_",
        "LINKDESK_",
        "INTEGRATIONS",
        "DATABASE_URL",
        "TASKS_URL",
        "SECRET_KEY",
        "HTTPS",
        "DEBUG",
    )
    ours += ("BELVO_", "MONEYKIT_", "FLXPOINT_", "LINKAR_", "DEMO", "AUDIT_", "FIELD_KEYS", "ANCHOR_KEYS")
    return {name: value for name, value in os.environ.items() if not name.startswith((*ours, "PYTHONPATH"))}


def _call(command: list[str], environment: Mapping[str, str]) -> bool:
    sys.stdout.flush()
    return subprocess.run(command, check=False, cwd=ROOT, env=dict(environment)).returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
