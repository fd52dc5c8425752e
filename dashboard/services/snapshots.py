"""Snapshots as JSON, so that an operation remembers what it started from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from providers.answers import Schema, Snapshot

from ..models import LinkedAccount, RemoteSchema
from ..text import storable_json

_TIMES = ("created_at", "last_success_at", "expires_at")


def to_json(snapshot: Snapshot) -> dict[str, Any]:
    raw = asdict(snapshot)
    for name in _TIMES:
        raw[name] = raw[name].isoformat() if raw[name] else None
    stored: dict[str, Any] = storable_json(raw)
    return stored


def from_json(raw: Mapping[str, Any]) -> Snapshot:
    times = {name: datetime.fromisoformat(raw[name]) if raw.get(name) else None for name in _TIMES}
    return Snapshot(**{**raw, **times, "tags": tuple(raw["tags"])})


def schema_of(account: LinkedAccount) -> Schema | None:
    """Return the stored schema that describes an account's fields, if there is one."""
    if not account.schema_key:
        return None
    found = RemoteSchema.objects.filter(integration=account.integration, key=account.schema_key).first()
    return found.to_schema() if found else None
