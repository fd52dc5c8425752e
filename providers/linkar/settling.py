"""What became of an update: read off the record itself, as it was sent, as it was meant, or as somebody has made it.

Linkar says 400 for everything, and 200 for what it dropped.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..answers import Snapshot
from ..http import Reply
from ..outcomes import Conflict, Failure, Gone, Ok, Outcome, Refused, Unavailable
from ..plan import Plan
from ..redaction import MASK
from ..secrets import Secret
from . import client
from .answers import Record, errors_in, is_answer, records_in
from .errors import evidence_of, failure_of, field_errors_of
from .file_map import FileMap
from .plans import meant_by
from .reading import Reader, same_record
from .rules import CONFLICT, DATABASE_REFUSED, DROPPED, UNDECIDED
from .snapshots import attributes_in, rests_on, snapshot_of


@dataclass(frozen=True, slots=True)
class Write:
    """One update: what was read before, what is meant to be there afterwards."""

    reader: Reader
    file: FileMap
    record: Record
    changes: Mapping[str, str]
    meant: str
    secrets: Mapping[str, Secret]


def settled(write: Write, answer: client.Answer) -> Outcome:
    """Say what became of an update.

    Silence is an unknown, and a refusal of the service itself (401, 403, 404) wrote nothing. Everything else is
    compared: with what was sent, with what was meant.
    """
    if not isinstance(answer, Reply):
        return failure_of(answer, writes=True)
    if answer.status == 400 or (200 <= answer.status < 300 and errors_in(answer)):
        return _after_refusal(write, answer)
    if not 200 <= answer.status < 300 or (answer.is_json and not is_answer(answer)) or _is_foreign(answer):
        return failure_of(answer, writes=True)
    record = _read_after(write, answer)
    if not isinstance(record, Record):
        # It was taken, as far as Linkar says; reading back will show it.
        return Ok(None, evidence_of(answer)) if not isinstance(record, Gone) else record
    return _compared(write, record, answer)


def _is_foreign(answer: Reply) -> bool:
    """Say whether a success is none of Linkar's: a page of a proxy. An empty body is documented (OAS)."""
    return not answer.is_json and bool(answer.text)


def _compared(write: Write, record: Record, answer: Reply) -> Outcome:
    now = snapshot_of(write.file, record, write.reader.session)
    if record.original is not None and same_record(record.original, write.record.original or ""):
        return Refused(DROPPED, evidence_of(answer)) if not _is_as_meant(write, record) else Ok(now)
    # Where it is neither as it was nor as it was meant, a routine of the site has changed it: reading back tells.
    return Ok(now, evidence_of(answer))


def _after_refusal(write: Write, answer: Reply) -> Outcome:
    """Source: LINKAR_WS contract, section 8: read again and compare; a conflict is never seen by code or text."""
    found = write.reader.read(write.file, write.record.id)
    if isinstance(found, Gone):
        return found
    if not isinstance(found, Record) or found.original is None:
        return Unavailable(UNDECIDED, evidence_of(answer), maybe_applied=True)
    now = snapshot_of(write.file, found, write.reader.session)
    if _is_as_meant(write, found):
        return Ok(now, evidence_of(answer))
    if not same_record(found.original, write.record.original or ""):
        return Conflict(CONFLICT, now, evidence_of(answer))
    if not errors_in(answer):
        return failure_of(answer, writes=False)
    return _refused(write, answer)


def _refused(write: Write, answer: Reply) -> Failure:
    names = {name: (name, f"LKFLD{write.file.numbers[name]}") for name in write.file.editable}
    return field_errors_of(answer, names) or Refused(DATABASE_REFUSED, evidence_of(answer))


def _read_after(write: Write, answer: Reply) -> Record | Failure:
    """Return the record of the answer, or read it again where the answer has none or a secret left a hole in it."""
    found = next((each for each in records_in(answer) or () if each.id == write.record.id), None)
    if found is not None and found.original is not None and MASK not in found.original:
        return found
    return write.reader.read(write.file, write.record.id)


def _is_as_meant(write: Write, record: Record) -> bool:
    return record.original is not None and same_record(record.original, write.meant)


def confirms(plan: Plan, before: Snapshot, after: Snapshot) -> bool | None:
    """Say whether a later reading shows the update; None where only secrets were given and nothing moved."""
    if plan.action != "edit":
        return None
    wanted, now = meant_by(plan), attributes_in(after)
    if wanted and any(now.get(name, "") != value for name, value in wanted.items()):
        return False
    if wanted:
        return True
    return True if rests_on(before) != rests_on(after) else None
