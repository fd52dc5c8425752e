"""JSON from strangers: strictly read, bounded in depth and digits, and safe to store."""

from __future__ import annotations

import json
import math
import re
from typing import Any

MAX_DEPTH = 64
MAX_DIGITS = 400
# Python reads these escapes into characters that UTF-8 or PostgreSQL refuse.
_UNSTORABLE_ESCAPE = re.compile(r"\\u(?:[dD][89a-fA-F]|0000)")
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


class UnsoundJson(ValueError):
    """The text is not JSON that can be trusted to mean one thing."""


class DuplicateKey(UnsoundJson):
    """An object names a key twice, so two readers may see two answers."""


def parse_json(body: bytes) -> Any:
    """Return the value, or raise `UnsoundJson`: duplicate keys, NaN, too deep, too many digits, not UTF-8, not whole.

    Lone surrogates and NUL become U+FFFD: neither can be stored.
    """
    try:
        text = body.decode("utf-8-sig")
        value = json.loads(
            text,
            object_pairs_hook=_unique,
            parse_constant=_refuse_constant,
            parse_int=_whole,
            parse_float=_finite,
        )
    except UnsoundJson:
        raise
    except (ValueError, RecursionError) as error:
        raise UnsoundJson(type(error).__name__) from None
    return _sound(value, 0, replace=_UNSTORABLE_ESCAPE.search(text) is not None)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise DuplicateKey("an object names a key twice")
    return found


def _refuse_constant(word: str) -> Any:
    raise UnsoundJson(f"{word} is not JSON")


def _whole(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise UnsoundJson("a number has too many digits")
    return int(digits)


def _finite(digits: str) -> float:
    value = float(digits) if len(digits) <= MAX_DIGITS else math.inf
    if not math.isfinite(value):
        raise UnsoundJson("a number is too large")
    return value


def _sound(value: Any, depth: int, *, replace: bool) -> Any:
    if depth > MAX_DEPTH:
        raise UnsoundJson("the value is nested too deeply")
    match value:
        case str():
            return _UNSTORABLE.sub("\ufffd", value) if replace else value
        case list():
            return [_sound(item, depth + 1, replace=replace) for item in value]
        case dict():
            return _unique(
                [
                    (_sound(key, depth + 1, replace=replace), _sound(item, depth + 1, replace=replace))
                    for key, item in value.items()
                ]
            )
        case _:
            return value
