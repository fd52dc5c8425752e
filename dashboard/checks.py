"""System checks: a missing setting, key or trigger is named before anything runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import DatabaseError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.recorder import MigrationRecorder

from . import grants
from .keyring import KeyRingProblem, parse_ring
from .triggers import missing_triggers
from .work_hours import WorkHoursProblem
from .work_hours import parse as parse_work_hours

KEY_RINGS = ("AUDIT_KEYS", "FIELD_KEYS", "ANCHOR_KEYS")
APPROVALS_KNOWN = frozenset({"delete", "webhook_host", "roles", "second_factor", "retention", "erasure"})
_TRIGGERS_CAME_WITH = ("dashboard", "0002_append_only")
# What each of our connections to SQLite must say, and why.
_PRAGMAS = (
    ("journal_mode", {"wal", "memory"}, "readers would block writers"),
    ("synchronous", {"2", "3"}, "an audit entry could be lost in a power cut after it was promised"),
    ("secure_delete", {"1"}, "deleted values would stay in the file"),
    ("recursive_triggers", {"1"}, "REPLACE would delete rows behind the triggers"),
)


@register()
def integrations_are_configured(**kwargs: Any) -> list[CheckMessage]:
    return [
        Error(f"{problem.variable}: {problem.message}", id="linkdesk.E001")
        for problem in settings.INTEGRATIONS.problems
    ]


@register()
def key_rings_are_usable(**kwargs: Any) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    for variable in KEY_RINGS:
        try:
            parse_ring(variable, getattr(settings, variable))
        except KeyRingProblem as problem:
            found.append(Error(str(problem), id="linkdesk.E002"))
    if not found:
        found += [
            Error(f"{one} and {other} share a key; each needs keys of its own.", id="linkdesk.E002")
            for one, other in combinations(KEY_RINGS, 2)
            if _share_a_key(one, other)
        ]
    return found


@register()
def approvals_are_known(**kwargs: Any) -> list[CheckMessage]:
    """A mistyped word would switch a second person off without a sound."""
    unknown = sorted(set(settings.APPROVALS) - APPROVALS_KNOWN)
    found: list[CheckMessage] = [
        Error(f"APPROVALS: “{word}” is none of {', '.join(sorted(APPROVALS_KNOWN))}.", id="linkdesk.E005")
        for word in unknown
    ]
    if settings.APPROVAL_EXPIRES_H < 1:
        found.append(Error("APPROVAL_EXPIRES_H: a request waits for one hour at least.", id="linkdesk.E005"))
    return found


@register()
def months_are_kept(**kwargs: Any) -> list[CheckMessage]:
    if settings.AUDIT_KEPT_MONTHS >= 1:
        return []
    return [Error("AUDIT_KEPT_MONTHS: the audit log stays for one whole month at least.", id="linkdesk.E008")]


def _share_a_key(one: str, other: str) -> bool:
    mine, theirs = (parse_ring(variable, getattr(settings, variable)) for variable in (one, other))
    return any(key.reveal() == their.reveal() for key in mine for their in theirs)


@register()
def anchors_have_a_place(**kwargs: Any) -> list[CheckMessage]:
    """Say what is wrong with AUDIT_ANCHORS."""
    # Here, because services need the apps.
    from .services.anchor_sinks import BadAddress, configured

    try:
        configured()
    except BadAddress as problem:
        return [Error(f"AUDIT_ANCHORS: {problem}", id="linkdesk.E005")]
    return []


@register(deploy=True)
def anchors_prove_something(**kwargs: Any) -> list[CheckMessage]:
    if settings.AUDIT_ANCHORS and set(settings.AUDIT_ANCHORS) != set(settings.DEFAULT_ANCHORS):
        return []
    where = "go into a file beside the database" if settings.AUDIT_ANCHORS else "are switched off"
    return [
        Warning(
            f"The audit log's anchors {where}: they prove nothing against whoever owns the database.",
            hint="Name a file on another volume, a syslog or an HTTPS collector in AUDIT_ANCHORS.",
            id="linkdesk.W002",
        )
    ]


@register()
def work_hours_can_be_read(**kwargs: Any) -> list[CheckMessage]:
    try:
        parse_work_hours(settings.WORK_HOURS)
    except WorkHoursProblem as problem:
        return [Error(str(problem), id="linkdesk.E007")]
    return []


@register(Tags.database)
def triggers_are_in_place(databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """Say which triggers a migrated database lacks; one that is not migrated yet has nothing to lack."""
    found: list[CheckMessage] = []
    for alias in databases or ():
        connection = connections[alias]
        try:
            missing = missing_triggers(connection) if _is_migrated(connection) else []
        except DatabaseError as trouble:
            found.append(Error(f"The database cannot be asked for its triggers: {trouble}", id="linkdesk.E003"))
            continue
        if missing:
            found.append(
                Error(
                    f"The database lacks the triggers that keep the audit log as it is: {', '.join(missing)}.",
                    hint="Find out who removed them and run “manage.py verify_audit”; then put them back with"
                    " “manage.py verify_audit --restore-triggers”.",
                    id="linkdesk.E003",
                )
            )
    return found


def _is_migrated(connection: BaseDatabaseWrapper) -> bool:
    recorder = MigrationRecorder(connection)
    return recorder.has_table() and _TRIGGERS_CAME_WITH in recorder.applied_migrations()


@register(Tags.database)
def database_keeps_what_it_promised(databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    for alias in databases or ():
        look = _sqlite_problems if connections[alias].vendor == "sqlite" else _postgresql_problems
        try:
            found.extend(look(connections[alias]))
        except DatabaseError as trouble:
            found.append(Error(f"The database does not answer: {trouble}", id="linkdesk.E004"))
    return found


def _sqlite_problems(connection: BaseDatabaseWrapper) -> Iterator[CheckMessage]:
    with connection.cursor() as cursor:
        for name, wanted, why in _PRAGMAS:
            [value] = cursor.execute(f"PRAGMA {name}").fetchone()
            if str(value).lower() not in wanted:
                yield Error(f"SQLite's {name} is {value}: {why}.", id="linkdesk.E004")
    if getattr(connection, "transaction_mode", None) != "IMMEDIATE":
        yield Error(
            "SQLite's transactions are not IMMEDIATE: two writers could read the same end of the audit chain.",
            id="linkdesk.E004",
        )


def _postgresql_problems(connection: BaseDatabaseWrapper) -> Iterator[CheckMessage]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('synchronous_commit'), current_setting('fsync')")
        values = cursor.fetchone()
    for name, value in zip(("synchronous_commit", "fsync"), values, strict=True):
        if value == "off":
            yield Warning(
                f"PostgreSQL's {name} is off: an audit entry could be lost in a power cut after it was promised.",
                id="linkdesk.W001",
            )


@register(Tags.database)
def web_cannot_change_the_log(databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """Say what the web role of PostgreSQL may do to the audit log; on SQLite there are no roles."""
    found: list[CheckMessage] = []
    for alias in databases or ():
        connection = connections[alias]
        if connection.vendor != "postgresql" or grants.is_owner():
            continue
        try:
            surplus = grants.excess(connection)
        except DatabaseError as trouble:
            found.append(Error(f"The database cannot be asked for its rights: {trouble}", id="linkdesk.E006"))
            continue
        if not surplus:
            continue
        words = f"The role that Linkdesk connects as {', '.join(surplus)}: it could change the audit log."
        if settings.DATABASE_OWNER_URL:
            found.append(Error(words, hint="Run “manage.py grant_web_role”.", id="linkdesk.E006"))
        else:
            hint = "Give the tables to another role and name it in DATABASE_OWNER_URL: see README, Operations."
            found.append(Warning(words, hint=hint, id="linkdesk.W003"))
    return found


def start_up_problems() -> list[str]:
    """Return what forbids to start, as sentences: for whatever runs the site without Django's own checks.

    Missing triggers do not: pages can be read, and services/audit_gate.py refuses everything else.
    """
    looks = (
        integrations_are_configured,
        key_rings_are_usable,
        anchors_have_a_place,
        database_keeps_what_it_promised,
        web_cannot_change_the_log,
    )
    found = [message for look in looks for message in look(databases=["default"])]
    return [f"{message.msg} {message.hint or ''}".strip() for message in found if message.is_serious()]
