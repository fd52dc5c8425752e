"""What happens before Django reads its settings: the demo's own are written here."""

from __future__ import annotations

import base64
import errno
import os
import secrets
import shutil
import socket
from collections.abc import Mapping, MutableMapping, Sequence
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parents[2]
SETTINGS_FILE = BASE_DIR / ".env.demo"
FOLDER = BASE_DIR / "var" / "demo"
LOOPBACK = "127.0.0.1"
# Nothing here is real, and whoever looks at it has no authenticator for it. Every page says so.
_DOOR = {"SECOND_FACTOR": "off"}


class CannotStart(Exception):
    """A sentence that says what to do."""


def prepare(arguments: Sequence[str], environment: MutableMapping[str, str]) -> None:
    """Make it possible to read settings for the commands that start without any."""
    command = next(iter(arguments), "")
    if command == "demo" and not {"-h", "--help"} & set(arguments):
        _prepare_demo(environment, is_fresh="--fresh" in arguments)
    elif command in ("demo", "sandbox"):
        for name, value in _keys().items():
            environment.setdefault(name, value)


def port_of(environment: MutableMapping[str, str], name: str, default: int) -> int:
    """Return a free port from the environment, or say what is wrong with it."""
    text = environment.get(name) or str(default)
    if not text.isdecimal() or not 0 < int(text) < 65_536:
        raise CannotStart(f"{name} must be a port number from 1 to 65535; it is “{text}”.")
    port = int(text)
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as problem:
            if problem.errno == errno.EACCES:
                raise CannotStart(f"Port {port} is not open to this user. Choose one above 1023 with {name}.") from None
            free = port + 10
            raise CannotStart(
                f"Port {port} is taken by another program. Choose another one, for example {name}={free}."
            ) from None
    return port


def _prepare_demo(environment: MutableMapping[str, str], *, is_fresh: bool) -> None:
    web_port = port_of(environment, "PORT", 8000)
    sandbox_port = port_of(environment, "SANDBOX_PORT", 8100)
    if web_port == sandbox_port:
        raise CannotStart(f"PORT and SANDBOX_PORT are both {web_port}; they must differ.")
    integrations = _integrations(web_port, sandbox_port)
    try:
        _make_room(integrations, is_fresh=is_fresh)
    except OSError as problem:
        raise CannotStart(
            f"The demo keeps its settings and its data below {BASE_DIR}, and {problem.filename} cannot be used there"
            f" ({problem.strerror}). Run it as the user whom the folder belongs to, or in a copy of your own."
        ) from None
    # Never the settings of a real installation that may lie beside them, and never a real provider.
    environment["LINKDESK_SETTINGS"] = str(SETTINGS_FILE)
    environment.update(integrations)


def _make_room(integrations: Mapping[str, str], *, is_fresh: bool) -> None:
    if is_fresh:
        shutil.rmtree(FOLDER, ignore_errors=True)
        SETTINGS_FILE.unlink(missing_ok=True)
    FOLDER.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not SETTINGS_FILE.exists():
        _write_settings(integrations)
    for path in (SETTINGS_FILE, *FOLDER.iterdir()):
        if not os.access(path, os.R_OK | os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
    _add_missing(integrations)


def _integrations(web_port: int, sandbox_port: int) -> dict[str, str]:
    """Return the settings that point one integration at each emulator."""
    from providers.sandbox import environment_of, find_sandboxes

    sandboxes = {slug: sandbox() for slug, sandbox in find_sandboxes().items()}
    emulated, desk = (f"http://{LOOPBACK}:{port}" for port in (sandbox_port, web_port))
    return environment_of(sandboxes, emulated, desk_url=desk)


def _write_settings(integrations: Mapping[str, str]) -> None:
    lines = [
        "# Written by `manage.py demo`, for this machine only. `manage.py demo --fresh` writes it anew.",
        *(f"{name}={value}" for name, value in _keys().items()),
        "DEMO=true",
        *(f"{name}={value}" for name, value in _DOOR.items()),
        "HTTPS=false",
        f"DATABASE_URL=sqlite:///{FOLDER / 'linkdesk.sqlite3'}",
        f"TASKS_URL=sqlite:///{FOLDER / 'tasks.sqlite3'}",
        *(f"{name}={value}" for name, value in integrations.items()),
    ]
    _write_private(SETTINGS_FILE, lines)


def _add_missing(integrations: Mapping[str, str]) -> None:
    """Complete a file that was written when there were fewer providers and keys; its own values stay."""
    lines = SETTINGS_FILE.read_text(encoding="utf-8").splitlines()
    present = {line.partition("=")[0] for line in lines}
    wanted = f"INTEGRATIONS={integrations['INTEGRATIONS']}"
    completed = [wanted if line.startswith("INTEGRATIONS=") else line for line in lines]
    expected = {**_keys(), **_DOOR, **integrations}
    completed += [f"{name}={value}" for name, value in expected.items() if name not in present]
    if completed == lines:
        return
    fresh = FOLDER / "settings.new"
    fresh.unlink(missing_ok=True)
    _write_private(fresh, completed)
    fresh.replace(SETTINGS_FILE)


def _write_private(path: Path, lines: Sequence[str]) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")


def _keys() -> dict[str, str]:
    return {
        "SECRET_KEY": secrets.token_urlsafe(50),
        "AUDIT_KEYS": f"demo:{base64.b64encode(secrets.token_bytes(32)).decode()}",
        "FIELD_KEYS": f"demo:{base64.b64encode(secrets.token_bytes(32)).decode()}",
        "ANCHOR_KEYS": f"demo:{base64.b64encode(secrets.token_bytes(32)).decode()}",
    }
