"""What an audit entry is found by, read from its stored columns: a pure function, so that a rebuild gives the same."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from dashboard.models.audit_term import VALUE_CHARS, AuditTerm
from dashboard.query_text import words_of
from dashboard.text import storable

Name = AuditTerm.Name
Term = tuple[str, str]

# What of the columns of an entry is read.
COLUMNS = ("seq", "action", "actor_id", "actor", "role", "target", "integration", "result", "body")
# However much an entry tells: so many rows at most, the ones that a qualifier asks for first. Names of fields that were
# to change count for themselves, so that each is found.
MAX_TERMS = 48
MAX_FIELDS = 200
MAX_CHARS = 80
MAX_CHANGES = 20
MAX_WORDS_OF_A_TEXT = 12
MAX_DEPTH = 4
# Known by a name of its own, the same for everybody, or nothing that a person would type. Each row costs a page of the
# index in the transaction of the entry.
_NOT_WORDS = frozenset(
    {
        "approval",
        "browser",
        "changes",
        "class",
        "conflict",
        "fields",
        "plan_digest",
        "request",
        "secrets_given",
        "sha256",
    }
)
# Numbers that people search for; the others are counts and durations.
_NUMBERS = frozenset({"provider_status", "status"})


def terms_of(row: Mapping[str, Any]) -> list[Term]:
    """Return the terms of an entry, each once, at most `MAX_TERMS`."""
    facts = _facts(row["body"])
    found: dict[Term, None] = {}
    for name, text in _all(row, facts):
        if value := folded(text):
            found.setdefault((name, value))
        if len(found) == MAX_TERMS:
            break
    fields = {(Name.FIELD.value, value): None for text in _fields(facts) if (value := folded(text))}
    return [*found, *list(fields)[:MAX_FIELDS]]


def vocabulary_of(row: Mapping[str, Any]) -> list[Term]:
    """Return what is kept once for all entries: the action and the person, by which the filters complete."""
    known = [(Name.ACTION.value, row["action"])] if row["action"] else []
    return [*known, (Name.PERSON.value, person(row["actor"], row["actor_id"]))]


def folded(text: str) -> str:
    """Return a value as terms have it: no matter of case, cut."""
    return storable(" ".join(text.casefold().split()), MAX_CHARS)


def person(text: str, actor_id: str) -> str:
    return f"{storable(text.casefold(), VALUE_CHARS - 41)}\t{storable(actor_id)}"


def without_scheme(url: str) -> str:
    """Return a URL from its host on: so its host is how it begins."""
    return url.partition("://")[2] or url


def _facts(body: str) -> Mapping[str, Any]:
    try:
        facts = json.loads(body)
    except ValueError:
        return {}
    return facts if isinstance(facts, dict) else {}


def _all(row: Mapping[str, Any], facts: Mapping[str, Any]) -> Iterator[Term]:
    yield Name.RESULT, row["result"]
    yield Name.INTEGRATION, row["integration"]
    for role in row["role"].split(", "):
        yield Name.ROLE, role
    if not row["actor_id"]:
        yield Name.ACTOR, row["actor"]
    if isinstance(facts.get("approval"), str):
        yield Name.APPROVAL, facts["approval"]
    yield from _of_changes(facts)
    for word in words_of(row["target"])[:MAX_WORDS_OF_A_TEXT]:
        if word != row["integration"]:
            yield Name.TARGET, word
    yield from _words(facts, MAX_DEPTH)


def _fields(facts: Mapping[str, Any]) -> Iterator[str]:
    for each in (*_list(facts, "changes"), *_list(facts, "conflict")):
        if isinstance(each, dict):
            yield from (text for text in (each.get("field"), each.get("label")) if isinstance(text, str))


def _of_changes(facts: Mapping[str, Any]) -> Iterator[Term]:
    changes = [each for each in _list(facts, "changes")[:MAX_CHANGES] if isinstance(each, dict)]
    for change in changes:
        for name in (Name.BEFORE, Name.AFTER):
            for text in _values(change.get(name.value)):
                yield name, text


def _values(value: Any) -> Iterator[str]:
    """Yield what of a value as the log keeps it may be searched for; a secret has none."""
    match value:
        case str():
            yield value
        case {"pseudonym": str(pseudonym)}:
            yield pseudonym
        case {"url": str(url)}:
            yield without_scheme(url)
        case {"digest": str(digest)}:
            yield digest
        case list():
            for item in value[:MAX_WORDS_OF_A_TEXT]:
                yield from _values(item)


def _words(value: Any, depth: int) -> Iterator[Term]:
    match value:
        case str():
            for word in words_of(value)[:MAX_WORDS_OF_A_TEXT]:
                yield Name.WORD, word
        case dict() if depth:
            for key, item in value.items():
                if key in _NUMBERS and isinstance(item, int):
                    yield Name.WORD, str(item)
                elif key not in _NOT_WORDS:
                    yield from _words(item, depth - 1)
        case list() if depth:
            for item in value:
                yield from _words(item, depth - 1)


def _list(facts: Mapping[str, Any], name: str) -> list[Any]:
    found = facts.get(name)
    return found if isinstance(found, list) else []
