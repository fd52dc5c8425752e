"""What a connection feeds: the sources and channels whose integrations name it.

Source: `integrations` of GET /sources and GET /channel/. Assumed: the schema of an integration is not published, so the
connection is looked for as `connectionId`, `connection_id` or `connection.id`; if none is found anywhere, nothing is
known, which is not the same as feeding nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..answers import Schema
from .payloads import FeederPayload, clean_text, read

NOT_REPORTED = "not reported by Flxpoint"


@dataclass(frozen=True, slots=True)
class Feed:
    """One source or channel, with what the connection does for it."""

    kind: str
    name: str
    operations: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        done = ", ".join(operation.replace("_", " ") for operation in self.operations)
        return f"{self.kind} “{self.name}”" + (f": {done}" if done else "")


@dataclass(frozen=True, slots=True)
class Feeds:
    """`by_connection` holds the feeds of each connection id."""

    by_connection: Mapping[str, tuple[Feed, ...]]

    def to_json(self) -> dict[str, Any]:
        return {
            connection: [[feed.kind, feed.name, list(feed.operations)] for feed in feeds]
            for connection, feeds in self.by_connection.items()
        }

    def of(self, connections: Iterable[str]) -> Feeds:
        """Return the part that is about some connections."""
        wanted = set(connections)
        return Feeds({key: feeds for key, feeds in self.by_connection.items() if key in wanted})


def feeds_of(sources: object, channels: object) -> Feeds | None:
    """Return the map of an account; None where the answers do not tell which connection anything belongs to."""
    found: dict[str, list[Feed]] = {}
    for kind, raws in (("Source", sources), ("Channel", channels)):
        for raw in raws if isinstance(raws, list) else ():
            feeder = read(FeederPayload, raw)
            name = feeder.name or str(feeder.id or "")
            for connection, operations in _operations(feeder.integrations).items():
                found.setdefault(connection, []).append(Feed(kind, name[:200], operations))
    return Feeds({key: tuple(feeds) for key, feeds in sorted(found.items())}) if found else None


def feeds_in(schema: Schema | None, remote_id: str) -> tuple[Feed, ...] | None:
    """Return what a connection feeds; None where it is not known."""
    kept = schema.body.get("feeds") if schema else None
    if not isinstance(kept, dict):
        return None
    rows = kept.get(remote_id)
    return (
        tuple(_feed(row) for row in rows if isinstance(row, list) and len(row) == 3) if isinstance(rows, list) else ()
    )


def _feed(row: list[Any]) -> Feed:
    operations = row[2] if isinstance(row[2], list) else ()
    return Feed(str(row[0]), str(row[1]), tuple(map(str, operations)))


def _operations(integrations: Iterable[Mapping[str, Any]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for integration in integrations:
        if connection := _connection_of(integration):
            operation = clean_text(integration.get("operation") or integration.get("name"), 80)
            found[connection] = (*found.get(connection, ()), *((operation,) if operation else ()))
    return found


def _connection_of(integration: Mapping[str, Any]) -> str:
    nested = integration.get("connection")
    candidates = (
        integration.get("connectionId"),
        integration.get("connection_id"),
        nested.get("id") if isinstance(nested, dict) else None,
    )
    return next((clean_text(one, 40) for one in candidates if one not in (None, "")), "")
