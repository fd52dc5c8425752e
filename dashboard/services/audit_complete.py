"""What may follow in the query bar: qualifiers, and the values that the log knows of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from dashboard import registry
from dashboard.audit_query import MAX_CHARACTERS, QUALIFIERS, quoted
from dashboard.models.audit import Kind
from dashboard.models.audit_term import AuditTerm

from .audit_terms import folded
from .audit_vocabulary import known, people_and_actions

Name = AuditTerm.Name
MOST = 10
_TIMES = {"today": "", "yesterday": "", "24h": "the last day", "7d": "the last week", "30d": "the last 30 days"}
_TERM_OF = {
    "field": Name.FIELD,
    "before": Name.BEFORE,
    "after": Name.AFTER,
    "outcome": Name.RESULT,
    "approval": Name.APPROVAL,
}
_PLAIN = re.compile(r'[^\s",:]+')


@dataclass(frozen=True, slots=True)
class Completion:
    """`text` is the whole query with it put in, and `caret` where the typing goes on."""

    label: str
    hint: str
    text: str
    caret: int


def complete(text: str, caret: int) -> list[Completion]:
    """Return what the word before the caret may become; nothing after a blank, unless nothing is typed at all."""
    text = text[:MAX_CHARACTERS]
    caret = min(max(caret, 0), len(text))
    start = max(text.rfind(" ", 0, caret), -1) + 1
    word = text[start:caret]
    if text[:start].count('"') % 2 or (not word and text.strip()):
        return []
    found = []
    for label, hint, new in _new_words(word):
        if new != word:
            found.append(Completion(label, hint, text[:start] + new + text[caret:], start + len(new)))
        if len(found) == MOST:
            break
    return found


def _new_words(word: str) -> Iterator[tuple[str, str, str]]:
    """Yield label, hint and what stands for the word then."""
    minus = "-" if word.startswith("-") else ""
    name, colon, rest = word.removeprefix("-").partition(":")
    name = name.lower()
    if not colon:
        yield from ((f"{each}:", hint, f"{minus}{each}:") for each, hint in QUALIFIERS.items() if each.startswith(name))
        return
    if name not in QUALIFIERS:
        return
    # Of several values the last is being typed.
    before, comma, value = rest.rpartition(",")
    for found, hint in _values(name, value.replace('"', "")):
        new = found if _PLAIN.fullmatch(found) else quoted(found)
        yield found, hint, f"{minus}{name}:{before}{comma}{new} "


def _values(name: str, value: str) -> Iterator[tuple[str, str]]:
    begin = folded(value)
    match name:
        case "kind":
            yield from ((kind.value, "") for kind in Kind if kind.value.startswith(begin))
        case "since" | "until":
            yield from ((time, hint) for time, hint in _TIMES.items() if time.startswith(begin))
        case "provider":
            names = {*registry.integrations(), *known(Name.INTEGRATION, begin)}
            yield from ((alias, "") for alias in sorted(names) if alias.startswith(begin))
        case "action":
            yield from ((each, "") for each in people_and_actions().actions if begin in each)
        case "actor":
            for person in people_and_actions().people:
                if begin in person.text:
                    name_part, _, address = person.text.rstrip(">").partition(" <")
                    yield (address or name_part, name_part if address else "")
        case _ if name in _TERM_OF:
            yield from ((each, "") for each in known(_TERM_OF[name], begin))
