"""What is wrong with the settings or the database is named before anything runs."""

import base64

import pytest
from django.db import connection

from dashboard.checks import (
    approvals_are_known,
    database_keeps_what_it_promised,
    key_rings_are_usable,
    start_up_problems,
)

from .audit_samples import run

A, B = (base64.b64encode(letter * 32).decode() for letter in (b"a", b"b"))


@pytest.mark.django_db
def test_nothing_is_wrong_with_a_good_installation():
    assert start_up_problems() == []


@pytest.mark.parametrize("variable", ["AUDIT_KEYS", "FIELD_KEYS", "ANCHOR_KEYS"])
def test_a_broken_key_ring_is_named(settings, variable):
    setattr(settings, variable, [f"k1:{A[:-4]}"])

    [problem] = key_rings_are_usable()

    assert problem.id == "linkdesk.E002"
    assert problem.msg.startswith(f"{variable}: the key “k1”")


def test_both_rings_may_not_share_a_key(settings):
    settings.AUDIT_KEYS, settings.FIELD_KEYS = [f"k1:{A}", f"k2:{B}"], [f"f1:{B}"]

    [problem] = key_rings_are_usable()

    assert "share a key" in problem.msg


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("name", "value"), [("secure_delete", "OFF"), ("recursive_triggers", "OFF"), ("synchronous", "NORMAL")]
)
def test_a_pragma_that_is_missing_is_named(name, value):
    if connection.vendor != "sqlite":
        pytest.skip("pragmas are SQLite's")
    run(f"PRAGMA {name}={value}")

    try:
        [problem] = database_keeps_what_it_promised(databases=["default"])
    finally:
        connection.close()

    assert name in problem.msg


@pytest.mark.django_db(transaction=True)
def test_commits_that_do_not_wait_for_the_disk_are_named():
    if connection.vendor != "postgresql":
        pytest.skip("a setting of PostgreSQL's")
    run("SET synchronous_commit = off")

    try:
        problems = database_keeps_what_it_promised(databases=["default"])
    finally:
        connection.close()

    assert any("synchronous_commit" in problem.msg for problem in problems)


@pytest.mark.django_db
def test_a_database_that_is_not_migrated_yet_lacks_nothing():
    run("DELETE FROM django_migrations WHERE app = 'dashboard' AND name = '0002_append_only'")
    run(
        "DROP TRIGGER audit_entry_no_delete" + (" ON dashboard_auditentry" if connection.vendor == "postgresql" else "")
    )

    assert start_up_problems() == []


def test_a_mistyped_word_in_approvals_is_named(settings):
    settings.APPROVALS = ["delete", "deletes"]
    settings.APPROVAL_EXPIRES_H = 0

    found = [problem.msg for problem in approvals_are_known()]

    assert len(found) == 2 and "“deletes”" in found[0] and "one hour" in found[1]
