"""Sending an update with the lock, and finding out what became of it.

Linkar says 400 for everything and 200 for what it dropped, so what happened is always read off the record itself: as it
was sent, as it was meant, or as somebody else has made it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..answers import Snapshot
from ..fields import FieldValue
from ..http import ApiSession, Reply
from ..outcomes import Conflict, Failure, FieldErrors, Gone, Ok, Outcome, Refused, Unavailable
from ..plan import Plan, missing_secrets
from ..redaction import MASK
from ..secrets import Secret
from . import client
from .answers import Record, errors_in, is_answer, records_in
from .errors import evidence_of, failure_of, field_errors_of
from .file_map import FileMap
from .lkstring import ID, ORIGINAL
from .multivalue import BadText, attributes_of, from_text, spelled_out, with_attributes
from .options import Options
from .plans import meant_by, timeout_of, update_params
from .reading import Reader, exact_values, same_record, why_not_writable
from .rules import CONFLICT, DATABASE_REFUSED, DROPPED, NOT_EXACT, UNDECIDED
from .snapshots import attributes_in, rests_on, snapshot_of

_TYPE_AGAIN = "Type it again: it is not kept."


@dataclass(frozen=True, slots=True)
class _Write:
    """One update: what was read before, what is meant to be there afterwards."""

    reader: Reader
    file: FileMap
    record: Record
    changes: Mapping[str, str]
    meant: str
    secrets: Mapping[str, Secret]


def send_edit(
    session: ApiSession,
    plan: Plan,
    place: tuple[FileMap, str],
    *,
    values: Mapping[str, FieldValue],
    secrets: Mapping[str, Secret],
    options: Options,
) -> Outcome:
    """Read the record again; if it is as it was when the person looked, send the update on exactly these bytes."""
    file, record_id = place
    known = {name: secrets[name] for name in plan.secret_names if secrets.get(name)}
    if missing := missing_secrets(plan.call, known):
        return FieldErrors(dict.fromkeys(missing, (_TYPE_AGAIN,)))
    opened = _opened(known, options)
    if isinstance(opened, FieldErrors):
        return opened
    timeout_s = timeout_of(values, options) or options.svr_timeout_s
    record = Reader(session, options, timeout_s).read(file, record_id)
    if not isinstance(record, Record):
        return record
    now = snapshot_of(file, record, session)
    if rests_on(now) != plan.base_digest:
        return Conflict(CONFLICT, now)
    changes = {**meant_by(plan), **opened}
    if refused := why_not_writable(file, record, list(changes), options):
        return refused
    meant = with_attributes(record.original or "", {file.numbers[name]: value for name, value in changes.items()})
    return _send(_Write(Reader(session, options, timeout_s), file, record, changes, meant, known))


def _send(write: _Write) -> Outcome:
    reader, options = write.reader, write.reader.options
    body = _body_of(write, options)
    if body is None:
        return Refused(NOT_EXACT)
    params = update_params(options, reader.timeout_s, names=_in_order(write))
    return _settled(write, client.update(reader.session, write.file, options, body=body, params=params))


def _opened(secrets: Mapping[str, Secret], options: Options) -> dict[str, str] | FieldErrors:
    """Return the secrets as values, or which of them holds a letter that is a mark. They live as long as this call."""
    opened: dict[str, str] = {}
    errors: dict[str, tuple[str, ...]] = {}
    for name, secret in secrets.items():
        held = secret.reveal()
        text = held if isinstance(held, str) else held.decode("utf-8", "replace")
        try:
            opened[name] = from_text(spelled_out(text) if options.spells_out else text)
        except BadText:
            # The usual message would quote a character of it.
            errors[name] = ("This holds ü, ý, þ, û or a control character, which cannot be stored in this database.",)
    return FieldErrors(errors) if errors else opened


def _body_of(write: _Write, options: Options) -> dict[str, Any] | None:
    """Return the body: the whole record for PUT, what changed for PATCH. Secrets go sealed, so that no echo is kept."""
    record: dict[str, Any] = {ID: write.record.id}
    changes: dict[str, Any] = {name: write.secrets.get(name, value) for name, value in write.changes.items()}
    if options.update_with == "patch":
        record |= {name: changes[name] for name in _in_order(write)}
    elif options.format == "text":
        # Text has places instead of names: the whole record, attribute by attribute.
        parts = attributes_of(write.meant)
        sealed = {write.file.numbers[name]: secret for name, secret in write.secrets.items()}
        record |= {f"LKFLD{number}": sealed.get(number, part) for number, part in enumerate(parts, 1)}
    else:
        everything = exact_values(write.record)
        if everything is None:
            return None
        record |= {**everything, **changes}
    if options.locks:
        record[ORIGINAL] = write.record.original
    return {"RECORDS": [record]}


def _in_order(write: _Write) -> list[str]:
    return sorted(write.changes, key=lambda name: write.file.numbers[name])


def _settled(write: _Write, answer: client.Answer) -> Outcome:
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


def _compared(write: _Write, record: Record, answer: Reply) -> Outcome:
    now = snapshot_of(write.file, record, write.reader.session)
    if record.original is not None and same_record(record.original, write.record.original or ""):
        return Refused(DROPPED, evidence_of(answer)) if not _is_as_meant(write, record) else Ok(now)
    # Where it is neither as it was nor as it was meant, a routine of the site has changed it: reading back tells.
    return Ok(now, evidence_of(answer))


def _after_refusal(write: _Write, answer: Reply) -> Outcome:
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


def _refused(write: _Write, answer: Reply) -> Failure:
    names = {name: (name, f"LKFLD{write.file.numbers[name]}") for name in write.file.editable}
    return field_errors_of(answer, names) or Refused(DATABASE_REFUSED, evidence_of(answer))


def _read_after(write: _Write, answer: Reply) -> Record | Failure:
    """Return the record of the answer, or read it again where the answer has none or a secret left a hole in it."""
    found = next((each for each in records_in(answer) or () if each.id == write.record.id), None)
    if found is not None and found.original is not None and MASK not in found.original:
        return found
    return write.reader.read(write.file, write.record.id)


def _is_as_meant(write: _Write, record: Record) -> bool:
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
