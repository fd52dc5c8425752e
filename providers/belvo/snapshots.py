"""Belvo's links and institutions as snapshots and schemas: what is kept, and under which name."""

from __future__ import annotations

import logging
import re
from typing import Any

from ..answers import Json, Schema, Snapshot
from ..cleaning import clean_text
from .payloads import FormFieldPayload, InstitutionPayload, LinkPayload, clean_json, read

logger = logging.getLogger("linkdesk.providers.belvo")

# Belvo's ids are UUIDs; anything that could leave its place in a path is not an id.
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}")

# Never kept, should Belvo ever add one of them to a link.
_UNWANTED = frozenset(
    [
        "password",
        "password2",
        "token",
        "username",
        "username2",
        "username3",
        "session",
        "access",
        "refresh",
        "certificate",
        "private_key",
        "encryption_key",
        "document_number",
        "user_name",
        "display_name",
    ]
)


def is_link_id(text: str) -> bool:
    return _ID.fullmatch(text) is not None


def snapshot_of(raw: object) -> Snapshot | None:
    """Return the snapshot of a link, or None if `raw` is not one (no usable id)."""
    if not isinstance(raw, dict):
        return None
    link = read(LinkPayload, raw)
    if not is_link_id(link.id):
        return None
    return Snapshot(
        remote_id=link.id,
        status=link.status[:60],
        title=link.institution[:200],
        external_id=link.external_id[:256],
        schema_key=link.institution[:200],
        created_at=link.created_at,
        last_success_at=link.last_accessed_at,
        body=_link_body(raw),
    )


def snapshots_of(results: tuple[dict[str, Any], ...]) -> tuple[Snapshot, ...]:
    """Return the snapshots of one page; what is not a link is left out and logged."""
    found = [snapshot_of(raw) for raw in results]
    if None in found:
        logger.warning("belvo: %d of %d links in a page have no usable id", found.count(None), len(found))
    return tuple(snapshot for snapshot in found if snapshot is not None)


def schema_of(raw: object) -> Schema | None:
    """Return the schema of an institution: only what forms, facts and diagnosis need."""
    institution = read(InstitutionPayload, raw)
    if not institution.name:
        return None
    return Schema(
        key=institution.name[:200],
        title=(institution.display_name or institution.name)[:200],
        status=institution.status[:60],
        body={
            "id": institution.id,
            "type": institution.type,
            "integration_type": institution.integration_type,
            "country_codes": list(institution.country_codes or filter(None, (institution.country_code,))),
            "resources": list(institution.resources),
            "features": [clean_text(feature.get("name")) for feature in institution.features],
            "form_fields": [clean_json(field) for field in institution.form_fields],
            "status": institution.status,
        },
    )


def link_of(snapshot: Snapshot) -> LinkPayload:
    """Return the link behind a snapshot."""
    return read(LinkPayload, snapshot.body)


def institution_of(schema: Schema | None) -> InstitutionPayload:
    """Return the institution behind a schema; an empty one if it is not known."""
    return read(InstitutionPayload, {**schema.body, "name": schema.key} if schema else {})


def form_fields_of(schema: Schema | None) -> tuple[FormFieldPayload, ...]:
    fields = (read(FormFieldPayload, raw) for raw in institution_of(schema).form_fields)
    return tuple(field for field in fields if field.name)


def is_open_finance(schema: Schema | None) -> bool:
    """Say whether the institution works by consent. Source: OAS 1.223.0 `openfinance`, OAS 1.35.0 `openbanking`."""
    return institution_of(schema).integration_type in {"openfinance", "openbanking"}


def is_down(schema: Schema | None) -> bool:
    return schema is not None and schema.status == "down"


def institution_title(snapshot: Snapshot, schema: Schema | None) -> str:
    """Return the name of the institution as people know it."""
    return (schema.title if schema else "") or snapshot.schema_key or "the institution"


def _link_body(raw: Json) -> Json:
    body = clean_json({key: value for key, value in raw.items() if key not in _UNWANTED})
    return body if isinstance(body, dict) else {}
