"""Regular expressions that a remote gave us, run only where they cannot hang the process."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from re import _parser as parser  # type: ignore[attr-defined]  # the only way to look at a pattern without running it
from typing import Any

# Longer input is not checked here: the remote checks it again anyway.
MAX_CHECKED_CHARACTERS = 256
MAX_PATTERN_CHARACTERS = 512
# A repeat that may be this long makes the work grow with the length of the input.
_LONG_REPEAT = 16
# n³ steps for 256 characters take a tenth of a second; n⁴ would take half a minute.
_MAX_DEGREE = 3
_REPEATS = {"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"}


def fits(pattern: str, value: str) -> bool:
    """Say whether `value` fits; also True where the pattern cannot be used or the value is too long to try.

    JavaScript dialect, search semantics. Source: Belvo institutions, `form_fields[].validation`.
    """
    if len(value) > MAX_CHECKED_CHARACTERS:
        return True
    compiled = compile_remote(pattern)
    return compiled is None or compiled.search(value) is not None


@lru_cache(maxsize=1024)
def compile_remote(pattern: str) -> re.Pattern[str] | None:
    """Return the compiled pattern, or None if it is absent, broken, or could take too long."""
    if not pattern or len(pattern) > MAX_PATTERN_CHARACTERS:
        return None
    translated = re.sub(r"\(\?<(?![=!])", "(?P<", pattern)
    try:
        tree = parser.parse(translated, re.ASCII)
        if not _is_cheap(tree):
            return None
        return re.compile(translated, re.ASCII)
    except (re.error, RecursionError, OverflowError, ValueError):
        return None


def _is_cheap(tree: Any) -> bool:
    nodes = list(_walk(tree, inside_repeat=False))
    if any(name.startswith("GROUPREF") for name, _, _ in nodes):
        return False
    if any(inside and (name == "BRANCH" or _varies(name, argument)) for name, argument, inside in nodes):
        return False
    anchored = bool(len(tree)) and str(tree[0][0]) == "AT"
    degree = sum(_varies(name, argument) and _is_long(argument) for name, argument, _ in nodes)
    return degree + (0 if anchored else 1) <= _MAX_DEGREE


def _walk(tree: Any, *, inside_repeat: bool) -> Iterator[tuple[str, Any, bool]]:
    """Yield every node with its argument and whether it stands inside a repeat that may run more than once."""
    for operator, argument in tree:
        name = str(operator)
        yield name, argument, inside_repeat
        repeats = name in _REPEATS and argument[1] > 1
        for part in _parts(argument):
            yield from _walk(part, inside_repeat=inside_repeat or repeats)


def _parts(argument: Any) -> Iterator[Any]:
    if isinstance(argument, parser.SubPattern):
        yield argument
    elif isinstance(argument, (tuple, list)):
        for item in argument:
            yield from _parts(item)


def _varies(name: str, argument: Any) -> bool:
    return name in _REPEATS and argument[0] != argument[1]


def _is_long(argument: Any) -> bool:
    return bool(argument[1] > _LONG_REPEAT)
