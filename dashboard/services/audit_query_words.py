"""Queries and searches as the audit log may keep them: who looked for what, without whom they looked for."""

from __future__ import annotations

from dashboard.audit_query import Query
from dashboard.query_text import MAX_WORDS

from .audit import Target
from .audit_redaction import keyed_digest, mask, pseudonym

# What these take is a word of ours, of the remote's fields, or a member of staff, who stands in the log by name anyway.
# All other values may be a customer's address or reference.
_OPEN = frozenset({"actor", "action", "approval", "field", "kind", "outcome", "provider", "seq", "since", "until"})


def masked(query: Query) -> str:
    """Return the query with each value that could name a customer masked, its pseudonym beside it.

    By the pseudonym (`target:` with what was looked for) a reviewer finds who else looked for the same.
    """
    return " ".join(_masked(token) for token in query.tokens)


def looked_for(query: Query) -> Target | None:
    """Return the query as what was read: the same query again is the same look."""
    if query.is_empty:
        return None
    return Target(f"query-{keyed_digest('query', query.text)}", masked(query)[:600])


def searched_for(text: str) -> Target | None:
    """Return a search among customers or accounts as what was read: whatever was typed may be somebody's name.

    The pseudonyms are those of the whole text, by which a reference leads to its customer too, and of each word.
    """
    if not text:
        return None
    words = dict.fromkeys([text, *text.split()[:MAX_WORDS]])
    named = f"Search {mask(text)} {' '.join(pseudonym(word) for word in words)}"
    return Target(f"search-{keyed_digest('search', text)}", named)


def _masked(token: str) -> str:
    minus = "-" if token.startswith("-") else ""
    name, colon, value = token.removeprefix("-").partition(":")
    if colon and name.lower() in _OPEN:
        return token
    is_named = bool(colon) and name.lower() in ("target", "before", "after")
    text = (value if is_named else token.removeprefix("-")).replace('"', "")
    return f"{minus}{f'{name}:' if is_named else ''}{mask(text)} {pseudonym(text)}"
