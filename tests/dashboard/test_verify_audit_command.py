"""manage.py verify_audit: what it says and how it ends."""

import io

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from dashboard.models import AuditEntry
from dashboard.triggers import missing_triggers

from .audit_samples import append, run, tamper

pytestmark = pytest.mark.django_db


def _command(*arguments):
    said = io.StringIO()
    try:
        call_command("verify_audit", *arguments, stdout=said)
    except SystemExit as end:
        return end.code, said.getvalue()
    return 0, said.getvalue()


def test_the_command_says_that_the_chain_is_whole():
    append(3)

    unproved = "No anchor is of an entry in it: its end rests on the database alone.\n"
    assert _command() == (0, f"3 entries, up to number 3: the chain is whole.\n{unproved}")


def test_the_command_names_each_finding_and_ends_with_1():
    append(3)
    tamper("UPDATE dashboard_auditentry SET body = '{}' WHERE seq = 2")

    status, said = _command()

    assert status == 1
    assert "entry 2: is not what was written" in said
    assert "audit_entry_no_update is missing" in said


def test_the_command_puts_triggers_back_and_says_so_in_the_log():
    append(1)
    tamper("UPDATE dashboard_auditentry SET seq = seq")

    status, said = _command("--restore-triggers")

    assert (status, missing_triggers(connection)) == (0, [])
    assert "Put back" in said
    assert AuditEntry.objects.latest("seq").action == "audit.triggers_restored"


def test_the_command_cannot_look_without_keys(settings):
    settings.AUDIT_KEYS = ["a1:short"]

    with pytest.raises(CommandError, match="AUDIT_KEYS") as caught:
        call_command("verify_audit")

    assert caught.value.returncode == 2


def test_the_command_cannot_look_into_a_database_without_tables():
    run("ALTER TABLE dashboard_auditentry RENAME TO elsewhere")

    with pytest.raises(CommandError, match="cannot be read") as caught:
        call_command("verify_audit")

    assert caught.value.returncode == 2
