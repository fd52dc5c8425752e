"""A page of the audit log for a query, newest first: no COUNT, no OFFSET, and no scan of the log.

The rarest need leads: its entries are read from the index in order of their numbers, and each is asked for the other
needs, one look-up apiece, until the page is full or `BUDGET` look-ups are spent. A page that ends so says how far it
looked, and the next one goes on from there.
"""

# ruff: noqa: S608 - the only words put into the SQL are the names of our own tables and columns.

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from dashboard.models import AuditEntry

from .audit_needs import COLUMNS, Alternative, Group, Need, Needs

# How many entries are looked at for a page, all their needs counted apart: some tenths of a second at worst.
BUDGET = 30_000
# Of each value so many entries are counted, to see which is the rarest.
_SAMPLE = 200
_ENTRIES = "dashboard_auditentry"
_TERMS = "dashboard_auditterm"
# What a list shows of an entry, its number first.
_SHOWN = tuple(
    column.attname for column in AuditEntry._meta.concrete_fields if column.attname not in ("body", "mac", "prev_mac")
)
_SHOWN_SQL = ", ".join(f"entry.{name}" for name in _SHOWN)


Parameter = str | int


@dataclass(frozen=True, slots=True)
class Found:
    """`rows` newest first; `looked_to` is where it stopped looking before the page was full, or None."""

    rows: list[AuditEntry]
    looked_to: int | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """Where to look: numbers from `first` to `last`, newest first or oldest first."""

    first: int
    last: int
    is_newest_first: bool

    @property
    def order(self) -> str:
        return "DESC" if self.is_newest_first else "ASC"


def entries(needs: Needs, span: Span, size: int) -> Found:
    """Return the first `size` entries of the span that meet all needs, without what a list does not show."""
    if span.first > span.last or any(_is_hopeless(need) for need in needs.needs):
        return Found([])
    leader, groups = _leader(needs.needs, span)
    # A leader with one group in each alternative is met by being found.
    asked = [need for need in needs.needs if need is not leader or any(len(each) > 1 for each in need.alternatives)]
    probes = sum(len(_sources(group)) for need in asked for each in need.alternatives for group in each)
    walk = max(size, BUDGET // probes) if probes else size
    return _page(_candidates(groups, span, walk), asked, span, size=size, walk=walk)


def _is_hopeless(need: Need) -> bool:
    """Say whether no entry can meet it: nothing in the log is called so."""
    return not need.is_negated and not any(all(each) for each in need.alternatives)


def _leader(needs: Sequence[Need], span: Span) -> tuple[Need | None, list[Group]]:
    """Return the need with the fewest entries, and of each of its alternatives the group with the fewest."""
    positive = [need for need in needs if not need.is_negated]
    groups = {group for need in positive for each in need.alternatives if all(each) for group in each}
    if not positive:
        return None, []
    many = len(groups) > 1 and (len(positive) > 1 or any(len(each) > 1 for each in positive[0].alternatives))
    sizes = _sizes(groups, span) if many else dict.fromkeys(groups, 0.0)

    def rarest(need: Need) -> list[Group]:
        return [min(each, key=sizes.__getitem__) for each in need.alternatives if all(each)]

    leader = min(positive, key=lambda need: sum(sizes[group] for group in rarest(need)))
    return leader, rarest(leader)


def _sizes(groups: set[Group], span: Span) -> dict[Group, float]:
    """Return about how many entries of the span each group has, from how close together the nearest of them lie."""
    parts: list[str] = []
    values: list[Parameter] = []
    owners: list[Group] = []
    for group in groups:
        for source, value in sorted(group):
            sql, given = _arm(source, value, span, _SAMPLE)
            parts.append(
                f"SELECT {len(owners)} AS tag, count(*) AS n, min(seq) AS low, max(seq) AS high FROM ({sql}) AS s"
            )
            values += given
            owners.append(group)
    sizes = dict.fromkeys(groups, 0.0)
    for tag, count, low, high in _run(" UNION ALL ".join(parts), values):
        if count < _SAMPLE:
            sizes[owners[tag]] += count
        else:
            whole = min(span.last, high if span.is_newest_first else span.last) - span.first + 1
            sizes[owners[tag]] += count * max(1.0, whole / (high - low + 1))
    return sizes


def _candidates(groups: list[Group], span: Span, walk: int) -> tuple[str, list[Parameter]]:
    """Return SQL for the first `walk` numbers of the leader, each once."""
    if not groups:
        return f"SELECT seq FROM {_ENTRIES} WHERE seq BETWEEN %s AND %s", [span.first, span.last]
    parts, values = [], []
    for source, value in sorted({each for group in groups for each in group}):
        sql, given = _arm(source, value, span, walk)
        parts.append(f"SELECT seq FROM ({sql}) AS arm")
        values += given
    # UNION leaves out what several arms have; one arm has nothing twice.
    return f"SELECT seq FROM ({' UNION '.join(parts)}) AS led", values


def _arm(source: str, value: str, span: Span, limit: int) -> tuple[str, list[Parameter]]:
    """Return SQL for the numbers of one value, straight from its index."""
    where, given = (f"{source} = %s", [value]) if source in COLUMNS else ("name = %s AND value = %s", [source, value])
    table = _ENTRIES if source in COLUMNS else _TERMS
    sql = (
        f"SELECT seq FROM {table} WHERE {where} AND seq BETWEEN %s AND %s ORDER BY seq {span.order} LIMIT {int(limit)}"
    )
    return sql, [*given, span.first, span.last]


def _page(candidates: tuple[str, list[Parameter]], asked: list[Need], span: Span, *, size: int, walk: int) -> Found:
    sql, values = candidates
    conditions = []
    for need in asked:
        condition, of_condition = _condition(need)
        conditions.append(condition)
        values = [*values, *of_condition]
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    edge = "min" if span.is_newest_first else "max"
    # One row at least: how far it looked is told of an empty page, too.
    found = _run(
        f"WITH led AS ({sql} ORDER BY seq {span.order} LIMIT {int(walk)})"
        f" SELECT looked.edge, looked.n, {_SHOWN_SQL} FROM (SELECT {edge}(seq) AS edge, count(*) AS n FROM led)"
        f" AS looked LEFT JOIN (SELECT seq FROM led AS c {where} ORDER BY seq {span.order} LIMIT {int(size)})"
        f" AS page ON 1 = 1 LEFT JOIN {_ENTRIES} AS entry ON entry.seq = page.seq",
        values,
    )
    rows = [AuditEntry.from_db(connection.alias, _SHOWN, row[2:]) for row in found if row[2] is not None]
    rows.sort(key=lambda entry: entry.seq, reverse=True)
    edge_seq, count = found[0][:2]
    is_cut = bool(asked) and count >= walk and len(rows) < size
    return Found(rows, edge_seq if is_cut else None)


def _condition(need: Need) -> tuple[str, list[Parameter]]:
    values: list[Parameter] = []
    alternatives = [_all_of(each, values) for each in need.alternatives if all(each)]
    # Nothing in the log is called so: then not being called so is no condition.
    sql = f"({' OR '.join(alternatives)})" if alternatives else "1 = 0"
    return (f"NOT {sql}" if need.is_negated else sql), values


def _all_of(alternative: Alternative, values: list[Parameter]) -> str:
    return f"({' AND '.join(_any_of(group, values) for group in alternative)})"


def _any_of(group: Group, values: list[Parameter]) -> str:
    """Return SQL that asks one entry for a group; OFFSET keeps PostgreSQL from joining the whole index instead."""
    parts = []
    for source, texts in _sources(group).items():
        places = ", ".join(["%s"] * len(texts))
        if source in COLUMNS:
            where = f"{_ENTRIES} AS e WHERE e.seq = c.seq AND e.{source} IN ({places})"
        else:
            where = f"{_TERMS} AS t WHERE t.name = %s AND t.value IN ({places}) AND t.seq = c.seq"
            values.append(source)
        values += texts
        parts.append(f"EXISTS (SELECT 1 FROM {where} LIMIT 1 OFFSET 0)")
    return f"({' OR '.join(parts)})"


def _sources(group: Group) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for source, value in sorted(group):
        found.setdefault(source, []).append(value)
    return found


def _run(sql: str, values: list[Parameter]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall())
