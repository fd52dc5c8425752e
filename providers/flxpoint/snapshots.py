"""Flxpoint's connections as snapshots, and its types as schemas: what is kept, and under which name."""

from __future__ import annotations

import logging
import re
from typing import Any

from ..answers import Schema, Snapshot, digest_of
from ..fingerprints import Fingerprint
from .configs import configs_in, configs_of, to_json
from .feeds import Feeds
from .payloads import ConnectionPayload, read

logger = logging.getLogger("linkdesk.providers.flxpoint")

COMPLETE, INCOMPLETE, UNKNOWN = "complete", "incomplete", "unknown"
_ID = re.compile(r"[1-9][0-9]{0,18}")


def is_connection_id(text: str) -> bool:
    return _ID.fullmatch(text) is not None


def snapshot_of(raw: object, fingerprint: Fingerprint) -> Snapshot | None:
    """Return the snapshot of a connection, or None if `raw` is not one (no usable id).

    Flxpoint has no status of its own: the one kept here is worked out from the configs.
    """
    connection = read(ConnectionPayload, raw)
    remote_id = str(connection.id)
    if not is_connection_id(remote_id):
        return None
    configs = configs_of(connection.configs, fingerprint, remote_id)
    status = UNKNOWN if not configs else INCOMPLETE if any(config.is_missing for config in configs) else COMPLETE
    kind = connection.connectionTypeName or connection.connectionType
    return Snapshot(
        remote_id=remote_id,
        status=status,
        title=(connection.name.strip() or f"{kind or 'Connection'} {remote_id}")[:200],
        schema_key=connection.connectionType[:200],
        tags=(kind[:200],) if kind else (),
        body={
            "id": connection.id,
            "connectionType": connection.connectionType,
            "connectionTypeId": connection.connectionTypeId,
            "connectionTypeName": connection.connectionTypeName,
            "name": connection.name,
            "configs": [to_json(config) for config in configs],
        },
    )


def snapshots_of(raws: list[Any], fingerprint: Fingerprint) -> tuple[Snapshot, ...]:
    """Return the snapshots of a list; what is not a connection is left out and logged."""
    found = [snapshot_of(raw, fingerprint) for raw in raws]
    if None in found:
        logger.warning("flxpoint: %d of %d connections have no usable id", found.count(None), len(found))
    return tuple(snapshot for snapshot in found if snapshot is not None)


def schema_of(key: str, name: str, raws: list[Any], feeds: Feeds | None, fingerprint: Fingerprint) -> Schema:
    """Return what describes the connections of one type: the form of a new one, and what the existing ones feed.

    Its title is the name of the type; a connection goes by a name of its own.
    """
    configs = configs_of([raw for raw in raws if isinstance(raw, dict)], fingerprint, f"type/{key}")
    return Schema(
        key=key,
        title=name[:200],
        body={
            "connectionTypeName": name,
            "configs": [to_json(config) for config in configs],
            "feeds": feeds.to_json() if feeds is not None else None,
        },
    )


def template_of(schema: Schema) -> Snapshot:
    """Return a schema as the connection that would be made from it."""
    return Snapshot("", UNKNOWN, {**schema.body, "connectionType": schema.key, "name": ""}, schema_key=schema.key)


def connection_type(snapshot: Snapshot) -> str:
    return str(snapshot.body.get("connectionType") or "")


def type_name(snapshot: Snapshot) -> str:
    """Return the type as people know it."""
    return str(snapshot.body.get("connectionTypeName") or connection_type(snapshot) or "connection")


def name_of(snapshot: Snapshot) -> str:
    return str(snapshot.body.get("name") or "")


def content_digest(snapshot: Snapshot) -> str:
    """Return a digest of all that a PUT replaces: what a plan rests on, and what is compared before it is sent."""
    configs = sorted((config.handle, config.editable is True, config.state) for config in configs_in(snapshot))
    return digest_of([snapshot.remote_id, connection_type(snapshot), name_of(snapshot), configs])
