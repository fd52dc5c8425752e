"""Nothing is done that cannot be put on record."""

import contextlib
import sqlite3

import pytest
from django.db import connection, transaction

from dashboard.models import AuditEntry, AuditHead, Customer
from dashboard.services.audit import SYSTEM, AuditUnavailable, Kind, record, verify
from dashboard.triggers import install_triggers
from providers.secrets import Secret

from .audit_samples import append, run, tamper

pytestmark = pytest.mark.django_db


def _refused():
    with pytest.raises(AuditUnavailable) as caught, transaction.atomic():
        append()
    assert not AuditEntry.objects.exists()
    return str(caught.value)


def test_an_entry_leaves_with_the_transaction_it_belongs_to():
    class _Trouble(Exception):
        pass

    with pytest.raises(_Trouble), transaction.atomic():
        append(3)
        raise _Trouble

    assert not AuditEntry.objects.exists()
    assert AuditHead.objects.get().seq == 0
    assert append().seq == 1


def test_a_change_whose_entry_cannot_be_written_does_not_happen(settings):
    settings.AUDIT_KEYS = []

    with transaction.atomic():
        Customer.objects.create(reference="c-1")
        with pytest.raises(AuditUnavailable):
            record(Kind.EVENT, "customer.created", actor=SYSTEM)
        assert connection.needs_rollback

    assert not Customer.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_change_is_undone_even_where_the_trouble_is_swallowed():
    with transaction.atomic():
        Customer.objects.create(reference="c-1")
        with contextlib.suppress(AuditUnavailable):
            record(Kind.EVENT, "customer.created", actor=SYSTEM, facts={"key": Secret("x")})

    assert not Customer.objects.exists()


@pytest.mark.parametrize("keys", [[], ["k1:rubbish"], ["k1"]])
def test_without_a_usable_key_nothing_is_written(settings, keys):
    settings.AUDIT_KEYS = keys

    assert "AUDIT_KEYS" in _refused()


def test_without_the_end_of_the_chain_nothing_is_written():
    tamper("DELETE FROM dashboard_audithead")

    _refused()


def test_after_a_lost_tail_nothing_is_written():
    append(3)
    tamper("DELETE FROM dashboard_auditentry WHERE seq = 3")
    install_triggers(connection)

    with pytest.raises(AuditUnavailable), transaction.atomic():
        append()

    assert [finding.kind for finding in verify().findings] == ["missing_tail"]


def test_an_entry_slipped_in_at_the_end_stops_the_log():
    append(2)
    copy = "chain, key_id, prev_mac, mac, at, kind, action, actor_id, actor, role, target_id, target, integration,"
    copy += " operation_id, result, body"
    run(f"INSERT INTO dashboard_auditentry (seq, {copy}) SELECT 3, {copy} FROM dashboard_auditentry WHERE seq = 2")

    with pytest.raises(AuditUnavailable), transaction.atomic():
        append()


def test_a_missing_table_is_trouble_of_the_log():
    run("ALTER TABLE dashboard_auditentry RENAME TO elsewhere")

    with pytest.raises(AuditUnavailable), transaction.atomic():
        append()


@pytest.mark.django_db(transaction=True)
def test_a_read_only_database_is_trouble_of_the_log():
    read_only = (
        ("SET default_transaction_read_only = on", "SET default_transaction_read_only = off")
        if connection.vendor == "postgresql"
        else ("PRAGMA query_only = ON", "PRAGMA query_only = OFF")
    )
    run(read_only[0])
    try:
        with pytest.raises(AuditUnavailable):
            append()
    finally:
        run(read_only[1])

    assert append().seq == 1


@pytest.mark.django_db(transaction=True)
def test_a_full_disk_is_trouble_of_the_log():
    if connection.vendor != "sqlite":
        pytest.skip("a size limit is SQLite's")
    with connection.cursor() as cursor:
        [pages] = cursor.execute("PRAGMA page_count").fetchone()
        cursor.execute(f"PRAGMA max_page_count = {pages}").fetchone()

    with pytest.raises(AuditUnavailable):
        for _ in range(1000):
            append(filler="x" * 4000)

    run("PRAGMA max_page_count = 1000000")
    assert append().seq == AuditEntry.objects.count()
    assert verify().ok


@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_locked_for_too_long_is_trouble_of_the_log():
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL locks rows: see test_audit_concurrency.py")
    run("PRAGMA busy_timeout = 100")
    other = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(AuditUnavailable):
        append()

    other.close()
    assert append().seq == 1
