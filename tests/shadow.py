"""Shadow triggers: every change of an audited table, however it was made, needs an entry in its own transaction.

The triggers write each change down, below the ORM, and an appended entry ticks off all that stands open. Whoever ends a
transaction (the outermost `atomic` of the code under test, or a single statement outside of one) looks what is still
open: made by product code, that is a change without an entry, and the test in which it happened fails.

What a test's own set-up changes is exempt: the frame nearest to the change, models aside, is one in `tests/`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.db.transaction import Atomic

ROOT = Path(__file__).resolve().parents[1]
SHADOW = "shadow_change"
# What stands in `entry` of a change that has none: made by a test, made by the product.
EXEMPT, UNTOLD = 0, -1
_WRITE = re.compile(r"\s*(INSERT|UPDATE|DELETE|REPLACE|WITH)\b", re.IGNORECASE)

# table -> what of it counts: None is every change, a tuple of columns is those columns of an UPDATE.
AUDITED: dict[str, tuple[str, ...] | None] = {
    "dashboard_customer": None,
    # Of people: who they are and what they may do. When they were last here is written by every request.
    "dashboard_erasedcustomer": None,
    "dashboard_user": ("email", "name", "password", "is_active", "is_staff", "is_superuser"),
    "dashboard_user_groups": None,
    "dashboard_user_user_permissions": None,
    "auth_group_permissions": None,
    "mfa_authenticator": ("user_id", "type"),
    # Leaving the state of a draft is what counts: see `_OPERATION`.
    "dashboard_operation": ("state", "closed_at"),
    "dashboard_approval": ("state",),
    "dashboard_invitation": None,
    "dashboard_auditreviewdecision": None,
    "dashboard_auditsegment": None,
}
# What tells the rows of a table apart, where that is no `id`.
KEYS = {"dashboard_invitation": "key_digest", "dashboard_auditsegment": "month"}
# An operation that begins, a draft that is typed into, and one that nobody sent are nothing that has happened.
_OPERATION = "OLD.state <> 'draft' OR NEW.state NOT IN ('draft', 'expired')"

NOT_AUDITED: dict[str, str] = {
    "dashboard_auditentry": "the log itself",
    "dashboard_audithead": "the log itself",
    "dashboard_auditterm": "derived from the log, written with each entry",
    "dashboard_knownname": "beside the log, written with each entry; erasing a person is an entry of its own",
    "dashboard_auditanchor": "how far the log was anchored: proves the log, is not proved by it",
    "dashboard_auditcheck": "the last look at the log",
    "dashboard_auditexport": "progress of a file; asking for it and taking it are entries of their own",
    "dashboard_auditreview": "the queue is derived from the log; what people decide on it is audited",
    "dashboard_auditreviewrule": "derived from the log, as the queue",
    "dashboard_auditreviewwalk": "how far the queue has been derived",
    "dashboard_auditreviewday": "a count derived from the log",
    "dashboard_auditrightuse": "derived from the log",
    "dashboard_savedquery": "a person's own bookmark of a search; searching itself is an entry",
    "dashboard_tries": "a counter against guessing; that its limit was reached is an entry",
    "dashboard_laststep": "a counter that lets a code work once; signing in is an entry",
    "dashboard_spentrecoverycode": "a mark that lets a code work once; signing in is an entry",
    "dashboard_linkedaccount": "a mirror: what providers say, written by every sync",
    "dashboard_remoteschema": "a mirror of forms",
    "dashboard_apicall": "a log of its own",
    "dashboard_syncrun": "progress; its end is an entry",
    "dashboard_rategate": "a counter",
    "dashboard_remotetoken": "a cache",
    "auth_group": "made by migrate from the code",
    "auth_permission": "made by migrate from the code",
    "django_content_type": "made by migrate",
    "django_session": "signing in and out are entries; the row changes with each page",
    "usersessions_usersession": "signing in and out are entries",
    "account_emailaddress": "written by allauth at sign-in; people have the address that their row says",
    "account_emailconfirmation": "not used: Linkdesk sends no mail",
    "socialaccount_socialaccount": "written at a single sign-on, which is an entry",
    "socialaccount_socialapp": "not used: single sign-on is set by settings",
    "socialaccount_socialtoken": "not used: tokens are not kept",
}


def install() -> None:
    """Put the triggers into the database that is open; into the template, so that each copy has them."""
    is_sqlite = connection.vendor == "sqlite"
    key = "integer PRIMARY KEY AUTOINCREMENT" if is_sqlite else "bigserial PRIMARY KEY"
    present = set(connection.introspection.table_names())
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE {SHADOW} (id {key}, tbl text NOT NULL, op text NOT NULL, pk text, entry bigint)")
        cursor.execute(f"CREATE INDEX shadow_open ON {SHADOW} (id) WHERE entry IS NULL")
        for table, columns in AUDITED.items():
            if table in present:
                for statement in _triggers(table, columns, is_sqlite=is_sqlite):
                    cursor.execute(statement)
        if not is_sqlite:
            cursor.execute(f"GRANT ALL ON {SHADOW} TO PUBLIC")
        tick = f"UPDATE {SHADOW} SET entry = NEW.seq WHERE entry IS NULL"
        for statement in _trigger("shadow_entry", "dashboard_auditentry", "INSERT", "", tick, is_sqlite=is_sqlite):
            cursor.execute(statement)


def _triggers(table: str, columns: tuple[str, ...] | None, *, is_sqlite: bool) -> Iterator[str]:
    for event, row in (("INSERT", "NEW"), ("UPDATE", "NEW"), ("DELETE", "OLD")):
        if table == "dashboard_operation" and event != "UPDATE":
            continue
        when = ""
        if event == "UPDATE" and columns is not None:
            differs = "IS NOT" if is_sqlite else "IS DISTINCT FROM"
            when = "(" + " OR ".join(f"OLD.{name} {differs} NEW.{name}" for name in columns) + ")"
            when += f" AND ({_OPERATION})" if table == "dashboard_operation" else ""
        key = KEYS.get(table, "id")
        note = f"INSERT INTO {SHADOW} (tbl, op, pk) VALUES ('{table}', '{event}', CAST({row}.{key} AS text))"
        yield from _trigger(f"shadow_{table}_{event.lower()}", table, event, when, note, is_sqlite=is_sqlite)


def _trigger(name: str, table: str, event: str, when: str, work: str, *, is_sqlite: bool) -> list[str]:
    condition = f"WHEN ({when})" if when else ""
    if is_sqlite:
        return [f"CREATE TRIGGER {name} AFTER {event} ON {table} {condition} BEGIN {work}; END"]
    return [
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS"
        f" $$ BEGIN {work}; RETURN NULL; END $$",
        f"CREATE TRIGGER {name} AFTER {event} ON {table} FOR EACH ROW {condition} EXECUTE FUNCTION {name}()",
    ]


class Watch:
    """Looks at the end of each transaction of the code under test; `found` are changes without an entry."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self.is_on = False

    @contextmanager
    def over_test(self) -> Iterator[None]:
        self.found, self.is_on = [], True
        try:
            yield
        finally:
            self.is_on = False

    def look(self, own: Any) -> None:
        """Let what is still open be a finding, unless the test itself made it; either way it is closed.

        By the driver's own cursor: the tests count the queries of Django's.
        """
        where = _nearest_frame()
        cursor = own.connection.cursor()
        try:
            cursor.execute(f"SELECT tbl, op, pk FROM {SHADOW} WHERE entry IS NULL")
            rows = cursor.fetchall()
            if rows:
                is_ours = where and not where.startswith("tests/")
                cursor.execute(f"UPDATE {SHADOW} SET entry = {UNTOLD if is_ours else EXEMPT} WHERE entry IS NULL")
                if is_ours:
                    self.found += [f"{op} of {table} {pk} without an entry, by {where}" for table, op, pk in rows]
        finally:
            cursor.close()


watch = Watch()


def start_watching() -> None:
    """Hook into the ends of transactions, once a process."""
    leave, execute, execute_many = Atomic.__exit__, CursorWrapper.execute, CursorWrapper.executemany

    def left(self: Atomic, kind: Any, error: Any, trace: Any) -> None:
        own = transaction.get_connection(self.using)
        if watch.is_on and kind is None and not own.needs_rollback and _blocks(own) == 1 and _is_last(self, own):
            _look(own)
        leave(self, kind, error, trace)

    def executed(self: Any, sql: Any, params: Any = None) -> Any:
        answer = execute(self, sql, params)
        _after_statement(self.db, sql)
        return answer

    def executed_many(self: Any, sql: Any, param_list: Any) -> Any:
        answer = execute_many(self, sql, param_list)
        _after_statement(self.db, sql)
        return answer

    Atomic.__exit__ = left  # type: ignore[method-assign]
    CursorWrapper.execute = executed  # type: ignore[method-assign]
    CursorWrapper.executemany = executed_many  # type: ignore[method-assign]


def untold() -> list[tuple[str, str, str]]:
    """Return what other processes on the same database changed without an entry."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT tbl, op, pk FROM {SHADOW} WHERE entry = {UNTOLD} OR entry IS NULL")
        return list(cursor.fetchall())


def _after_statement(own: Any, sql: Any) -> None:
    """A statement outside of any transaction of the code is one by itself."""
    if watch.is_on and _WRITE.match(str(sql)) and _blocks(own) == 0 and not own.needs_rollback:
        _look(own)


def _look(own: Any) -> None:
    if own.alias == "default" and own.connection is not None and _is_shadowed(own):
        watch.look(own)


def _is_shadowed(own: Any) -> bool:
    """Some tests bring a database of their own, or take one apart."""
    name = str(own.settings_dict["NAME"])
    return any(word in name for word in ("copy_", "template_desk"))


def _blocks(own: Any) -> int:
    """Count the blocks of the code itself: a test that rolls back has its own around them."""
    return sum(not block._from_testcase for block in own.atomic_blocks)


def _is_last(block: Atomic, own: Any) -> bool:
    return bool(own.atomic_blocks) and own.atomic_blocks[-1] is block


def _nearest_frame() -> str:
    frame: Any = sys._getframe(2)
    while frame is not None:
        path = frame.f_code.co_filename
        if path.startswith(f"{ROOT}/") and "/.venv/" not in path:
            name = path.removeprefix(f"{ROOT}/")
            # A model is a tool of whoever calls it, and so is this file.
            if not name.startswith(("dashboard/models/", "tests/shadow.py")):
                return f"{name}:{frame.f_lineno}"
        frame = frame.f_back
    return ""
