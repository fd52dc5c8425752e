"""Everything that keeps the audit log from being written, made real on either database, and mended again."""

from __future__ import annotations

import base64
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.test import override_settings

from dashboard.services import access_log, audit, audit_gate, audit_redaction
from dashboard.services.audit import AuditUnavailable
from dashboard.sign_in import sessions
from dashboard.triggers import ENTRIES, install_triggers
from tests import databases

from .audit_samples import append, run

_SHORT_MS = 50


def _is_sqlite() -> bool:
    return connection.vendor == "sqlite"


@contextmanager
def locked() -> Iterator[None]:
    """Let another connection hold what every writer of the log needs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(audit, "LOCK_TIMEOUT_MS", _SHORT_MS)
        patch.setattr(access_log, "WAIT_MS", _SHORT_MS)
        patch.setattr(sessions, "WAIT_MS", _SHORT_MS)
        if _is_sqlite():
            run(f"PRAGMA busy_timeout = {_SHORT_MS}")
            other: Any = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
            other.execute("BEGIN IMMEDIATE")
        else:
            other = _second_connection()
            other.execute(f"LOCK TABLE {ENTRIES} IN EXCLUSIVE MODE")
        try:
            yield
        finally:
            other.close()
            if _is_sqlite():
                run("PRAGMA busy_timeout = 20000")


@contextmanager
def held_for_good() -> Iterator[None]:
    """Let another connection hold PostgreSQL's strongest lock on the log; ours wait for less long than in earnest."""
    if _is_sqlite():
        pytest.skip("SQLite's readers wait for nobody")
    with pytest.MonkeyPatch.context() as patch, _second_connection() as other:
        patch.setattr(access_log, "WAIT_MS", _SHORT_MS)
        patch.setattr(sessions, "WAIT_MS", _SHORT_MS)
        other.execute(f"LOCK TABLE {ENTRIES} IN ACCESS EXCLUSIVE MODE")
        run(f"SET lock_timeout = '{_SHORT_MS}ms'")
        try:
            yield
        finally:
            other.rollback()
            run("SET lock_timeout = '15s'")


@contextmanager
def read_only() -> Iterator[None]:
    """Open SQLite's file for reading only; tell PostgreSQL that transactions are."""
    if _is_sqlite():
        name = databases.current()
        databases.use(f"file:{name}?mode=ro")
        try:
            yield
        finally:
            databases.use(name)
    else:
        run("SET default_transaction_read_only = on")
        try:
            yield
        finally:
            run("SET default_transaction_read_only = off")


@contextmanager
def read_only_role() -> Iterator[None]:
    """Work as a role of PostgreSQL's that may look at everything and change nothing."""
    if _is_sqlite():
        pytest.skip("SQLite has no roles")
    role = f"reader_{secrets.token_hex(6)}"
    run(f"CREATE ROLE {role}")
    run(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}")
    run(f"SET ROLE {role}")
    try:
        yield
    finally:
        run("RESET ROLE")
        run(f"DROP OWNED BY {role}")
        run(f"DROP ROLE {role}")


@contextmanager
def full() -> Iterator[None]:
    """Leave no room. For PostgreSQL a trigger answers as a full disk does (53100): a quota is nothing it has."""
    if _is_sqlite():
        with connection.cursor() as cursor:
            [pages] = cursor.execute("PRAGMA page_count").fetchone()
            cursor.execute(f"PRAGMA max_page_count = {pages}").fetchone()
        # What is left in pages that are there already is used up, too.
        for chars in (4000, 1000, 200, 1):
            with suppress(AuditUnavailable):
                while True:
                    append(filler="x" * chars)
        try:
            yield
        finally:
            run("PRAGMA max_page_count = 1000000")
    else:
        run(
            "CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            " RAISE EXCEPTION 'no room' USING ERRCODE = 'disk_full'; END $$"
        )
        run(f"CREATE TRIGGER no_room BEFORE INSERT ON {ENTRIES} FOR EACH ROW EXECUTE FUNCTION no_room()")
        try:
            yield
        finally:
            run(f"DROP TRIGGER no_room ON {ENTRIES}")


@contextmanager
def without(trigger: str) -> Iterator[None]:
    """Drop a trigger while the site runs."""
    run(f"DROP TRIGGER {trigger}" if _is_sqlite() else f"DROP TRIGGER {trigger} ON {ENTRIES}")
    # That long a process may go on before it looks again.
    time.sleep(audit_gate.OPEN_FOR_S)
    try:
        yield
    finally:
        with transaction.atomic():
            install_triggers(connection)


@contextmanager
def anchors_overdue() -> Iterator[None]:
    """Let the only sink of anchors be a folder that is not there, for longer than the site puts up with."""
    with override_settings(AUDIT_ANCHORS=["file:///no/such/volume/anchors.txt"], AUDIT_ANCHOR_LIMIT_S=0):
        time.sleep(audit_gate.OPEN_FOR_S)
        yield


def keys(*ring: str) -> AbstractContextManager[Any]:
    return override_settings(AUDIT_KEYS=list(ring))


def same_id_other_bytes() -> AbstractContextManager[Any]:
    key_id = settings.AUDIT_KEYS[0].partition(":")[0]
    return keys(f"{key_id}:{_key(b'z')}")


@contextmanager
def redactor_broken() -> Iterator[None]:
    """Let the redaction of a change break, as it would for a value that nobody has thought of."""

    def break_down(change: Any) -> Any:
        raise TypeError(f"cannot tell the class of {change.after!r}")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(audit_redaction, "_class_of", break_down)
        yield


def _key(letter: bytes) -> str:
    return base64.b64encode(letter * 32).decode()


def _second_connection() -> Any:
    import psycopg

    return psycopg.connect(databases.database_url(databases.current()))


Outage = Callable[[], AbstractContextManager[Any]]
OUTAGES: dict[str, Outage] = {
    "locked": locked,
    "read only": read_only,
    "read-only role": read_only_role,
    "full": full,
    "trigger dropped": lambda: without("audit_entry_no_update"),
    "anchors overdue": anchors_overdue,
    "no key": keys,
    "rubbish for a key": lambda: keys("a1:rubbish"),
    "without the last entry's key": lambda: keys(f"new:{_key(b'n')}"),
    "another key of the same name": same_id_other_bytes,
    "redactor broken": redactor_broken,
}
