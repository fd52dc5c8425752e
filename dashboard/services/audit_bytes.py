"""The bytes of an audit entry: exactly what is stored is what is authenticated.

    mac = HMAC-SHA256(K[key_id], field("audit/v1") field(chain) field(key_id) u64(seq) field(prev_mac) field(at)
          field(kind) field(action) field(actor_id) field(actor) field(role) field(target_id) field(target)
          field(integration) field(operation_id) field(result) field(body))

`field(x)` is u32(length in bytes) then the bytes, text in UTF-8; an absent value is u32(0xFFFFFFFF) alone, which is not
the empty text. Numbers are big-endian. The first entry's `prev_mac` is empty.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

DOMAIN = b"audit/v1"
CHAIN = "main"
# The columns after `prev_mac`, in the order in which they are authenticated.
TEXT_COLUMNS = (
    "at",
    "kind",
    "action",
    "actor_id",
    "actor",
    "role",
    "target_id",
    "target",
    "integration",
    "operation_id",
    "result",
    "body",
)

MAX_TEXT_CHARS = 4000
MAX_ITEMS = 200
MAX_DEPTH = 8
_MAX_INTEGER = 2**63
_ABSENT = (0xFFFFFFFF).to_bytes(4, "big")


class NotPlain(Exception):
    """A value that has no place in the log; the message says where it is and of what type, never what it is."""


def field(value: object) -> bytes:
    """Return the length-prefixed bytes of a text, of bytes, or of nothing at all."""
    match value:
        case None:
            return _ABSENT
        case str():
            raw = value.encode("utf-8", "surrogatepass")
        case bytes() | memoryview():
            raw = bytes(value)
        case _:
            raise NotPlain(f"{type(value).__name__} is neither text nor bytes")
    return len(raw).to_bytes(4, "big") + raw


def message(row: Mapping[str, Any]) -> bytes:
    """Return what the MAC of an entry covers; `row` holds the columns as they are stored."""
    head = DOMAIN, row["chain"], row["key_id"]
    parts = [field(part) for part in head]
    parts.append(int(row["seq"]).to_bytes(8, "big"))
    parts.append(field(bytes(row["prev_mac"])))
    for column in TEXT_COLUMNS:
        # SQLite keeps bytes in a text column as bytes: they are not the text of the same bytes.
        if not isinstance(row[column], str | None):
            raise NotPlain(f"{column} is not text")
        parts.append(field(row[column]))
    return b"".join(parts)


def timestamp(moment: datetime) -> str:
    """Return `moment` as the log writes it: UTC, microseconds, always 27 characters, so that texts sort as times."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def canonical(facts: Mapping[str, Any]) -> str:
    """Return `facts` as JSON text with sorted keys, cleaned and capped; anything but plain JSON raises `NotPlain`."""
    return json.dumps(
        _plain(facts, "facts", MAX_DEPTH), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def clean(value: object, limit: int = MAX_TEXT_CHARS, *, where: str = "text") -> str:
    """Return text that every database keeps as it is, at most `limit` characters long; a cut is marked.

    PostgreSQL refuses NUL, and UTF-8 has no lone surrogates: both become U+FFFD.
    """
    if not isinstance(value, str):
        raise NotPlain(f"{where} is {type(value).__name__}, not text")
    # The characters of an enum member's value, not its name.
    text = str.__str__(value)
    length = len(text)
    if length > limit:
        mark = f"… [{length} characters]" if limit > 60 else "…"
        text = text[: limit - len(mark)] + mark
    return text.replace("\0", "\ufffd").encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _plain(value: object, where: str, depth: int) -> Any:  # noqa: PLR0911 - one line a type
    match value:
        case None | bool():
            return value
        case str():
            return clean(value)
        case int() if abs(value) <= _MAX_INTEGER:
            return int(value)
        case float() if math.isfinite(value):
            return float(value)
        case Mapping() | list() | tuple() if depth == 0:
            return "… [nested too deep]"
        case Mapping():
            return _plain_mapping(value, where, depth)
        case list() | tuple():
            kept = [_plain(item, f"{where}[{at}]", depth - 1) for at, item in enumerate(value[:MAX_ITEMS])]
            return kept + ([f"… [{len(value)} items]"] if len(value) > MAX_ITEMS else [])
    raise NotPlain(f"{where} is {type(value).__name__}, which is not plain JSON")


def _plain_mapping(value: Mapping[Any, Any], where: str, depth: int) -> dict[str, Any]:
    kept = {}
    for key, item in list(value.items())[:MAX_ITEMS]:
        name = clean(key, 200, where=f"a key of {where}")
        kept[name] = _plain(item, f"{where}.{name}", depth - 1)
    if len(value) > MAX_ITEMS:
        kept["…"] = f"[{len(value)} keys]"
    return kept
