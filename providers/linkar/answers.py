"""What Linkar answers, whatever the format it came in: records, errors, totals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..http import Reply
from .lkstring import ID, ORIGINAL
from .multivalue import AM, SM, VM

_MAX_ERRORS = 50
_MAX_TEXT = 4_000


@dataclass(frozen=True, slots=True)
class Record:
    """One record. `named` holds its values in the order of the answer, lists joined by their marks again.

    `original` is the whole record, byte for byte; None if the answer has none. `is_exact`: all values came as texts.
    """

    id: str
    named: Mapping[str, str] = field(repr=False)
    original: str | None = field(repr=False)
    is_exact: bool = True


@dataclass(frozen=True, slots=True)
class ErrorEntry:
    """One entry of ERRORS: what the database says, in its own and perhaps translated words."""

    code: str = ""
    message: str = ""
    item_id: str = ""


def is_answer(reply: Reply) -> bool:
    """Say whether the body is one of Linkar's: an object with at least one of its keys."""
    return isinstance(reply.json, dict) and bool({"RECORDS", "RECORD", "ERRORS", "ERROR"} & set(reply.json))


def total_of(reply: Reply) -> int | None:
    """Return TOTAL_RECORDS: with paging, of all pages. Source: Linkar-Demo-Desktop-App; it is a text in samples."""
    text = str(reply.json.get("TOTAL_RECORDS", "")) if isinstance(reply.json, dict) else ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else None


def records_in(reply: Reply) -> tuple[Record, ...] | None:
    """Return the records of an answer, those that have an id; None if it has no list of records at all."""
    if not isinstance(reply.json, dict):
        return None
    raw = reply.json.get("RECORDS", reply.json.get("RECORD"))
    if isinstance(raw, dict):
        raw = [raw]
    if not isinstance(raw, list):
        return None
    found = (_record(each) for each in raw if isinstance(each, dict))
    return tuple(record for record in found if record.id)


def errors_in(reply: Reply) -> tuple[ErrorEntry, ...]:
    """Return the errors of an answer in any of the shapes that are documented or guessed.

    Assumed: `ERRORS` or `ERROR`; a list or one object; an inner `ERROR`; parallel lists; texts with VM; an optional id.
    """
    if not isinstance(reply.json, dict):
        return ()
    raw = reply.json.get("ERRORS", reply.json.get("ERROR"))
    found = (entry for entry in _entries(raw) if entry.code or entry.message)
    return tuple(entry for entry, _ in zip(found, range(_MAX_ERRORS), strict=False))


def text_of(value: Any) -> str:
    """Return a scalar as the text that the database holds. Source: GetVersion, MVBOOLTRUE is 1 unless set otherwise."""
    match value:
        case str():
            return value
        case bool():
            return "1" if value else "0"
        case int() | float():
            return str(value)
        case _:
            return ""


def _record(raw: Mapping[str, Any]) -> Record:
    named = {key: text_of(value) for key, value in _flat(raw).items() if key not in (ID, ORIGINAL)}
    original = raw.get(ORIGINAL)
    if original == "" and any(named.values()):
        # A record with values is not empty: the whole of it was left out.
        original = None
    exact = all(isinstance(value, str | list) for value in raw.values())
    return Record(text_of(raw.get(ID)), named, original if isinstance(original, str) else None, exact)


def _flat(raw: Mapping[str, Any], mark: str = VM) -> dict[str, Any]:
    """Return a record without its lists: what they hold stands beside the rest again, joined by marks.

    Source: LINKAR_WS manual: `crud/dict` makes a list of each association, `crud/sch` of the sub-values too.
    """
    flat: dict[str, Any] = {}
    for key, value in raw.items():
        if not isinstance(value, list):
            flat[key] = value
            continue
        rows = [_flat(row, SM) for row in value if isinstance(row, dict)]
        names = dict.fromkeys(name for row in rows for name in row)
        flat |= {name: mark.join(text_of(row.get(name)) for row in rows) for name in names}
    return flat


def _entries(raw: Any) -> Iterable[ErrorEntry]:
    match raw:
        case str():
            yield from (_of_parts(part.split(VM)) for part in raw.split(AM) if part)
        case list():
            for item in raw:
                yield from _entries(item)
        case {"ERROR": inner}:
            yield from _entries(inner)
        case dict():
            yield from _of_object(raw)


def _of_object(raw: Mapping[str, Any]) -> Iterable[ErrorEntry]:
    found = {key.upper(): value if isinstance(value, list) else [value] for key, value in raw.items()}
    codes, messages = found.get("CODE", []), found.get("MESSAGE", [])
    ids = found.get(ID, found.get("ITEMID", []))
    for place in range(max(len(codes), len(messages))):
        yield _of_parts([text_of(each[place]) if place < len(each) else "" for each in (codes, messages, ids)])


def _of_parts(parts: list[str]) -> ErrorEntry:
    code, message, item_id = ([part[:_MAX_TEXT] for part in parts] + ["", "", ""])[:3]
    return ErrorEntry(code, message, item_id) if message else ErrorEntry("", code)
