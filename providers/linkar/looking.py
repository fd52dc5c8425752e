"""A look at a record as the database shapes it for people: calculated, converted, formatted. Nothing is changed."""

from __future__ import annotations

from collections.abc import Mapping

from ..answers import LookupTable
from ..fields import FieldValue
from ..http import ApiSession, Reply
from ..outcomes import Ok, Outcome, Refused
from ..redaction import MASK
from . import client
from .answers import Record, errors_in, is_answer, records_in
from .errors import failure_of
from .file_map import FileMap
from .options import Options
from .plans import look_params
from .reading import clause_of, is_reachable
from .rules import NOT_ADDRESSABLE
from .schema_reading import read_schema
from .schemas import attribute_of, attributes_in
from .snapshots import in_one_line

_MAX_ROWS = 200
_MAX_TEXT = 1_000


def send_look(
    session: ApiSession, place: tuple[FileMap, str], values: Mapping[str, FieldValue], options: Options
) -> Outcome:
    """Read once. What is secret, or in no map, is not shown: the table is kept with the operation."""
    file, record_id = place
    labels, params = _labels(session, file, options), look_params(values, options)
    if is_reachable(record_id):
        answer = client.view_record(session, file, record_id, options, params)
    elif clause := clause_of(record_id):
        answer = client.view_selected(session, file, options, params | {"select_clause": clause})
    else:
        return Refused(NOT_ADDRESSABLE)
    if not (isinstance(answer, Reply) and answer.status == 200 and is_answer(answer) and not errors_in(answer)):
        return failure_of(answer, writes=False)
    record = next((each for each in records_in(answer) or () if each.id == record_id), None)
    if record is None:
        return failure_of(answer, writes=False)
    return Ok(_table(file, record, labels))


def _labels(session: ApiSession, file: FileMap, options: Options) -> Mapping[str, str]:
    """Return what the file calls its attributes, by name; nothing where it does not say: the look needs no label."""
    read = read_schema(session, file, options)
    schema = read.value if isinstance(read, Ok) else None
    numbered = {name: attribute_of(schema, file, name).label for name in file.numbers}
    return {each.name: each.label for each in attributes_in(schema)} | numbered


def _table(file: FileMap, record: Record, labels: Mapping[str, str]) -> LookupTable:
    shown = {name: value for name, value in record.named.items() if file.tells(name) and name not in file.hidden}
    rows = [(labels.get(name, name), in_one_line(value)[:_MAX_TEXT] or "–") for name, value in shown.items()]
    rows += [(labels.get(name, name), MASK) for name in sorted(file.secret) if record.named.get(name)]
    left_out = len(set(record.named) - set(shown) - file.secret)
    return LookupTable(("Attribute", "Value"), tuple(rows[:_MAX_ROWS]), _note(left_out))


def _note(left_out: int) -> str:
    match left_out:
        case 0:
            return ""
        case 1:
            return "One more attribute is not named in the map, so it is not shown."
        case _:
            return f"{left_out} more attributes are not named in the map, so they are not shown."
