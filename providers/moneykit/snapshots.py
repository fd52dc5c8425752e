"""MoneyKit's links and institutions as snapshots and schemas: what is kept, and under which name."""

from __future__ import annotations

import logging
import re
from datetime import datetime

from ..answers import Json, Schema, Snapshot
from .codes import label_of
from .payloads import InstitutionPayload, LinkPayload, clean_json, read

logger = logging.getLogger("linkdesk.providers.moneykit")

# MoneyKit's ids are opaque; anything that could leave its place in a path is not taken for one.
_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.~-]{0,199}")
# A picture on a host of somebody else's, the deprecated twin of link_tags, and a deprecated time.
_UNWANTED = frozenset({"institution_avatar", "tags"})
DELETED = "deleted"


def is_id(text: str) -> bool:
    return _ID.fullmatch(text) is not None


def snapshot_of(raw: object, *, created_at: datetime | None = None, reference: str = "") -> Snapshot | None:
    """Return the snapshot of a link, or None if `raw` is not one.

    `created_at` and `reference` (our id of the customer) are what MoneyKit tells elsewhere: no link carries them.
    """
    if not isinstance(raw, dict):
        return None
    body = _body(raw)
    link = read(LinkPayload, body)
    if not is_id(link.link_id) or not link.state:
        return None
    refreshed = [product.refreshed_at for product in link.products.values() if product.refreshed_at]
    return Snapshot(
        remote_id=link.link_id,
        status=link.state[:60],
        title=(link.institution_name or link.institution_id)[:200],
        external_id=reference[:256],
        schema_key=link.institution_id[:200],
        error_code=link.error_code[:80],
        tags=link.link_tags,
        created_at=created_at,
        last_success_at=max(refreshed, default=link.last_synced_at),
        body=body,
    )


def schema_of(raw: object, *, key: str = "") -> Schema | None:
    """Return the schema of an institution; `key` is the alias under which it was asked for."""
    institution = read(InstitutionPayload, raw)
    if not institution.institution_id:
        return None
    return Schema(
        key=(key or institution.institution_id)[:200],
        title=(institution.name or institution.institution_id)[:200],
        body={
            "institution_id": institution.institution_id,
            "country": institution.country,
            "domain": institution.domain,
            "aliases": list(institution.institution_id_aliases),
        },
    )


def link_of(snapshot: Snapshot) -> LinkPayload:
    """Return the link behind a snapshot."""
    return read(LinkPayload, snapshot.body)


def bank_of(snapshot: Snapshot, schema: Schema | None) -> str:
    """Return the name of the institution as people know it: the link's own word first, it may be an account's brand."""
    return snapshot.title or (schema.title if schema else "") or "the institution"


def words(products: tuple[str, ...] | list[str]) -> str:
    return ", ".join(label_of(product) for product in products)


def _body(raw: Json) -> Json:
    kept = {key: value for key, value in raw.items() if key not in _UNWANTED}
    if kept.get("link_tags") is None and isinstance(raw.get("tags"), list):
        kept["link_tags"] = raw["tags"]
    body = clean_json(kept)
    return body if isinstance(body, dict) else {}
