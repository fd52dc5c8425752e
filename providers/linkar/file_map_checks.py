"""One table of the map as it is read: every wrong key becomes a sentence that names the file and the key."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any


class BadMap(ValueError):
    """The map cannot be used; the message is a sentence for an administrator."""


class Table:
    """A table of TOML; remembers which of its keys were asked for."""

    def __init__(self, raw: Mapping[str, Any], path: str, place: str = "") -> None:
        self._raw = raw
        self._path = path
        self._place = place
        self._asked: set[str] = set()

    def call_it(self, name: str) -> None:
        self._place = f"{self._place} ({name})"

    def bad(self, key: str, what: str) -> BadMap:
        return BadMap(f"{self._path}: “{key}”{f' in {self._place}' if self._place else ''} {what}.")

    def all_keys(self) -> Iterable[str]:
        self._asked |= set(self._raw)
        return self._raw.keys()

    def text(self, key: str, form: re.Pattern[str] | None, what: str, *, default: str | None = None) -> str:
        value = self._get(key, default)
        if value is None:
            raise self.bad(key, "is missing")
        if not isinstance(value, str):
            raise self.bad(key, "must be a text")
        if form and not form.fullmatch(value):
            raise self.bad(key, f"is “{value}” and must be {what}")
        return value

    def words(self, key: str, *, longest: int, default: str | None = None) -> str:
        """Return a text for people: on one line, no longer than `longest`."""
        value = self.text(key, None, "", default=default)
        if not value.isprintable() or len(value) > longest or (value.strip() == "" and default is None):
            raise self.bad(key, f"must be one line of words, at most {longest} characters")
        return value

    def choice(self, key: str, choices: Sequence[str]) -> str:
        value = self.text(key, None, "")
        if value not in choices:
            raise self.bad(key, f"is “{value}” and must be {', '.join(choices[:-1])} or {choices[-1]}")
        return value

    def number(self, key: str) -> int:
        value = self._get(key)
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 9_999:
            raise self.bad(key, "must be the number of an attribute, 1 to 9999")
        return value

    def name(self, key: str, known: frozenset[str]) -> str:
        """Return the name of a known attribute, or "" where the key is not given."""
        value = self.text(key, None, "", default="")
        if value and value not in known:
            raise self.bad(key, f"is “{value}”, which is not among the attributes")
        return value

    def names(self, key: str, known: frozenset[str]) -> tuple[str, ...]:
        values = self.texts(key)
        for value in values:
            if value not in known:
                raise self.bad(key, f"holds “{value}”, which is not among the attributes")
        if len(set(values)) < len(values):
            raise self.bad(key, f"holds {max(values, key=values.count)} twice")
        return values

    def texts(self, key: str) -> tuple[str, ...]:
        value = self._get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.bad(key, "must be a list of texts")
        return tuple(value)

    def table(self, key: str, *, required: bool = True) -> Table:
        value = self._get(key, None if required else {})
        if value is None:
            raise self.bad(key, "is missing")
        if not isinstance(value, dict):
            raise self.bad(key, "must be a table")
        return Table(value, self._path, f"{self._place} {key}".strip())

    def tables(self, key: str) -> list[Table]:
        value = self._get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self.bad(key, f"must be written as [[{key}]]")
        return [Table(item, self._path, f"[[{key}]] {place}") for place, item in enumerate(value, 1)]

    def refuse_unknown(self) -> None:
        for key in self._raw:
            if key not in self._asked:
                raise self.bad(key, "is not known here")

    def _get(self, key: str, default: Any = None) -> Any:
        self._asked.add(key)
        return self._raw.get(key, default)
