"""What the log knows of: the values that begin with what was typed, its people, its actions; one statement a query.

A value is found by leaping from one to the next through the index (each leap one look-up), never by reading the rows of
all entries that have it.
"""

# ruff: noqa: S608 - the only words put into the SQL are the names of our own tables and terms.

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection

from dashboard.models.audit_term import AuditTerm

from .audit_bytes import timestamp

Name = AuditTerm.Name
Prefix = tuple[str, str]

# So many words of the log may begin with what was typed; with more of them a search is no search.
MAX_SPELLINGS = 30
MAX_PEOPLE = 2_000
# A clock that was set back puts entries out of order: the first by time is looked for among so many.
_OUT_OF_ORDER = 100
# Above every other character, in the databases' order of bytes.
_LAST = "\U0010ffff"

_LEAPS = (
    "SELECT %s AS tag, value FROM (WITH RECURSIVE leap(value) AS ("
    "SELECT min(value) FROM dashboard_auditterm WHERE name = %s AND value >= %s AND value < %s UNION ALL "
    "SELECT (SELECT min(value) FROM dashboard_auditterm WHERE name = %s AND value > leap.value AND value < %s)"
    " FROM leap WHERE leap.value IS NOT NULL"
    f") SELECT value FROM leap WHERE value IS NOT NULL LIMIT {MAX_SPELLINGS + 1}) AS found"
)
_ALL_OF = (
    "SELECT %s AS tag, value FROM (SELECT value FROM dashboard_auditterm WHERE name = %s ORDER BY value"
    f" LIMIT {MAX_PEOPLE}) AS known"
)
_FIRST_SINCE = (
    "SELECT %s AS tag, CAST(min(seq) AS text) FROM (SELECT seq FROM dashboard_auditentry WHERE at >= %s"
    f" ORDER BY at LIMIT {_OUT_OF_ORDER}) AS first"
)
_LAST_UNTIL = (
    "SELECT %s AS tag, CAST(max(seq) AS text) FROM (SELECT seq FROM dashboard_auditentry WHERE at < %s"
    f" ORDER BY at DESC LIMIT {_OUT_OF_ORDER}) AS last"
)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who acted, by the text that entries keep; the customer and Linkdesk itself have no id."""

    text: str
    id: str


@dataclass(slots=True)
class Vocabulary:
    """What was looked up for a query. `first_seq` and `last_seq` are the numbers between its two moments."""

    spellings: dict[Prefix, list[str]] = field(default_factory=dict)
    people: list[Person] = field(default_factory=list)
    actions: list[str] = field(default_factory=list)
    first_seq: int = 1
    last_seq: int = 2**63 - 1


def look_up(
    prefixes: Iterable[Prefix], *, with_people: bool, since: datetime | None = None, until: datetime | None = None
) -> Vocabulary:
    """Look up everything that a query needs to know before it is run."""
    wanted = list(dict.fromkeys(prefixes))
    parts: list[str] = []
    values: list[str] = []
    for at, (name, prefix) in enumerate(wanted):
        parts.append(_LEAPS)
        values += [str(at), name, prefix, prefix + _LAST, name, prefix + _LAST]
    if with_people:
        for tag in (Name.PERSON.value, Name.ACTION.value):
            parts.append(_ALL_OF)
            values += [tag, tag]
    for tag, sql, moment in (("since", _FIRST_SINCE, since), ("until", _LAST_UNTIL, until)):
        if moment is not None:
            parts.append(sql)
            values += [tag, timestamp(moment)]
    found = Vocabulary({prefix: [] for prefix in wanted})
    for tag, value in _run(parts, values):
        _note(found, wanted, tag, value)
    return found


def known(name: str, prefix: str) -> list[str]:
    """Return the first values of a name that begin with `prefix`, in order; for completion."""
    return look_up([(name, prefix)], with_people=False).spellings[name, prefix]


def people_and_actions() -> Vocabulary:
    return look_up([], with_people=True)


def _run(parts: list[str], values: list[str]) -> list[tuple[str, str | None]]:
    if not parts:
        return []
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts), values)
        return list(cursor.fetchall())


def _note(found: Vocabulary, wanted: list[Prefix], tag: str, value: str | None) -> None:
    match tag:
        case "since":
            # Without a first entry there is none at all.
            found.first_seq = int(value) if value else found.last_seq
        case "until":
            found.last_seq = int(value) if value else 0
        case Name.PERSON:
            text, _, person_id = (value or "").partition("\t")
            found.people.append(Person(text, person_id))
        case Name.ACTION:
            found.actions.append(value or "")
        case _:
            found.spellings[wanted[int(tag)]].append(value or "")
