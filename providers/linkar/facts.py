"""What the detail page shows of a record, in order."""

from __future__ import annotations

from datetime import date, timedelta

from ..answers import Fact, Schema, Snapshot
from .file_map import FileMap
from .multivalue import is_plain, to_lines, values_of
from .schemas import attribute_of, source_of
from .snapshots import attributes_in, kept_back_in, record_id_in

# Source: LINKAR_WS manual, lk_getversion, DATEZERO. Assumed for every database: GetVersion is not asked on a page.
_DATE_ZERO = date(1967, 12, 31)
_MAX_DAYS = 60_000
_ABOUT = "About the record"
_SOURCES = {
    "lkproperties": "Linkar's schema of the file",
    "dictionaries": "the dictionary of the file",
    "map": "our map only",
}


def facts(file: FileMap | None, snapshot: Snapshot, schema: Schema | None) -> tuple[Fact, ...]:
    """Return the facts: attributes by number, values split at their marks, secrets as set or not set."""
    ids = (
        Fact("Record id", record_id_in(snapshot) or snapshot.remote_id, "code", "Ids"),
        Fact("File", str(snapshot.body.get("file") or "") or None, "code", "Ids"),
        Fact("Apiresource", str(snapshot.body.get("apiresource") or "") or None, "code", "Ids"),
    )
    if file is None:
        return ids
    current, kept_back = attributes_in(snapshot), kept_back_in(snapshot)
    shown = [
        _fact(file, name, current.get(name, ""), attribute_of(schema, file, name).label)
        for name in file.numbers
        if file.shows(name) and name not in file.hidden
    ]
    secret = [
        Fact(attribute_of(schema, file, name).label, "set" if kept_back.get(name) else "not set", group="Secrets")
        for name in sorted(file.secret)
    ]
    unnamed = tuple(name for name, digest in kept_back.items() if digest and name not in file.secret)
    about = (
        Fact("Labels come from", _SOURCES.get(source_of(schema), "our map only"), group=_ABOUT),
        Fact("Not named in the map", unnamed or None, "list", _ABOUT),
        Fact("Cannot be changed", None if snapshot.body.get("has_original") else "no ORIGINAL_RECORD", group=_ABOUT),
    )
    return (*shown, *secret, *(fact for fact in about if fact.value), *ids)


def _fact(file: FileMap, name: str, value: str, label: str) -> Fact:
    group = file.group_of(name)
    if name == file.role("changed") and (day := day_of(value)):
        return Fact(label, day.isoformat(), group=group)
    if not value:
        return Fact(label, None, group=group)
    if is_plain(value):
        return Fact(label, value, group=group)
    lines = tuple(to_lines("ü".join(sub_values)) or "–" for sub_values in values_of(value))
    return Fact(label, lines, "list", group)


def day_of(stored: str) -> date | None:
    """Return the day behind a day count; None for anything else."""
    if not (stored.isascii() and stored.isdigit() and 0 < int(stored[:7]) < _MAX_DAYS and len(stored) < 7):
        return None
    return _DATE_ZERO + timedelta(days=int(stored))
