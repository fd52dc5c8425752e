"""A version of a text beside the original: which of its values, and of their sub-values, are not as they were. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import zip_longest

# As forms write them: a value a line, a bar between sub-values. What is split too finely is marked too finely, no more.
_BAR = re.compile(r"(?<!\\)\|")


@dataclass(frozen=True, slots=True)
class Piece:
    """One sub-value. An empty `text` that `is_changed` is one that is there no more."""

    text: str
    is_changed: bool


Value = tuple[Piece, ...]


def pieces_of(text: str, original: str | None) -> tuple[Value, ...]:
    """Return the values of a version, each as its sub-values, those marked that differ from the original's.

    They are compared by place, because places mean something: nothing is aligned by likeness. What the original has
    and this version has not is an empty piece, so that lines that run in parallel stay beside each other.
    """
    before = original.split("\n") if original is not None else []
    return tuple(_value(now, was) for now, was in zip_longest(text.split("\n"), before))


def _value(now: str | None, was: str | None) -> Value:
    pairs = zip_longest(_sub_values(now), _sub_values(was))
    return tuple(Piece(mine or "", is_changed=mine != theirs) for mine, theirs in pairs)


def _sub_values(value: str | None) -> list[str]:
    return _BAR.split(value) if value is not None else []
