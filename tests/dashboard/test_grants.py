"""PostgreSQL with two roles: the owner migrates, the web adds to the audit log and can do nothing else to it."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, ProgrammingError, connection, transaction
from django.test import Client
from django.utils import timezone

from dashboard import checks, grants
from dashboard.models import AuditEntry, AuditHead, AuditSegment
from dashboard.services import audit_review_walk, audit_segments
from dashboard.services.audit import SYSTEM, AuditUnavailable, Kind, record, verify
from dashboard.services.audit_removal import CannotRemove, remove
from dashboard.triggers import missing_triggers
from tests import databases, people

from . import segments

ROOT = Path(__file__).resolve().parents[2]


REFUSED = (
    "UPDATE dashboard_auditentry SET body = '{}'",
    "DELETE FROM dashboard_auditentry",
    "TRUNCATE dashboard_auditentry",
    "ALTER TABLE dashboard_auditentry DISABLE TRIGGER ALL",
    "ALTER TABLE dashboard_auditentry DISABLE TRIGGER audit_entry_no_update",
    "DROP TRIGGER audit_entry_no_delete ON dashboard_auditentry",
    "DROP FUNCTION linkdesk_audit_entry_no_delete() CASCADE",
    "CREATE OR REPLACE FUNCTION linkdesk_audit_entry_no_delete() RETURNS trigger LANGUAGE plpgsql AS"
    " $$ BEGIN RETURN OLD; END $$",
    "CREATE TRIGGER zz BEFORE INSERT ON dashboard_auditentry FOR EACH ROW"
    " EXECUTE FUNCTION linkdesk_audit_entry_no_delete()",
    "ALTER TABLE dashboard_auditentry RENAME TO gone",
    "DROP TABLE dashboard_auditentry",
    "INSERT INTO dashboard_audithead (chain, seq, mac) VALUES ('other', 0, '')",
    "DELETE FROM dashboard_audithead",
    "TRUNCATE dashboard_audithead",
    "ALTER TABLE dashboard_audithead DISABLE TRIGGER ALL",
    "CREATE TABLE mine (id int)",
    "DELETE FROM django_migrations",
)


@dataclass(frozen=True)
class Roles:
    owner: str
    web: str
    database: str

    def url(self, role: str) -> str:
        own = connection.settings_dict
        return f"postgres://{role}@{own['HOST']}:{own['PORT']}/{self.database}"


@pytest.fixture(scope="module")
def roles(django_db_setup: None, django_db_blocker: Any) -> Iterator[Roles]:
    """Make two roles and a database, and migrate it as the owner, by the command and with both settings."""
    if databases.is_sqlite():
        pytest.skip("SQLite has no roles")
    tail = secrets.token_hex(4)
    found = Roles(f"owner_{tail}", f"web_{tail}", f"roles_{tail}")
    with django_db_blocker.unblock():
        for role in (found.owner, found.web):
            databases._on_server(f"CREATE ROLE {role} LOGIN")
        databases._on_server(f"CREATE DATABASE {found.database} OWNER {found.owner}")
        try:
            done = manage(found, "migrate", "--verbosity", "0")
            assert done.returncode == 0, done.stderr
            yield found
        finally:
            databases.drop(found.database)
            for role in (found.owner, found.web):
                databases._on_server(f"DROP ROLE {role}")


def manage(roles: Roles, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    both = {"DATABASE_URL": roles.url(roles.web), "DATABASE_OWNER_URL": roles.url(roles.owner)}
    return subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), *command],
        env={**os.environ, **both, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def web(roles: Roles, django_db_blocker: Any, settings: Any) -> Iterator[Roles]:
    """Connect as the web role, as the site does."""
    own = connection.settings_dict
    before = own["NAME"], own["USER"]
    settings.DATABASE_OWNER_URL = roles.url(roles.owner)
    with django_db_blocker.unblock():
        connection.close()
        own["NAME"], own["USER"] = roles.database, roles.web
        try:
            yield roles
        finally:
            connection.close()
            own["NAME"], own["USER"] = before


def run(statement: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def entry() -> AuditEntry:
    with transaction.atomic():
        return record(Kind.EVENT, "test.happened", actor=SYSTEM)


def test_the_web_writes_entries_and_they_follow_each_other(web: Roles) -> None:
    one, other = entry(), entry()

    assert other.seq == one.seq + 1
    assert verify().ok


def test_the_web_may_not_touch_what_is_written(web: Roles) -> None:
    """In one test, because each worker makes roles and a database of its own."""
    entry()

    for statement in REFUSED:
        with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
            run(statement)

    assert verify().ok


def test_the_head_moves_only_to_the_entry_just_written(web: Roles) -> None:
    entry()

    with pytest.raises(DatabaseError):
        AuditHead.objects.update(seq=1_000)


@pytest.mark.parametrize("role", ["owner", "linkdesk"])
def test_the_web_cannot_become_another_role(web: Roles, role: str) -> None:
    name = web.owner if role == "owner" else role
    with pytest.raises(ProgrammingError, match="permission denied"):
        run(f"SET ROLE {name}")


def test_whole_requests_work(web: Roles, client: Client) -> None:
    client.force_login(people.member("agent"))

    page = client.get("/linked-accounts/")
    made = client.post("/customers/new/", {"reference": f"c-{secrets.token_hex(4)}", "name": "Ana", "email": ""})

    assert (page.status_code, made.status_code) == (200, 302)
    assert AuditEntry.objects.filter(action="customer.created").exists()
    assert verify().ok


def test_the_checks_have_nothing_to_say_of_two_roles(web: Roles) -> None:
    assert checks.web_cannot_change_the_log(databases=["default"]) == []
    assert manage(web, "check", "--database", "default").returncode == 0


def test_a_right_too_many_forbids_to_start(web: Roles, roles: Roles) -> None:
    _as(roles, roles.owner, f"GRANT UPDATE (body) ON dashboard_auditentry TO {roles.web}")
    try:
        [found] = checks.web_cannot_change_the_log(databases=["default"])
        assert found.id == "linkdesk.E006" and "may UPDATE dashboard_auditentry" in found.msg
        assert found.msg in " ".join(checks.start_up_problems())
    finally:
        done = manage(roles, "grant_web_role")

    assert done.returncode == 0, done.stderr
    assert grants.excess(connection) == []


def test_an_owner_that_the_web_can_become_forbids_to_start(web: Roles, roles: Roles) -> None:
    _as(roles, "linkdesk", f"GRANT {roles.owner} TO {roles.web}")
    try:
        [found] = checks.web_cannot_change_the_log(databases=["default"])
    finally:
        _as(roles, "linkdesk", f"REVOKE {roles.owner} FROM {roles.web}")

    assert "can act as the owner of dashboard_auditentry" in found.msg


def test_one_role_for_all_is_a_warning(transactional_db: None, settings: Any) -> None:
    if databases.is_sqlite():
        pytest.skip("SQLite has no roles")
    settings.DATABASE_OWNER_URL = ""

    [found] = checks.web_cannot_change_the_log(databases=["default"])

    assert found.id == "linkdesk.W003" and not found.is_serious()


def test_the_same_role_twice_is_refused(roles: Roles) -> None:
    done = manage(roles, "grant_web_role", DATABASE_URL=roles.url(roles.owner))

    assert done.returncode == 1
    assert "whom the tables belong to" in done.stderr


def test_an_unknown_role_is_named(roles: Roles) -> None:
    done = manage(roles, "grant_web_role", DATABASE_URL=roles.url("nobody_there"))

    assert done.returncode == 1
    assert "knows no role “nobody_there”" in done.stderr


def test_no_entry_without_the_right_to_add_one(web: Roles, roles: Roles) -> None:
    _as(roles, roles.owner, f"REVOKE INSERT ON dashboard_auditentry FROM {roles.web}")
    try:
        with pytest.raises(AuditUnavailable), transaction.atomic():
            record(Kind.EVENT, "test.happened", actor=SYSTEM)
    finally:
        assert manage(roles, "grant_web_role").returncode == 0


def test_a_segment_is_removed_by_the_owner_and_not_by_the_web(web: Roles, settings: Any, tmp_path: Path) -> None:
    settings.APPROVALS, settings.AUDIT_KEPT_MONTHS, settings.EXPORTS_DIR = [], 1, tmp_path
    audit_segments.close_due()
    with segments.at(f"{timezone.now().year + 1}-06"):
        entry()
        audit_segments.close_due()
        audit_review_walk.walk()
        segment = AuditSegment.objects.get()
        path = segments.released(segment, people.member("auditor"), people.member("approver"))
        with pytest.raises(CannotRemove, match="DATABASE_OWNER_URL"):
            remove(segment.month, path)
        assert AuditEntry.objects.filter(seq=1).exists()

    # The command's own clock is not ahead.
    early = manage(web, "remove_audit_segment", segment.month, "--export", str(path), AUDIT_KEPT_MONTHS="1")
    assert early.returncode == 1 and "is kept until" in early.stderr
    AuditSegment.objects.update(month="2020-01")
    segments.agree_on(AuditSegment.objects.get(), path)
    done = manage(web, "remove_audit_segment", "2020-01", "--export", str(path), AUDIT_KEPT_MONTHS="1")

    assert done.returncode == 0, done.stderr
    assert not AuditEntry.objects.filter(seq=1).exists()
    assert verify().begins_after == segment.last_seq
    assert missing_triggers(connection) == []


def _as(roles: Roles, role: str, statement: str) -> None:
    subprocess.run(["psql", "--quiet", roles.url(role), "--command", statement], check=True, capture_output=True)
