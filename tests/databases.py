"""Databases for tests: one migrated template a run, a copy for each worker, a copy for each test that commits.

Tests never flush: the audit triggers refuse to delete. SQLite copies a file, PostgreSQL copies with TEMPLATE; triggers
are on.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.db import connection

from . import shadow

RUN_FOLDER = Path(os.environ["LINKDESK_TEST_FOLDER"])


def is_sqlite() -> bool:
    return connection.vendor == "sqlite"


def current() -> str:
    return str(connection.settings_dict["NAME"])


def use(name: str) -> None:
    """Point every connection of this process, those of new threads too, at another database."""
    connection.close()
    connection.settings_dict["NAME"] = name


def copy_of(template: str) -> str:
    """Copy a closed database and return the name of the copy."""
    name = _name(f"copy_{secrets.token_hex(6)}")
    if is_sqlite():
        shutil.copyfile(template, name)
    else:
        _on_server(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    return name


def drop(name: str) -> None:
    """Remove a database, whoever is still connected to it."""
    if is_sqlite():
        for suffix in ("", "-wal", "-shm"):
            Path(f"{name}{suffix}").unlink(missing_ok=True)
    else:
        _on_server(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def template(label: str, fill: Callable[[], None], base: str = "") -> str:
    """Return the name of a database that is made once a run: a copy of `base`, or empty, then filled."""
    name = _name(f"template_{label}")
    done = RUN_FOLDER / f"{label}.done"
    with _only_one_process(label):
        if not done.exists():
            before = current()
            _make(name, base)
            use(name)
            try:
                fill()
            finally:
                use(before)
            if is_sqlite():
                _fold_wal(name)
            done.touch()
    return name


def migrated() -> str:
    def fill() -> None:
        call_command("migrate", verbosity=0, interactive=False)
        shadow.install()

    return template("migrated", fill)


@contextmanager
def fresh(source: str) -> Iterator[str]:
    """Work on a fresh copy of `source`, then go back to where we were and drop it."""
    before = current()
    name = copy_of(source)
    use(name)
    try:
        yield name
    finally:
        use(before)
        drop(name)


def database_url(name: str) -> str:
    """Return the address of a database for another process."""
    if is_sqlite():
        return f"sqlite:///{name}"
    own = connection.settings_dict
    where = f"{own['HOST']}:{own['PORT']}" if own["PORT"] else own["HOST"]
    return f"postgres://{own['USER']}:{own['PASSWORD']}@{where}/{name}"


def _name(label: str) -> str:
    if is_sqlite():
        return str(RUN_FOLDER / f"{label}.sqlite3")
    return f"{RUN_FOLDER.name}_{label}".replace("-", "_").lower()


def _make(name: str, base: str) -> None:
    drop(name)
    if is_sqlite():
        if base:
            shutil.copyfile(base, name)
    else:
        _on_server(f'CREATE DATABASE "{name}" TEMPLATE "{base or "template0"}"')


def _fold_wal(name: str) -> None:
    """Leave one plain file, so that copying the file copies the database."""
    plain = sqlite3.connect(name)
    plain.execute("PRAGMA journal_mode=DELETE")
    plain.close()


def _on_server(statement: str) -> None:
    with connection._nodb_cursor() as cursor:
        cursor.execute(statement)


@contextmanager
def _only_one_process(label: str) -> Iterator[Any]:
    with (RUN_FOLDER / f"{label}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock
