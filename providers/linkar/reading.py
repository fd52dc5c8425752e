"""Reading one record as it is now: the whole of it, in normal mode, byte for byte."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..http import ApiSession, Reply
from ..outcomes import Evidence, Failure, Gone, Refused
from ..redaction import MASK
from . import client
from .answers import Record, errors_in, is_answer, records_in
from .errors import evidence_of, failure_of
from .file_map import FileMap
from .multivalue import AM, MARKS, attributes_of
from .options import Options
from .rules import DATABASE_REFUSED, DELETED, MAP_DIFFERS, NO_ORIGINAL, NOT_ADDRESSABLE, NOT_EXACT

# What stands for a character that could not be kept, or for a secret of ours: such a record is not sent back.
_SPOILT = (MASK, "\ufffd")


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads records of one installation. `timeout_s` is how long Linkar waits for its database."""

    session: ApiSession
    options: Options
    timeout_s: int

    def read(self, file: FileMap, record_id: str) -> Record | Failure:
        """Return the record. Gone: the database answers with an error, and selects nothing under this id.

        A record that no path leads to is selected.
        """
        if not is_reachable(record_id):
            return self._selected(file, record_id)
        params = {"original_record": "true", "svr_timeout": self.timeout_s}
        answer = client.read_record(self.session, file, record_id, self.options, params)
        if isinstance(answer, Reply) and answer.status == 200 and is_answer(answer) and not errors_in(answer):
            found = next((each for each in records_in(answer) or () if each.id == record_id), None)
            if found is not None:
                return found
            # An empty list instead of an error: asked once more in the other way.
            return self._selected(file, record_id) if not records_in(answer) else failure_of(answer, writes=False)
        failure = failure_of(answer, writes=False)
        if not (isinstance(failure, Refused) and failure.rule is DATABASE_REFUSED):
            return failure
        selected = self._selected(file, record_id)
        if isinstance(selected, Record):
            # It is there, and cannot be read: then the database's own words count.
            return failure
        return selected if isinstance(selected, Gone) else failure

    def _selected(self, file: FileMap, record_id: str) -> Record | Failure:
        """Select by id. Source: LINKAR_WS manual, lk_select; the clause is the database's own language."""
        clause = clause_of(record_id)
        if clause is None:
            return Refused(NOT_ADDRESSABLE)
        params: dict[str, Any] = {"select_clause": clause, "original_record": "true"}
        answer = client.select(self.session, file, self.options, params | {"svr_timeout": self.timeout_s})
        if not (isinstance(answer, Reply) and answer.status == 200 and is_answer(answer) and not errors_in(answer)):
            return failure_of(answer, writes=False)
        records = records_in(answer)
        if records is None:
            return failure_of(answer, writes=False)
        found = next((each for each in records if each.id == record_id), None)
        return found or Gone(DELETED, evidence_of(answer))


def is_reachable(record_id: str) -> bool:
    """Say whether a path can lead to a record. Assumed: a slash, even encoded, or dots alone lead elsewhere."""
    return "/" not in record_id and "\\" not in record_id and not set(record_id) <= {"."}


def clause_of(record_id: str) -> str | None:
    """Return the clause that selects one record, or None if its id cannot be said in one."""
    literal = quoted(record_id)
    return f"WITH @ID = {literal}" if literal else None


def quoted(text: str) -> str | None:
    """Return a literal of the query language, or None if there is none that is safe: quotes, marks, control characters.

    Source: LINKAR_WS contract, section 13: refuse quotes, backslashes, control characters and marks.
    """
    if any(char in MARKS or not char.isprintable() for char in text) or "\\" in text:
        return None
    quote = next((each for each in ('"', "'") if each not in text), None)
    return f"{quote}{text}{quote}" if quote else None


def why_not_writable(file: FileMap, record: Record, names: list[str], options: Options) -> Failure | None:
    """Return what forbids to change these attributes of a record that was just read, before anything is sent."""
    if record.original is None:
        return Refused(NO_ORIGINAL)
    if any(spoilt in record.original for spoilt in _SPOILT):
        return Refused(NOT_EXACT)
    if not options.can_say(record.original):
        return Refused(NOT_EXACT)
    attributes = attributes_of(record.original)
    for name in names:
        place = file.numbers[name] - 1
        stored = attributes[place] if place < len(attributes) else ""
        said = record.named.get(name)
        if said is not None and not _is_same(said, stored, exact=record.is_exact):
            return Refused(MAP_DIFFERS, Evidence(remote_message=f"{name} is not attribute {place + 1}."))
    return None


def exact_values(record: Record) -> dict[str, str] | None:
    """Return all values by name, as a PUT sends them back; None where numbers came as such and cannot be placed.

    Source: LINKAR_WS manual, lk_getversion: CONVERTNUMBOOLJSON writes numbers without quotes, so 12.50 comes as 12.5.
    """
    if record.is_exact:
        return dict(record.named)
    attributes = attributes_of(record.original or "")
    attributes += [""] * (len(record.named) - len(attributes))
    pairs = list(zip(record.named.items(), attributes, strict=False))
    if len(attributes) > len(record.named) or not all(_is_same(said, raw, exact=False) for (_, said), raw in pairs):
        return None
    return {name: raw for (name, _), raw in pairs}


def _is_same(said: str, stored: str, *, exact: bool) -> bool:
    if said == stored:
        return True
    if exact:
        return False
    try:
        return float(said) == float(stored)
    except ValueError:
        return said in ("1", "0") and stored in ("1", "0", "")


def same_record(one: str, other: str) -> bool:
    """Compare two whole records; empty attributes at the end do not count, because databases drop them."""
    return one.rstrip(AM) == other.rstrip(AM)
