"""Reading and changing records in the emulated database: what is answered, what is written, what is refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .sandbox_files import AM, SM, VM, Dictionary, File, as_date
from .sandbox_formats import Answer, Error, Row, Sent
from .sandbox_world import World

# Source: the contract's samples; the codes are invented there.
CONFLICT = Error("90001", "Optimistic lock: the record has been modified by another user")
NOT_FOUND = Error("90002", "Record not found")
_CLAUSE = re.compile(r"""WITH (\S+) (=|#) ("[^"]*"|'[^']*')""")
_SORT = re.compile(r"BY(-DSND)? (\S+)")


class Stopped(Exception):
    """The site's own routine, or a broken service, has something else in mind. `status` 200: dropped without a word."""

    def __init__(self, status: int, error: Error | None = None) -> None:
        super().__init__(str(error))
        self.status = status
        self.error = error


@dataclass(frozen=True, slots=True)
class Shape:
    """How records are answered: the parameters of the call, and the mode of the path."""

    mode: str
    calculated: bool
    conversion: bool
    format_spec: bool
    original: bool
    flat: bool = False

    @classmethod
    def of(cls, mode: str, query: Mapping[str, str], *, flat: bool) -> Shape:
        """Assumed: text has no lists, so it stays `flat` in every mode."""
        names = ("calculated", "conversion", "format_spec", "original_record")
        calculated, conversion, format_spec, original = (query.get(name) == "true" for name in names)
        return cls(mode, calculated, conversion, format_spec, original, flat)


def shown(file: File, rows: list[tuple[str, str]], shape: Shape, *, bare: Callable[[str], bool]) -> Answer:
    """Return records as the call wants them. `bare` says of which the original is never told."""
    records = [record.split(AM) for _, record in rows]
    answer = Answer(ids=[item_id for item_id, _ in rows])
    answer.records = [_nested(file, _row(file, record, shape), shape) for record in records]
    if shape.calculated:
        answer.calculated = [
            {each.name: each.calculate(record) for each in file.calculated if each.calculate} for record in records
        ]
    if shape.original and not any(bare(item_id) for item_id, _ in rows):
        answer.originals = [record for _, record in rows]
    return answer


def selected(file: File, world: World, query: Mapping[str, str]) -> list[tuple[str, str]] | Error:
    """Return what a clause selects, sorted by id, or by what `sort_clause` names."""
    rows = list(world.records[file.name].items())
    if clause := query.get("select_clause", ""):
        found = _CLAUSE.fullmatch(clause.strip())
        if not found:
            return Error("90011", f"Syntax error in {clause}")
        name, operator, literal = found.groups()
        wanted = operator == "="
        rows = [row for row in rows if (_value(file, row, name) == literal[1:-1]) is wanted]
    order = _SORT.fullmatch(query.get("sort_clause", "").strip())
    name, backwards = (order[2], bool(order[1])) if order else ("@ID", False)
    return sorted(rows, key=lambda row: (_sortable(_value(file, row, name)), row[0]), reverse=backwards)


def update(file: File, world: World, sent: Sent, *, whole: bool, names: list[str], locking: bool) -> Error | None:
    """Write one record. PUT (`whole`) empties what was left out; PATCH leaves it."""
    stored = world.find(file.name, sent.item_id)
    if locking and sent.original is None:
        return Error("90010", "ORIGINAL_RECORD is needed for optimistic locking", sent.item_id)
    if stored is None and (locking or not whole):
        return Error(NOT_FOUND.code, NOT_FOUND.message, sent.item_id)
    if locking and stored != sent.original:
        return Error(CONFLICT.code, CONFLICT.message, sent.item_id)
    attributes = [] if whole else (stored or "").split(AM)
    places = _places(file, sent, whole=whole, names=names)
    if isinstance(places, Error):
        return places
    for number, value in places.items():
        attributes += [""] * (number - len(attributes))
        attributes[number - 1] = value
    # A database does not keep empty attributes at the end.
    world.put(file.name, sent.item_id, AM.join(attributes).rstrip(AM))
    return None


def changed_names(file: File, world: World, sent: Sent, *, whole: bool, names: list[str]) -> list[str]:
    """Return the names of the attributes that a request would change."""
    stored = (world.find(file.name, sent.item_id) or "").split(AM)
    places = _places(file, sent, whole=whole, names=names)
    if isinstance(places, Error):
        return []
    return [
        file.name_of(number)
        for number, value in places.items()
        if (stored[number - 1] if number <= len(stored) else "") != value
    ]


def _places(file: File, sent: Sent, *, whole: bool, names: list[str]) -> dict[int, str] | Error:
    if sent.placed is not None and whole:
        return dict(enumerate(sent.placed, 1))
    named = dict(zip(names, sent.placed, strict=False)) if sent.placed is not None else sent.named or {}
    places: dict[int, str] = {}
    for name, value in named.items():
        number = _number_of(file, name)
        if isinstance(number, Error):
            return number
        places[number] = value
    return places


def _number_of(file: File, name: str) -> int | Error:
    if found := re.fullmatch(r"LKFLD([1-9]\d{0,3})", name):
        return int(found[1])
    dictionary = file.find(name)
    if dictionary is None or not (dictionary.number or dictionary.calculate):
        return Error("90003", f"Dictionary not found: {name}")
    if dictionary.calculate is not None:
        return Error("90004", f"Calculated dictionary cannot be written: {name}")
    return dictionary.number


def _row(file: File, record: list[str], shape: Shape) -> Row:
    row: Row = {}
    for number, value in enumerate(record, 1):
        dictionary = next((each for each in file.stored if each.number == number), None)
        name = file.name_of(number)
        if dictionary is not None and shape.mode == "sch":
            name = dictionary.prop or name
        row[name] = _printed(dictionary, value, shape)
    return row


def _printed(dictionary: Dictionary | None, value: str, shape: Shape) -> str:
    if dictionary is None:
        return value
    if shape.conversion and dictionary.conversion:
        value = re.sub(r"\d+", lambda found: as_date(found[0]), value)
    return value.ljust(dictionary.length) if shape.format_spec and VM not in value else value


def _nested(file: File, row: Row, shape: Shape) -> Row:
    """Make lists of associations. Source: samples orders_read_2_dict and orders_read_2_sch."""
    mode = shape.mode
    if mode == "normal" or shape.flat:
        return row
    groups: dict[str, list[Dictionary]] = {}
    for each in file.stored:
        if each.group:
            groups.setdefault(each.group, []).append(each)
    prefix = "Lst" if mode == "dict" else "Mv"
    for group, members in groups.items():
        names = {each: (each.prop if mode == "sch" and each.prop else each.name) for each in members}
        columns = {each: str(row.pop(names[each], "")).split(VM) for each in members}
        if len(members) == 1:
            # Source: sample customers_read_3_dict: an attribute that runs alone stays one text.
            row[names[members[0]]] = VM.join(columns[members[0]])
            continue
        count = max(map(len, columns.values()))
        lines = [
            {each: column[place] if place < len(column) else "" for each, column in columns.items()}
            for place in range(count)
        ]
        row[f"{prefix}{group}"] = [_line(line, names, mode) for line in lines]
    return row


def _line(line: dict[Dictionary, str], names: dict[Dictionary, str], mode: str) -> Row:
    sub = [each for each in line if each.sub_group] if mode == "sch" else []
    row: Row = {names[each]: value for each, value in line.items() if each not in sub}
    if sub:
        columns = {each: line[each].split(SM) for each in sub}
        count = max(map(len, columns.values()))
        row[f"Sv{sub[0].sub_group}"] = [
            {names[each]: column[place] if place < len(column) else "" for each, column in columns.items()}
            for place in range(count)
        ]
    return row


def _value(file: File, row: tuple[str, str], name: str) -> str:
    if name in ("@ID", "ID", "CODE"):
        return row[0]
    dictionary = file.find(name)
    attributes = row[1].split(AM)
    return attributes[dictionary.number - 1] if dictionary and 0 < dictionary.number <= len(attributes) else ""


def _sortable(text: str) -> Any:
    return (0, int(text), "") if text.isascii() and text.isdigit() else (1, 0, text)
