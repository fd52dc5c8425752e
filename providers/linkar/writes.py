"""Sending an update with the lock: on the bytes that were just read, and on no others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..fields import FieldValue
from ..http import ApiSession
from ..outcomes import Conflict, FieldErrors, Outcome, Refused
from ..plan import Plan, missing_secrets
from ..secrets import Secret
from . import client
from .answers import Record
from .file_map import FileMap
from .lkstring import ID, ORIGINAL
from .multivalue import BadText, attributes_of, from_text, spelled_out, with_attributes
from .options import Options
from .plans import meant_by, timeout_of, update_params
from .reading import Reader, exact_values, why_not_writable
from .rules import CONFLICT, NOT_EXACT
from .settling import Write, settled
from .snapshots import rests_on, snapshot_of

_TYPE_AGAIN = "Type it again: it is not kept."


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
    return _send(Write(Reader(session, options, timeout_s), file, record, changes, meant, known))


def _send(write: Write) -> Outcome:
    reader, options = write.reader, write.reader.options
    body = _body_of(write, options)
    if body is None:
        return Refused(NOT_EXACT)
    params = update_params(options, reader.timeout_s, names=_in_order(write))
    return settled(write, client.update(reader.session, write.file, options, body=body, params=params))


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


def _body_of(write: Write, options: Options) -> dict[str, Any] | None:
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


def _in_order(write: Write) -> list[str]:
    return sorted(write.changes, key=lambda name: write.file.numbers[name])
