"""Names beside the audit log: whom its pseudonyms stand for, sealed, and nothing any more once a person is erased.

They prove nothing and the log says the same without them. A row is written with the first entry that has a pseudonym
about a target, and costs later entries no statement.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import structlog
from django.db import connection, transaction

from dashboard import crypto
from dashboard.keyring import KeyRingProblem

from ..models import KnownName
from .audit_redaction import Pseudonym

MAX_DEPTH = 4
MAX_WRITTEN = 20_000
_TABLE, _FIELD = "dashboard_knownname", "sealed"
# (database, target, pseudonym) of rows that this process has committed.
_written: set[tuple[str, str, str]] = set()

log = structlog.get_logger(__name__)


def names_in(known_as: Pseudonym | None, facts: Mapping[str, Any]) -> frozenset[Pseudonym]:
    """Return the pseudonyms that an entry is about to tell, each with what it stands for."""
    return frozenset(filter(None, (known_as, *_pseudonyms(facts, MAX_DEPTH))))


def keep(names: Iterable[Pseudonym], target_id: str, customer_id: str) -> None:
    """Keep what is not kept yet, in the entry's transaction and in one statement; none if this process knows it is.

    A name that cannot be sealed is left out, for an entry without it is better than none. A database that refuses the
    row refuses the entry with it: then nothing of this transaction may stand.
    """
    database = str(connection.settings_dict["NAME"])
    fresh = {(database, target_id, str(name)): name for name in names}
    missing = {key: name for key, name in fresh.items() if key not in _written}
    if not missing:
        return
    try:
        rows = [_row(name, target_id, customer_id) for name in missing.values()]
    except KeyRingProblem as trouble:
        log.warning("name_not_kept", cause=str(trouble))
        return
    KnownName.objects.bulk_create(rows, ignore_conflicts=True)
    # Only what was committed is known: a transaction that rolls back takes its names with it.
    transaction.on_commit(lambda: _remember(missing))


def original_of(row: KnownName) -> str | None:
    """Return what a pseudonym stands for; None where it is erased, or cannot be read any more."""
    if row.sealed is None:
        return None
    try:
        return crypto.unseal(bytes(row.sealed), **_place(row.target_id, row.pseudonym)).decode()
    except (crypto.CannotUnseal, KeyRingProblem):
        log.warning("name_not_readable", row=row.pk)
        return None


def _pseudonyms(value: Any, depth: int) -> Iterator[Pseudonym]:
    match value:
        case Pseudonym():
            yield value
        case Mapping() if depth:
            for item in value.values():
                yield from _pseudonyms(item, depth - 1)
        case list() | tuple() if depth:
            for item in value:
                yield from _pseudonyms(item, depth - 1)


def _row(name: Pseudonym, target_id: str, customer_id: str) -> KnownName:
    sealed = crypto.seal(name.original.encode("utf-8", "replace"), **_place(target_id, str(name)))
    return KnownName(pseudonym=str(name), target_id=target_id, customer_id=customer_id or None, sealed=sealed)


def _place(target_id: str, pseudonym: str) -> dict[str, str]:
    return {"table": _TABLE, "field": _FIELD, "row": f"{pseudonym} {target_id}"}


def _remember(keys: Iterable[tuple[str, str, str]]) -> None:
    if len(_written) > MAX_WRITTEN:
        _written.clear()
    _written.update(keys)
