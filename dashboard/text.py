"""Text and JSON from outside, made safe to store: no NUL, no half characters, no longer than its column."""

from __future__ import annotations

import math
from typing import Any


def storable(text: str, max_length: int | None = None) -> str:
    """Return `text` without what PostgreSQL (NUL) or UTF-8 (lone surrogates) refuses, at most `max_length` long."""
    if not text.isascii() or "\x00" in text:
        text = text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")
    return text if max_length is None else text[:max_length]


def storable_json(value: Any) -> Any:
    """Return the same JSON with every text made storable; key order is kept."""
    match value:
        case str():
            return storable(value)
        case dict():
            return {storable(str(key)): storable_json(item) for key, item in value.items()}
        case list() | tuple():
            return [storable_json(item) for item in value]
        case float() if not math.isfinite(value):
            return str(value)
        case _:
            return value


def capped(text: str, max_bytes: int) -> str:
    """Return `text` cut to `max_bytes` of UTF-8, saying so at its end."""
    raw = text.encode("utf-8", "replace")
    if len(raw) <= max_bytes:
        return text
    mark = f"… (cut, {len(raw)} bytes in all)"
    return raw[: max_bytes - len(mark.encode())].decode("utf-8", "ignore") + mark
