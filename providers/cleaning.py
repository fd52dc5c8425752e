"""What a remote sends, made fit to keep: any database takes it, and a value of the wrong type reads as "not given"."""

from __future__ import annotations

from typing import Any

_REPLACEMENT = "\ufffd"


def clean_text(value: object, limit: int = 4096) -> str:
    """Return `value` as text that any database takes: no NUL, no lone surrogates, at most `limit` characters."""
    if value is None or isinstance(value, dict | list):
        return ""
    text = str(value)[:limit].replace("\x00", _REPLACEMENT)
    return text.encode("utf-8", "replace").decode("utf-8")


def clean_texts(value: object) -> tuple[str, ...]:
    """Return the texts of a list, cleaned, without the empty ones."""
    items = value if isinstance(value, list | tuple) else ()
    return tuple(text for text in (clean_text(item) for item in items) if text)


def mappings(value: object) -> tuple[dict[str, Any], ...]:
    """Return the objects of a list; what else stands in it is left out."""
    return tuple(item for item in value if isinstance(item, dict)) if isinstance(value, list | tuple) else ()
