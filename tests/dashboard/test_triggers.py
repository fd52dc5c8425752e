"""What the database refuses, whoever asks: changes of the audit log, and impossible states."""

import importlib
import sqlite3
import uuid

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from dashboard.checks import start_up_problems, triggers_are_in_place
from dashboard.models import AuditEntry, AuditHead, LinkedAccount, Operation
from dashboard.models.operation import TRANSITIONS, State
from dashboard.services import audit_gate
from dashboard.services.audit import verify
from dashboard.triggers import ENTRIES, expected_triggers, install_triggers, missing_triggers

from .audit_samples import ENTRY_COLUMNS, append, run, triggers_off

pytestmark = pytest.mark.django_db

COLUMNS = ", ".join(ENTRY_COLUMNS)
ASSIGNMENTS = ", ".join(f"{name} = excluded.{name}" for name in ENTRY_COLUMNS)


def _only_on(vendor):
    if connection.vendor != vendor:
        pytest.skip(f"only on {vendor}")


def _refused(sql, *values):
    """Say that the database refuses, and that everything is as it was."""
    before = list(AuditEntry.objects.order_by("seq").values_list()), list(AuditHead.objects.values_list())
    with pytest.raises(IntegrityError), transaction.atomic():
        run(sql, *values)
    after = list(AuditEntry.objects.order_by("seq").values_list()), list(AuditHead.objects.values_list())
    assert [[bytes(c) if isinstance(c, memoryview) else c for c in row] for table in after for row in table] == [
        [bytes(c) if isinstance(c, memoryview) else c for c in row] for table in before for row in table
    ]
    assert verify().ok


def _copy_with(**other):
    """Return the SELECT of a copy of entry 2 with some columns replaced by SQL."""
    return (
        "SELECT "
        + ", ".join(other.get(name, name) for name in ENTRY_COLUMNS)
        + " FROM dashboard_auditentry WHERE seq = 2"
    )


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE dashboard_auditentry SET body = '{}'",
        "UPDATE dashboard_auditentry SET body = body WHERE seq = 2",
        "UPDATE dashboard_auditentry SET seq = 9 WHERE seq = 3",
        "UPDATE dashboard_auditentry SET seq = seq + 1 WHERE seq = 3",
        "UPDATE dashboard_auditentry SET mac = head.mac FROM dashboard_audithead head WHERE head.seq > 0",
        "WITH old AS (SELECT min(seq) AS seq FROM dashboard_auditentry) DELETE FROM dashboard_auditentry"
        " WHERE seq IN (SELECT seq FROM old)",
        "DELETE FROM dashboard_auditentry",
        "DELETE FROM dashboard_auditentry WHERE seq = 3",
        "DELETE FROM dashboard_audithead",
        "UPDATE dashboard_audithead SET seq = 0",
        "UPDATE dashboard_audithead SET seq = seq",
        "UPDATE dashboard_audithead SET seq = seq + 1",
        "UPDATE dashboard_audithead SET seq = seq - 1",
        "UPDATE dashboard_audithead SET chain = 'other'",
    ],
)
def test_a_change_is_refused(sql):
    append(3)

    _refused(sql)


@pytest.mark.parametrize("seq", ["2", "3", "5", "0", "-1", "9223372036854775807"])
def test_an_entry_that_is_not_the_next_is_refused(seq):
    append(3)

    _refused(f"INSERT INTO dashboard_auditentry ({COLUMNS}) {_copy_with(seq=seq)}")


@pytest.mark.parametrize("seq", ["2", "3"])
def test_an_upsert_is_refused(seq):
    append(3)

    copy = f"INSERT INTO dashboard_auditentry ({COLUMNS}) {_copy_with(seq=seq)}"
    _refused(f"{copy} ON CONFLICT (seq) DO UPDATE SET {ASSIGNMENTS}")


@pytest.mark.parametrize("seq", ["0", "3", "4"])
def test_an_upsert_of_the_end_is_refused(seq):
    append(3)

    end = f"INSERT INTO dashboard_audithead (chain, seq, mac) SELECT chain, {seq}, mac FROM dashboard_audithead"
    _refused(f"{end} WHERE true ON CONFLICT (chain) DO UPDATE SET seq = excluded.seq")


@pytest.mark.parametrize("then", ["UPDATE SET body = '{}'", "DELETE"])
def test_a_merge_is_refused(then):
    _only_on("postgresql")
    append(3)

    merge = "MERGE INTO dashboard_auditentry entry USING (SELECT 2 AS seq) other ON entry.seq = other.seq"
    _refused(f"{merge} WHEN MATCHED THEN {then}")


def test_an_upsert_through_the_orm_is_refused():
    append(3)
    entry = AuditEntry.objects.get(seq=2)
    entry.body = "{}"

    with pytest.raises(IntegrityError), transaction.atomic():
        AuditEntry.objects.bulk_create([entry], update_conflicts=True, unique_fields=["seq"], update_fields=["body"])
    with pytest.raises(IntegrityError), transaction.atomic():
        entry.save()
    with pytest.raises(IntegrityError), transaction.atomic():
        entry.delete()

    assert verify().ok


@pytest.mark.parametrize("verb", ["REPLACE", "INSERT OR REPLACE", "INSERT OR IGNORE", "INSERT OR FAIL"])
@pytest.mark.parametrize("recursive", ["ON", "OFF"])
def test_replace_erases_no_entry_whatever_the_connection_says(verb, recursive):
    _only_on("sqlite")
    append(3)
    run(f"PRAGMA recursive_triggers={recursive}")

    try:
        _refused(f"{verb} INTO dashboard_auditentry ({COLUMNS}) {_copy_with(seq='2')}")
        _refused(f"{verb} INTO dashboard_audithead (chain, seq, mac) VALUES ('main', 0, x'')")
        _refused(f"{verb} INTO dashboard_audithead (chain, seq, mac) VALUES ('other', 0, x'')")
    finally:
        run("PRAGMA recursive_triggers=ON")


@pytest.mark.parametrize("recursive", ["ON", "OFF"])
def test_replace_by_the_hidden_rowid_erases_no_entry(recursive):
    _only_on("sqlite")
    append(3)
    run(f"PRAGMA recursive_triggers={recursive}")

    try:
        _refused(f"REPLACE INTO dashboard_auditentry (rowid, {COLUMNS}) SELECT 1, {_copy_with(seq='4')[7:]}")
        _refused("UPDATE OR REPLACE dashboard_auditentry SET rowid = 1 WHERE seq = 2")
        _refused("UPDATE OR REPLACE dashboard_auditentry SET seq = 1 WHERE seq = 2")
        _refused("UPDATE OR REPLACE dashboard_audithead SET rowid = 7")
    finally:
        run("PRAGMA recursive_triggers=ON")


@pytest.mark.django_db(transaction=True)
def test_a_plain_client_of_the_file_is_refused_too():
    _only_on("sqlite")
    append(3)
    client = sqlite3.connect(connection.settings_dict["NAME"])

    for sql in (
        "DELETE FROM dashboard_auditentry",
        "UPDATE dashboard_auditentry SET body = ''",
        f"REPLACE INTO dashboard_auditentry ({COLUMNS}) {_copy_with(seq='2')}",
        f"REPLACE INTO dashboard_auditentry (rowid, {COLUMNS}) SELECT 1, {_copy_with(seq='4')[7:]}",
        "REPLACE INTO dashboard_audithead (chain, seq, mac) VALUES ('main', 0, x'')",
    ):
        with pytest.raises(sqlite3.IntegrityError):
            client.execute(sql)
        client.rollback()
    client.close()

    assert verify().ok


@pytest.mark.parametrize(
    "table", ["dashboard_auditentry", "dashboard_audithead", "dashboard_auditentry, dashboard_audithead"]
)
def test_truncate_is_refused(table):
    _only_on("postgresql")
    append(3)

    _refused(f"TRUNCATE {table}")
    _refused(f"TRUNCATE {table} CASCADE")


def test_a_session_that_says_it_is_a_replica_is_refused_too():
    _only_on("postgresql")
    append(3)
    run("SET LOCAL session_replication_role = replica")

    _refused("DELETE FROM dashboard_auditentry")
    _refused("UPDATE dashboard_auditentry SET body = ''")


@pytest.mark.parametrize(
    "values",
    ["('main', 0, '')", "('other', 0, '')", "('other', 5, '')"],
)
def test_a_second_end_of_the_chain_is_refused(values):
    append(1)

    _refused(f"INSERT INTO dashboard_audithead (chain, seq, mac) VALUES {values}")


def test_an_end_that_names_another_mac_is_refused():
    append(2)
    run(f"INSERT INTO dashboard_auditentry ({COLUMNS}) {_copy_with(seq='3')}")

    with pytest.raises(IntegrityError), transaction.atomic():
        AuditHead.objects.update(seq=3, mac=b"made up")


# -- states


def _operation(state):
    account = LinkedAccount.objects.create(
        integration="belvo", provider="belvo", remote_id=str(uuid.uuid4()), digest=""
    )
    return Operation.objects.create(account=account, integration="belvo", action="password", state=state)


class _TakeBack(Exception):
    """Undo what a test tried."""


def _may_move(operation, after):
    try:
        with transaction.atomic():
            Operation.objects.filter(pk=operation.pk).update(state=after)
            raise _TakeBack
    except _TakeBack:
        return True
    except IntegrityError:
        return False


@pytest.mark.parametrize("before", list(State))
def test_only_the_states_of_the_table_may_follow(before):
    operation = _operation(before)

    moves = {after for after in State if _may_move(operation, after)}

    assert moves == TRANSITIONS[before] | {before}


def test_an_unknown_operation_may_be_closed_where_it_stands():
    operation = _operation(State.UNKNOWN)

    Operation.objects.filter(pk=operation.pk).update(closed_at=timezone.now())

    operation.refresh_from_db()
    assert (operation.state, operation.is_holding) == (State.UNKNOWN, False)


def test_the_last_migration_allows_what_the_model_allows():
    migration = importlib.import_module("dashboard.migrations.0022_refused_drafts")

    assert set(migration.TRANSITIONS) == {(one.value, other.value) for one in TRANSITIONS for other in TRANSITIONS[one]}


# -- presence


def test_every_trigger_is_there_after_migrate():
    assert missing_triggers(connection) == []
    assert triggers_are_in_place(databases=["default"]) == []


@pytest.mark.parametrize("at", range(7))
def test_a_missing_trigger_is_named_at_start(at):
    name, table = sorted(expected_triggers(connection.vendor))[at]
    run(f"DROP TRIGGER {name} ON {table}" if connection.vendor == "postgresql" else f"DROP TRIGGER {name}")

    assert missing_triggers(connection) == [name]
    [problem] = triggers_are_in_place(databases=["default"])
    assert name in problem.msg
    # Pages can be read: writes are refused instead.
    assert start_up_problems() == []
    assert name in audit_gate.look().sentence


def test_a_disabled_trigger_is_a_missing_one():
    _only_on("postgresql")
    run("ALTER TABLE dashboard_auditentry DISABLE TRIGGER audit_entry_no_delete")
    run("ALTER TABLE dashboard_auditentry ENABLE TRIGGER audit_entry_no_update")

    assert missing_triggers(connection) == ["audit_entry_no_delete", "audit_entry_no_update"]


def test_a_trigger_of_that_name_that_refuses_nothing_is_a_missing_one():
    if connection.vendor == "postgresql":
        run(
            "CREATE OR REPLACE FUNCTION linkdesk_audit_entry_no_delete() RETURNS trigger LANGUAGE plpgsql"
            " AS $$ BEGIN RETURN OLD; END $$"
        )
    else:
        run("DROP TRIGGER audit_entry_no_delete")
        run(
            "CREATE TRIGGER audit_entry_no_delete BEFORE DELETE ON dashboard_auditentry WHEN 0"
            " BEGIN SELECT RAISE(ABORT, 'never'); END"
        )

    assert missing_triggers(connection) == ["audit_entry_no_delete"]


def test_a_table_that_was_renamed_and_renamed_back_misses_none():
    # SQLite writes the new name, in quotes, into the triggers of a table that it renames.
    run(f"ALTER TABLE {ENTRIES} RENAME TO elsewhere")
    run(f"ALTER TABLE elsewhere RENAME TO {ENTRIES}")

    assert missing_triggers(connection) == []


def test_triggers_put_back_refuse_again():
    append(2)
    with triggers_off():
        install_triggers(connection)

    assert missing_triggers(connection) == []
    _refused("DELETE FROM dashboard_auditentry")
