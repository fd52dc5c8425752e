"""The texts that tell who a person is, looked for and taken out wherever they stand outside of the audit log."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar
from urllib.parse import quote

from django.db.models import JSONField, Model, Q, QuerySet, TextField
from django.db.models.functions import Cast

INSTEAD = "[erased]"
# Shorter ones are words and numbers that stand for many things.
MIN_ID_CHARS = 4
MIN_WORD_CHARS = 8
CHUNK_ROWS = 200

M = TypeVar("M", bound=Model)


def is_telling(text: str, *, is_id: bool = False) -> bool:
    """Say whether a text means this person wherever it stands: “Maria Silva” does, “Maria” does not."""
    is_no_word = is_id or not text.isalpha()
    return len(text) >= MIN_WORD_CHARS or (len(text) >= MIN_ID_CHARS and is_no_word)


class Texts:
    """Texts as they may be written down: as they are, as JSON escapes them, as an address quotes them, in any case."""

    def __init__(self, texts: Iterable[str]) -> None:
        whole = {text.strip() for text in texts} - {""}
        self.forms = sorted({form for text in whole for form in _forms(text)}, key=len, reverse=True)
        # Databases compare a to z without case, and other letters as they are.
        self._asked_for = sorted({"".join(_ascii_lower(form)) for form in self.forms})
        # Not as a part of a longer word or number: "12" is not in "2012".
        self._pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, self.forms))})(?!\w)", re.IGNORECASE)

    def are_in(self, value: Any) -> bool:
        """Say whether one of them stands in a text or anywhere in JSON."""
        return bool(self.forms) and any(self._pattern.search(text) for text in _texts(value))

    def taken_out_of(self, value: Any) -> Any:
        """Return the same text or JSON with `[erased]` in their place."""
        match value:
            case str() if self.forms:
                return self._pattern.sub(INSTEAD, value)
            case dict():
                return {self.taken_out_of(key): self.taken_out_of(item) for key, item in value.items()}
            case list() | tuple():
                return [self.taken_out_of(item) for item in value]
        return value

    def rows(self, found: QuerySet[M], columns: Sequence[str]) -> list[M]:
        """Return the rows in whose columns one of them stands. It reads the whole table: nothing is indexed for it."""
        if not self.forms:
            return []
        condition = Q()
        for column in columns:
            name = column
            if isinstance(found.model._meta.get_field(column), JSONField):
                name = f"{column}_as_text"
                found = found.alias(**{name: Cast(column, TextField())})
            for form in self._asked_for:
                condition |= Q(**{f"{name}__icontains": form})
        rows = found.filter(condition).iterator(chunk_size=CHUNK_ROWS)
        return [row for row in rows if self.are_in([getattr(row, column) for column in columns])]


def _forms(text: str) -> set[str]:
    spelled = {text, text.casefold(), text.upper()}
    return spelled | {json.dumps(each)[1:-1] for each in spelled} | {quote(each, safe="") for each in spelled}


def _ascii_lower(text: str) -> Iterable[str]:
    return (each.lower() if each.isascii() else each for each in text)


def _texts(value: Any) -> Iterable[str]:
    match value:
        case str():
            yield value
        case dict():
            for key, item in value.items():
                yield str(key)
                yield from _texts(item)
        case list() | tuple():
            for item in value:
                yield from _texts(item)
