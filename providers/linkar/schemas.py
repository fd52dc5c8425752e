"""What a file's attributes are called and may hold: from LkProperties, else its dictionaries, else the map."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ..answers import Json, Schema
from .answers import Record
from .file_map import FileMap
from .multivalue import VM

_MAX_ATTRIBUTES = 2_000


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute as a form needs it. `choices` are pairs of stored value and label."""

    name: str
    number: int
    label: str
    required: bool = False
    calculated: bool = False
    max_length: int = 0
    help: str = ""
    choices: tuple[tuple[str, str], ...] = ()


def schema_of(file: FileMap, source: str, records: Iterable[Record]) -> Schema:
    """Return the schema of a file. `source` is lkproperties, dictionaries or map."""
    read = _from_properties if source == "lkproperties" else _from_dictionary
    found = [attribute for record in records if (attribute := read(record))][:_MAX_ATTRIBUTES]
    body: Json = {
        "source": source,
        "attributes": [
            {
                "name": each.name,
                "number": each.number,
                "label": each.label,
                "required": each.required,
                "calculated": each.calculated,
                "max_length": each.max_length,
                "help": each.help,
                "choices": [list(choice) for choice in each.choices],
            }
            for each in found
        ],
    }
    return Schema(key=file.key[:200], title=file.file[:200], body=body)


def attribute_of(schema: Schema | None, file: FileMap, name: str) -> Attribute:
    """Return what is known of an attribute of the map; its name is its label where nothing is."""
    number = file.numbers.get(name, 0)
    known = [each for each in attributes_in(schema) if each.number == number]
    same_name = (each for each in known if each.name == name)
    return next(same_name, None) or next(iter(known), None) or Attribute(name, number, name)


def attributes_in(schema: Schema | None) -> tuple[Attribute, ...]:
    """Return the attributes of a schema; what cannot be read is left out."""
    raw = schema.body.get("attributes") if schema else None
    if not isinstance(raw, list):
        return ()
    return tuple(found for each in raw if isinstance(each, dict) and (found := _attribute(each)))


def source_of(schema: Schema | None) -> str:
    return str(schema.body.get("source") or "") if schema else ""


def _attribute(raw: Json) -> Attribute | None:
    name, number = raw.get("name"), raw.get("number")
    if not isinstance(name, str) or not isinstance(number, int):
        return None
    choices = raw.get("choices")
    pairs = [tuple(map(str, each)) for each in choices if isinstance(each, list)] if isinstance(choices, list) else []
    length = raw.get("max_length")
    return Attribute(
        name,
        number,
        str(raw.get("label") or name),
        required=raw.get("required") is True,
        calculated=raw.get("calculated") is True,
        max_length=length if isinstance(length, int) else 0,
        help=str(raw.get("help") or ""),
        choices=tuple((each[0], each[1]) for each in pairs if len(each) == 2),
    )


def _from_properties(record: Record) -> Attribute | None:
    """Source: OAS, the row of LkProperties: all its values are texts."""
    values = record.named
    is_calculated = values.get("CALCULATED") == "1"
    name, number = values.get("DICTNAME", ""), _whole(values.get("FIELDNUMBER", "") or ("0" if is_calculated else ""))
    if not name or number is None or values.get("ISKEY") == "1":
        return None
    return Attribute(
        name,
        number,
        values.get("MAINLABEL") or values.get("SHORTLABEL") or name,
        required=values.get("REQUIRED") == "1",
        calculated=is_calculated,
        max_length=_whole(values.get("MAXLENGTH", "")) or 0,
        help=values.get("HELPLABEL", "")[:300],
        choices=_choices(values.get("OPTIONS", ""), values.get("OPTIONSLABEL", "")),
    )


def _from_dictionary(record: Record) -> Attribute | None:
    """Assumed: an item of a dictionary as D3 and QM keep it: type, place, conversion, label, format.

    Source of the letters: kosday/Linkar-v2-with-Python prints them so; the answer of Dictionaries is not documented.
    """
    values = record.named
    parts = [values.get(f"LKFLD{place}") or values.get(_DICTIONARY_NAMES[place - 1], "") for place in range(1, 6)]
    kind, place, _, label, shape = parts
    number = _whole(place)
    if kind[:1].upper() not in ("D", "A", "S") or number is None or number == 0:
        return None
    length = re.match(r"\d{1,4}", shape)
    return Attribute(
        record.id,
        number,
        label or record.id,
        max_length=int(length[0]) if length else 0,
    )


_DICTIONARY_NAMES = ("TYPE", "LOC", "CONV", "NAME", "FORMAT")


def _choices(options: str, labels: str) -> tuple[tuple[str, str], ...]:
    """Source: samples: OPTIONS and OPTIONSLABEL are parallel multivalues."""
    values = [value for value in options.split(VM) if value]
    words = labels.split(VM)
    return tuple(
        (value, words[place] if place < len(words) and words[place] else value) for place, value in enumerate(values)
    )


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else None
