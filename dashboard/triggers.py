"""What the database itself refuses: changing the audit log, and a state that may not follow another.

The same refusals on SQLite and PostgreSQL; each is an `IntegrityError`. A migration that makes SQLite remake one of the
tables drops its triggers: it must run `InstallTriggers` again after, and `missing_triggers` is checked at start.
"""

# ruff: noqa: S608 - the only words put into the SQL are the names of our own tables and states.

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.operations.base import Operation

Transitions = Iterable[tuple[str, str]]

ENTRIES = "dashboard_auditentry"
HEAD = "dashboard_audithead"
OPERATIONS = "dashboard_operation"

_NO_DELETE = "audit_entry_no_delete"
# (name, table) of every trigger; PostgreSQL has two more.
_ON_BOTH = (
    ("audit_entry_no_update", ENTRIES),
    (_NO_DELETE, ENTRIES),
    ("audit_entry_next_seq", ENTRIES),
    ("audit_head_no_delete", HEAD),
    ("audit_head_one_row", HEAD),
    ("audit_head_forward", HEAD),
    ("operation_state_follows", OPERATIONS),
)
_ON_POSTGRESQL = (("audit_entry_no_truncate", ENTRIES), ("audit_head_no_truncate", HEAD))

_KEPT = "audit entries are kept as they are"
_NEXT = "an audit entry must have the next number"
_HEAD_KEPT = "the end of the audit chain stays"
_HEAD_FORWARD = "the end of the audit chain moves only to the entry just written"
_STATE = "this state may not follow that one"


def expected_triggers(vendor: str) -> frozenset[tuple[str, str]]:
    """Return (name, table) of every trigger that a database of this vendor must have."""
    return frozenset(_ON_BOTH + (_ON_POSTGRESQL if vendor == "postgresql" else ()))


def missing_triggers(connection: BaseDatabaseWrapper) -> list[str]:
    """Return the names of triggers that are absent, disabled, on the wrong table, or do something else, in order."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # 'A': fires always, also for a session that says it is a replica.
            cursor.execute(
                "SELECT t.tgname, c.relname, p.prosrc FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
                " JOIN pg_proc p ON p.oid = t.tgfoid"
                " WHERE NOT t.tgisinternal AND t.tgenabled = 'A' AND pg_table_is_visible(c.oid)"
            )
        else:
            cursor.execute("SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger'")
        present = {(name, table): _unquoted(text) for name, table, text in cursor.fetchall()}
    texts = _texts(connection.vendor)
    wanted = expected_triggers(connection.vendor)
    return sorted(name for name, table in wanted if present.get((name, table)) != texts[name])


def _unquoted(text: str) -> str:
    """Return what a trigger does with our tables' names as we write them: SQLite puts quotes on a table it renamed."""
    for table in (ENTRIES, HEAD, OPERATIONS):
        text = text.replace(f'"{table}"', table)
    return text


@cache
def _texts(vendor: str) -> dict[str, str]:
    """Return by name what the database must say that a trigger does: its statement, or its function's body."""
    texts = {}
    for statement in install_statements(vendor, _pairs_of_today()):
        if statement.startswith("CREATE TRIGGER ") and vendor != "postgresql":
            texts[statement.split(" ", 3)[2]] = statement
        elif statement.startswith("CREATE FUNCTION linkdesk_"):
            texts[statement.removeprefix("CREATE FUNCTION linkdesk_").partition("(")[0]] = statement.split("$$")[1]
    return texts


def _pairs_of_today() -> list[tuple[str, str]]:
    from .models.operation import TRANSITIONS

    return [(before.value, after.value) for before, followers in TRANSITIONS.items() for after in followers]


def install_triggers(connection: BaseDatabaseWrapper) -> None:
    """Put every trigger in place as the code of today has it; a migration uses `InstallTriggers` instead."""
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        for statement in install_statements(connection.vendor, _pairs_of_today()):
            cursor.execute(statement)


def remove_entries(connection: BaseDatabaseWrapper, last_seq: int) -> int:
    """Remove the entries up to a number, with the one trigger out that refuses it; return how many there were.

    In the caller's transaction, so that nobody else ever sees the log without its triggers: they are back, and looked
    for, before this returns. Only whoever owns the table can. Raises `RuntimeError` if one is missing then.
    """
    is_postgresql = connection.vendor == "postgresql"
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        cursor.execute(
            f"ALTER TABLE {ENTRIES} DISABLE TRIGGER {_NO_DELETE}" if is_postgresql else f"DROP TRIGGER {_NO_DELETE}"
        )
        cursor.execute(f"DELETE FROM {ENTRIES} WHERE seq <= %s", [last_seq])
        count = int(cursor.rowcount)
        cursor.execute(
            f"ALTER TABLE {ENTRIES} ENABLE ALWAYS TRIGGER {_NO_DELETE}"
            if is_postgresql
            else _texts(connection.vendor)[_NO_DELETE]
        )
        if missing := missing_triggers(connection):
            raise RuntimeError(f"these triggers are not back: {', '.join(missing)}")
    return count


class InstallTriggers(Operation):
    """Put every trigger in place, replacing those of the same names; `transitions` are the pairs of states allowed.

    `before` are those that the last migration allowed; empty where there was none.
    """

    reduces_to_sql = True
    reversible = True

    def __init__(self, transitions: Transitions, *, before: Transitions = ()) -> None:
        self.transitions = tuple(transitions)
        self.before = tuple(before)

    def state_forwards(self, app_label: str, state: Any) -> None:
        """Triggers are not part of the models."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        for statement in install_statements(schema_editor.connection.vendor, self.transitions):
            schema_editor.execute(statement, params=None)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        vendor = schema_editor.connection.vendor
        for statement in install_statements(vendor, self.before) if self.before else _drop_statements(vendor):
            schema_editor.execute(statement, params=None)

    def describe(self) -> str:
        return "Refuse changes of audit entries and impossible states"


def install_statements(vendor: str, transitions: Transitions) -> list[str]:
    """Return the SQL that puts every trigger in place, from any state before."""
    make = _postgresql if vendor == "postgresql" else _sqlite
    return [*_drop_statements(vendor), *make(tuple(transitions))]


def _drop_statements(vendor: str) -> list[str]:
    triggers = sorted(expected_triggers(vendor))
    if vendor != "postgresql":
        return [f"DROP TRIGGER IF EXISTS {name}" for name, _ in triggers]
    drops = [f"DROP TRIGGER IF EXISTS {name} ON {table}" for name, table in triggers]
    return drops + [f"DROP FUNCTION IF EXISTS linkdesk_{name}()" for name, _ in triggers]


def _pairs(transitions: Transitions) -> str:
    """Return the allowed pairs as a list of SQL texts; states are our own words, checked here all the same."""
    for pair in transitions:
        if not all(state.isidentifier() for state in pair):
            raise ValueError(f"not a pair of states: {pair}")
    return ", ".join(f"'{before}>{after}'" for before, after in sorted(transitions))


def _sqlite(transitions: tuple[tuple[str, str], ...]) -> list[str]:
    def trigger(name: str, event: str, refusal: str, when: str = "1") -> str:
        return f"CREATE TRIGGER {name} BEFORE {event} WHEN {when} BEGIN SELECT RAISE(ABORT, '{refusal}'); END"

    # REPLACE deletes the row it collides with before any DELETE trigger sees it (unless recursive_triggers is on), so a
    # collision must be refused here: by number, and by the hidden rowid, which is a unique key too.
    not_next = (
        f"NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM {ENTRIES})"
        f" OR EXISTS (SELECT 1 FROM {ENTRIES} WHERE rowid = NEW.rowid)"
    )
    not_forward = (
        "NEW.chain IS NOT OLD.chain OR NEW.seq IS NOT OLD.seq + 1 OR NEW.rowid IS NOT OLD.rowid"
        f" OR NEW.mac IS NOT (SELECT mac FROM {ENTRIES} WHERE seq = NEW.seq)"
    )
    return [
        trigger("audit_entry_no_update", f"UPDATE ON {ENTRIES}", _KEPT),
        trigger("audit_entry_no_delete", f"DELETE ON {ENTRIES}", _KEPT),
        trigger("audit_entry_next_seq", f"INSERT ON {ENTRIES}", _NEXT, not_next),
        trigger("audit_head_no_delete", f"DELETE ON {HEAD}", _HEAD_KEPT),
        trigger("audit_head_one_row", f"INSERT ON {HEAD}", _HEAD_KEPT, _head_not_first()),
        trigger("audit_head_forward", f"UPDATE ON {HEAD}", _HEAD_FORWARD, not_forward),
        trigger(
            "operation_state_follows",
            f"UPDATE ON {OPERATIONS}",
            _STATE,
            f"OLD.state IS NOT NEW.state AND OLD.state || '>' || NEW.state NOT IN ({_pairs(transitions)})",
        ),
    ]


def _head_not_first() -> str:
    return f"NEW.seq <> 0 OR EXISTS (SELECT 1 FROM {HEAD}) OR EXISTS (SELECT 1 FROM {ENTRIES})"


def _postgresql(transitions: tuple[tuple[str, str], ...]) -> list[str]:
    def trigger(name: str, event: str, refusal: str, when: str = "true", *, each: str = "ROW") -> list[str]:
        table = event.rpartition(" ")[2]
        return [
            f"CREATE FUNCTION linkdesk_{name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF {when} THEN"
            f" RAISE EXCEPTION '{refusal}' USING ERRCODE = 'integrity_constraint_violation'; END IF;"
            " RETURN NEW; END $$",
            f"CREATE TRIGGER {name} BEFORE {event} FOR EACH {each} EXECUTE FUNCTION linkdesk_{name}()",
            f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}",
        ]

    not_next = f"NEW.seq IS DISTINCT FROM (SELECT coalesce(max(seq), 0) + 1 FROM {ENTRIES})"
    not_forward = (
        "NEW.chain IS DISTINCT FROM OLD.chain OR NEW.seq IS DISTINCT FROM OLD.seq + 1"
        f" OR NEW.mac IS DISTINCT FROM (SELECT mac FROM {ENTRIES} WHERE seq = NEW.seq)"
    )
    return [
        *trigger("audit_entry_no_update", f"UPDATE ON {ENTRIES}", _KEPT),
        *trigger("audit_entry_no_delete", f"DELETE ON {ENTRIES}", _KEPT),
        *trigger("audit_entry_next_seq", f"INSERT ON {ENTRIES}", _NEXT, not_next),
        *trigger("audit_entry_no_truncate", f"TRUNCATE ON {ENTRIES}", _KEPT, each="STATEMENT"),
        *trigger("audit_head_no_delete", f"DELETE ON {HEAD}", _HEAD_KEPT),
        *trigger("audit_head_no_truncate", f"TRUNCATE ON {HEAD}", _HEAD_KEPT, each="STATEMENT"),
        *trigger("audit_head_one_row", f"INSERT ON {HEAD}", _HEAD_KEPT, _head_not_first()),
        *trigger("audit_head_forward", f"UPDATE ON {HEAD}", _HEAD_FORWARD, not_forward),
        *trigger(
            "operation_state_follows",
            f"UPDATE ON {OPERATIONS}",
            _STATE,
            f"OLD.state IS DISTINCT FROM NEW.state AND OLD.state || '>' || NEW.state NOT IN ({_pairs(transitions)})",
        ),
    ]
