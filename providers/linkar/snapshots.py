"""Records as snapshots: what is kept of each attribute, and under which name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote, unquote

from ..answers import Json, Snapshot, digest_of
from ..fingerprints import Fingerprint, own_fingerprint
from ..http import ApiSession
from .answers import Record
from .file_map import FileMap, RecordMap
from .multivalue import attributes_of, to_lines, values_of

# Attributes beyond the map are kept one by one up to here, the rest by one digest.
_MAX_CONTACTS = 10
_MAX_UNNAMED = 200


def remote_id_of(file: FileMap, record_id: str) -> str:
    """Return `apiresource/file/id`, each part percent-encoded."""
    return "/".join(quote(part, safe="") for part in (file.apiresource, file.file, record_id))


def place_of(remote_id: str, record_map: RecordMap) -> tuple[FileMap, str] | None:
    """Return the file and the record id; None if the id is of no file in the map."""
    parts = [unquote(part) for part in remote_id.split("/")]
    file = record_map.find(parts[0], parts[1]) if len(parts) == 3 else None
    return (file, parts[2]) if file and parts[2] else None


def snapshot_of(file: FileMap, record: Record, session: ApiSession) -> Snapshot:
    """Return the snapshot of a record. Attributes are told apart by their place in the whole record.

    What is secret, or in no map, is kept by a keyed digest: enough to see that it has changed.
    """
    by_name = _by_name(file, record)
    shown = {name: value for name, value in by_name.items() if file.shows(name)}
    remote_id = remote_id_of(file, record.id)
    kept_back = {name: value for name, value in by_name.items() if not file.shows(name)}
    body: Json = {
        "apiresource": file.apiresource,
        "file": file.file,
        "id": record.id,
        "attributes": shown,
        "kept_back": _digests(kept_back, remote_id, getattr(session, "fingerprint", own_fingerprint)),
        "has_original": record.original is not None,
    }
    return Snapshot(
        remote_id=remote_id,
        status=_first(shown.get(file.role("status"), ""))[:60],
        title=_title(file, shown) or record.id[:200],
        external_id=_first(shown.get(file.role("external_id"), ""))[:256],
        schema_key=file.key[:200],
        tags=_contacts(file, shown),
        body=body,
    )


def attributes_in(snapshot: Snapshot) -> dict[str, str]:
    """Return the shown attributes, raw, with their marks."""
    return {name: value for name, value in _object(snapshot, "attributes").items() if isinstance(value, str)}


def kept_back_in(snapshot: Snapshot) -> dict[str, str]:
    """Return the keyed digests of what is not shown, "" for what is empty."""
    return {name: str(value) for name, value in _object(snapshot, "kept_back").items()}


def record_id_in(snapshot: Snapshot) -> str:
    return str(snapshot.body.get("id") or "")


def rests_on(snapshot: Snapshot) -> str:
    """Return a digest of the whole record, kept-back attributes included: what an edit was decided on."""
    return digest_of([snapshot.remote_id, attributes_in(snapshot), kept_back_in(snapshot)])


def _object(snapshot: Snapshot, key: str) -> dict[str, object]:
    raw = snapshot.body.get(key)
    return {str(name): value for name, value in raw.items()} if isinstance(raw, dict) else {}


def _by_name(file: FileMap, record: Record) -> dict[str, str]:
    """Return every attribute under the map's name for its place, else `LKFLDn`; empty ones at the end left out.

    Without the whole record there are names only: those of the map are taken, the others are kept back as they are.
    """
    if record.original is None:
        return {name: value for name, value in record.named.items() if value or name in file.numbers}
    attributes = attributes_of(record.original)
    attributes += [""] * (max(file.numbers.values()) - len(attributes))
    named = {file.name_of(number): value for number, value in enumerate(attributes, 1)}
    return {name: value for name, value in named.items() if value or name in file.numbers}


def _digests(kept_back: Mapping[str, str], remote_id: str, fingerprint: Fingerprint) -> dict[str, str]:
    items = list(kept_back.items())
    found = {name: fingerprint(f"{remote_id}:{name}", value) if value else "" for name, value in items[:_MAX_UNNAMED]}
    if rest := items[_MAX_UNNAMED:]:
        found["others"] = fingerprint(f"{remote_id}:others", repr(rest))
    return found


def _title(file: FileMap, shown: Mapping[str, str]) -> str:
    texts = (shown.get(file.role(role), "") for role in ("title", "subtitle"))
    return " · ".join(in_one_line(text) for text in texts if text)[:200]


def _contacts(file: FileMap, shown: Mapping[str, str]) -> tuple[str, ...]:
    """Return whom the record names as contacts, so that it is found by what they say on the phone."""
    name = file.role("contact")
    values = values_of("" if name in file.hidden else shown.get(name, ""))
    return tuple(text[:200] for value in values for text in value if text)[:_MAX_CONTACTS]


def in_one_line(attribute: str) -> str:
    """Return an attribute as one line for people: values by commas, sub-values by bars."""
    return re.sub(r"\s*\n\s*", ", ", to_lines(attribute))


def _first(attribute: str) -> str:
    return values_of(attribute)[0][0]
