"""A query of the audit log as needs that an index can meet: which values, in which columns and terms."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dashboard import registry
from dashboard.audit_query import Condition, Query, Value
from dashboard.models.audit_term import AuditTerm
from dashboard.query_text import words_of

from .audit_redaction import digests, pseudonyms, redact_url
from .audit_terms import folded, without_scheme
from .audit_vocabulary import MAX_SPELLINGS, Person, Vocabulary, look_up

Name = AuditTerm.Name
# Columns of an entry that have an index of their own; everything else is a name of a term.
COLUMNS = frozenset({"kind", "action", "actor_id", "target_id", "operation_id"})
# Where a free word may stand.
_ANYWHERE = (Name.WORD, Name.TARGET, Name.FIELD, Name.BEFORE, Name.AFTER, Name.RESULT, Name.INTEGRATION, Name.APPROVAL)
_PSEUDONYMS = (Name.TARGET, Name.BEFORE, Name.AFTER, Name.WORD)
_TERM_OF = {
    "field": Name.FIELD,
    "before": Name.BEFORE,
    "after": Name.AFTER,
    "outcome": Name.RESULT,
    "provider": Name.INTEGRATION,
    "approval": Name.APPROVAL,
}
MAX_PEOPLE_OF_A_WORD = 40
MAX_VALUES = 300

# Any of these (source, value); a source is one of `COLUMNS` or the name of a term.
Group = frozenset[tuple[str, str]]
# All of these.
Alternative = tuple[Group, ...]


class TooBroad(Exception):
    """What was typed fits too much of the log to be looked for; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Need:
    """Any of the alternatives must hold, or none of them."""

    alternatives: tuple[Alternative, ...]
    is_negated: bool


@dataclass(frozen=True, slots=True)
class Needs:
    """A query ready to be run: needs, and the numbers between which entries are looked for."""

    needs: tuple[Need, ...]
    first_seq: int
    last_seq: int


def needs_of(query: Query) -> Needs:
    """Look up what the query means in this log; one statement at most. Raise `TooBroad` where that is too much."""
    prefixes = [prefix for each in query.conditions for value in each.values for prefix in _prefixes(each.name, value)]
    knows_people = any(each.name in ("", "actor", "action") for each in query.conditions)
    known = look_up(prefixes, with_people=knows_people, since=query.since, until=query.until)
    needs = tuple(
        Need(tuple(found for value in each.values for found in _alternatives(each, value, known)), each.is_negated)
        for each in query.conditions
    )
    if sum(len(group) for need in needs for alternative in need.alternatives for group in alternative) > MAX_VALUES:
        raise TooBroad("These words fit too many things in the log. Type more of them, or put whole words in quotes.")
    return Needs(needs, max(query.first_seq, known.first_seq), min(query.last_seq, known.last_seq))


def _prefixes(name: str, value: Value) -> Iterator[tuple[str, str]]:
    """Yield what has to be looked up: nothing for what is meant exactly."""
    if value.is_exact:
        return
    match name:
        case "":
            yield from ((source.value, word) for word in words_of(value.text) for source in _ANYWHERE)
        case "target":
            yield from ((Name.TARGET.value, word) for word in words_of(value.text))
        case "actor":
            yield Name.ROLE.value, folded(value.text)
        case _ if name in _TERM_OF:
            yield from ((_TERM_OF[name].value, text) for text in _texts(name, value))


def _alternatives(condition: Condition, value: Value, known: Vocabulary) -> Iterator[Alternative]:
    match condition.name:
        case "":
            words = words_of(value.text)
            if words:
                yield tuple(_anywhere(word, value, known) for word in words)
            yield (frozenset((name.value, text) for name in _PSEUDONYMS for text in pseudonyms(value.text)),)
        case "target":
            words = words_of(value.text)
            if words:
                yield tuple(_spelled(Name.TARGET, word, value, known) for word in words)
            ids = {("target_id", value.text.strip()), ("target_id", value.text.strip().lower())}
            # Customers stand in the log by pseudonym only: whoever knows the reference finds them all the same.
            yield (frozenset(ids | {(Name.TARGET.value, text) for text in pseudonyms(value.text)}),)
        case "actor":
            yield (_actors(value, known),)
        case "action":
            yield (frozenset(("action", action) for action in known.actions if _is_action(action, value)),)
        case "kind":
            yield (frozenset({("kind", value.text.lower())}),)
        case name:
            yield (_values(name, value, known),)


def _values(name: str, value: Value, known: Vocabulary) -> Group:
    term = _TERM_OF[name]
    found = {each for text in _texts(name, value) for each in _spelled(term, text, value, known)}
    if name in ("before", "after"):
        exactly = [*pseudonyms(value.text), *digests("record", value.text)]
        found |= {(term.value, text) for text in exactly}
    if name == "provider":
        slug = value.text.strip().lower()
        aliases = [alias for alias, each in registry.integrations().items() if each.provider.slug == slug]
        found |= {(term.value, folded(alias)) for alias in aliases}
    return frozenset(found)


def _texts(name: str, value: Value) -> list[str]:
    """Return how the log may have written what was typed."""
    text = value.text.strip()
    if name in ("before", "after") and "://" in text:
        return [folded(without_scheme(redact_url(text)))]
    if name == "outcome":
        return [folded(text).replace(" ", "_")]
    return [folded(text)]


def _anywhere(word: str, value: Value, known: Vocabulary) -> Group:
    found = {each for name in _ANYWHERE for each in _spelled(name, word, value, known)}
    found |= {("action", action) for action in known.actions if _has_part(action, word, value.is_exact)}
    found |= {(column, word) for column in ("operation_id", "target_id")}
    return frozenset(found) | _people(word, value, known)


def _actors(value: Value, known: Vocabulary) -> Group:
    text = value.text.strip()
    found = {("actor_id", text)} | _spelled(Name.ROLE, folded(text), value, known)
    return frozenset(found) | _people(text, value, known)


def _people(text: str, value: Value, known: Vocabulary) -> Group:
    """Return the people in whose name or address every word occurs."""
    words = words_of(text)
    people = [person for person in known.people if words and _is_named(person, words, value.is_exact)]
    if len(people) > MAX_PEOPLE_OF_A_WORD:
        raise TooBroad(f"“{text}” fits more than {MAX_PEOPLE_OF_A_WORD} people. Type more of the name or the address.")
    return frozenset(
        ("actor_id", person.id) if person.id else (Name.ACTOR.value, folded(person.text)) for person in people
    )


def _is_named(person: Person, words: list[str], is_exact: bool) -> bool:
    own = words_of(person.text)
    return all(word in own if is_exact else any(word in each for each in own) for word in words)


def _is_action(action: str, value: Value) -> bool:
    text = value.text.strip().casefold()
    return action == text if value.is_exact else action.startswith(text) or _has_part(action, text, False)


def _has_part(action: str, word: str, is_exact: bool) -> bool:
    parts = (action, *action.replace("_", ".").split("."))
    return any(part == word if is_exact else part.startswith(word) for part in parts)


def _spelled(name: Name, text: str, value: Value, known: Vocabulary) -> Group:
    """Return a term as it was typed exactly, or every one that begins so."""
    if value.is_exact:
        return frozenset({(name.value, folded(text))})
    found = known.spellings.get((name.value, text), [])
    if len(found) > MAX_SPELLINGS:
        raise TooBroad(
            f"“{text}” is how more than {MAX_SPELLINGS} different values of the log begin. Type more of it, or put it"
            " in quotation marks if it is the whole."
        )
    return frozenset((name.value, each) for each in found)
