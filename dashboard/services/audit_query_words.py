"""A query of the audit log as the log itself may keep it: who looked for what, without whom they looked for."""

from __future__ import annotations

from dashboard.audit_query import Query

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


def _masked(token: str) -> str:
    minus = "-" if token.startswith("-") else ""
    name, colon, value = token.removeprefix("-").partition(":")
    if colon and name.lower() in _OPEN:
        return token
    is_named = bool(colon) and name.lower() in ("target", "before", "after")
    text = (value if is_named else token.removeprefix("-")).replace('"', "")
    return f"{minus}{f'{name}:' if is_named else ''}{mask(text)} {pseudonym(text)}"
