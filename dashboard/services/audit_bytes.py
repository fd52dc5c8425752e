"""Plain JSON and clean text for audit entries; their authenticated bytes stand in `dashboard/audit_verifier.py`."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from dashboard.audit_verifier import CHAIN, TEXT_COLUMNS, NotPlain, message
from dashboard.audit_verifier import field_bytes as field

__all__ = ["CHAIN", "TEXT_COLUMNS", "NotPlain", "canonical", "clean", "field", "message", "timestamp"]

MAX_TEXT_CHARS = 4000
MAX_ITEMS = 200
MAX_DEPTH = 8
_MAX_INTEGER = 2**63


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
