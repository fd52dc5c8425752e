"""What people type into a search box, made fit to search with."""

from __future__ import annotations

import unicodedata

MAX_QUERY_CHARACTERS = 200
MAX_WORDS = 8
# Control characters, invisible marks that turn the direction of text, halves of characters, what is no character.
_UNSEEN = ("Cc", "Cf", "Cs", "Co", "Cn")
# These belong to words of Persian or Hindi and to emoji: kept.
_JOINERS = "\u200c\u200d"


class QueryTooLong(ValueError):
    """Nobody types that much; it is a paste that went wrong."""


def clean(query: str) -> str:
    """Return the query without what cannot be seen, spaces made single; raise `QueryTooLong` if it is no query."""
    text = visible(query[: MAX_QUERY_CHARACTERS * 10])
    if len(text) > MAX_QUERY_CHARACTERS:
        raise QueryTooLong
    return text


def visible(text: str) -> str:
    """Return a line of text without NUL, control characters and marks that turn the direction of text."""
    seen = "".join(
        character if character in _JOINERS or unicodedata.category(character) not in _UNSEEN else " "
        for character in text
    )
    return " ".join(seen.split())


# What stands around a word without belonging to it.
_EDGES = "<>()[]{},;:\"'.!?…“”‘’«»|"


def words_of(text: str) -> list[str]:
    """Return the words of a text as they are indexed and searched for: no matter of case, no marks around them."""
    return [word for part in text.casefold().split() if (word := part.strip(_EDGES))]
