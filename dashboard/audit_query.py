"""The language of the audit log's query bar: words and qualifiers, read without ever failing.

    webhook actor:ana field:webhook,tags -kind:read after:"hooks.example" since:2026-q3

Everything must hold; a comma means either, a minus means not. What stands in quotes is meant exactly; without them a
text is how a word begins. Whatever cannot be understood is named, and then nothing is searched for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from .models.audit import Kind
from .periods import period
from .query_text import visible

MAX_CHARACTERS = 500
MAX_CONDITIONS = 12
MAX_VALUES = 10

# Every qualifier, in the order in which they are offered, with what it takes.
QUALIFIERS: Mapping[str, str] = {
    "actor": "who acted: a name, an e-mail address or a role",
    "action": "what was done: customer.changed",
    "target": "what it was done to: a name, an id, a customer's reference",
    "field": "a field that was to change: webhook",
    "before": "its value before",
    "after": "its value after",
    "outcome": "how it ended: ok, refused, unknown",
    "provider": "the integration: belvo",
    "kind": ", ".join(Kind.values),
    "approval": "the number of an approval",
    "since": "from then on: 2026-03-31, 2026-03, 2026-q1, 7d, today",
    "until": "up to and with then",
    "seq": "the number of an entry, or a range: 5..90",
}
# What forms and old links have by themselves. "after" and "before" are the cursors of pages there.
FILTERS = ("actor", "action", "target", "field", "kind", "since", "until")
_ONLY_ONCE = ("since", "until", "seq")
_EXAMPLES = "a day (2026-03-31), a month (2026-03), a quarter (2026-q1), a year (2026), an age (24h, 7d) or today"
_MAX_SEQ = 2**63 - 1
_TOKEN = re.compile(r'(?P<minus>-?)(?:(?P<name>[A-Za-z_]+):(?!//))?(?P<rest>(?:"[^"]*"|[^\s"])*)')
_PARTS = re.compile(r'[\s,"]')
_VALUE = re.compile(r'"([^"]*)"|([^,"]+)')


@dataclass(frozen=True, slots=True)
class Value:
    """A text as typed; `is_exact` if it stood in quotes."""

    text: str
    is_exact: bool = False


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that must hold (or must not): any of the values. Free words have no name."""

    name: str
    values: tuple[Value, ...]
    is_negated: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """What was understood. `since` belongs to the span and `until` does not; with `mistakes` nothing is to be found.

    `tokens` are the parts of the text in order, as they were typed.
    """

    text: str = ""
    tokens: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    first_seq: int = 1
    last_seq: int = _MAX_SEQ
    mistakes: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Say whether it leaves the log as it is."""
        return not self.tokens and not self.mistakes


@dataclass(slots=True)
class _Reading:
    """What was read so far."""

    now: datetime
    conditions: list[Condition]
    mistakes: list[str]
    spans: dict[str, str]


def parse(text: str, *, now: datetime) -> Query:
    """Read a query; `now` has the zone in which days begin."""
    if len(text) > MAX_CHARACTERS:
        return Query(text, mistakes=(f"A query takes {MAX_CHARACTERS} characters; this one has {len(text):,}.",))
    reading = _Reading(now, [], [], {})
    shown = visible(text)
    if shown.count('"') % 2:
        reading.mistakes.append("A quotation mark is not closed.")
    tokens = list(_TOKEN.finditer(shown.replace('"', " ") if shown.count('"') % 2 else shown))
    for token in tokens:
        if token[0].strip('-"'):
            _read(reading, token)
    if len(reading.conditions) > MAX_CONDITIONS:
        reading.mistakes.append(f"A query takes {MAX_CONDITIONS} conditions; this one has {len(reading.conditions)}.")
    since, until, first, last = _span(reading)
    return Query(
        shown,
        tuple(token[0] for token in tokens if token[0].strip('-"')),
        tuple(reading.conditions),
        since,
        until,
        first,
        last,
        tuple(dict.fromkeys(reading.mistakes)),
    )


def quoted(text: str) -> str:
    """Write a value so that it is read as one value, exactly."""
    return '"' + text.replace('"', " ") + '"'


def text_of(filters: Mapping[str, object]) -> str:
    """Return one query for a query and single filters by the names of their qualifiers, as forms and old links have."""
    parts = [str(filters.get("q") or "").strip()]
    for name in FILTERS:
        if text := str(filters.get(name) or "").strip():
            parts.append(f"{name}:{quoted(text) if _PARTS.search(text) else text}")
    return " ".join(part for part in parts if part)


def _read(reading: _Reading, token: re.Match[str]) -> None:
    name, is_negated = (token["name"] or "").lower(), bool(token["minus"])
    if not name:
        # A minus alone before a word is a "not"; a comma in free text is only a comma.
        text = token["rest"].replace('"', "")
        if text:
            is_exact = token["rest"].startswith('"')
            reading.conditions.append(Condition("", (Value(text, is_exact),), is_negated))
        return
    if name not in QUALIFIERS:
        reading.mistakes.append(
            f"“{name}:” is none of the qualifiers ({', '.join(QUALIFIERS)}). To look for the words themselves, put them"
            f" in quotation marks: {quoted(token[0])}"
        )
        return
    values = tuple(
        Value(exact or plain, bool(exact)) for exact, plain in _VALUE.findall(token["rest"]) if (exact or plain).strip()
    )
    if mistake := _mistake_of(name, values, is_negated):
        reading.mistakes.append(mistake)
    elif name in _ONLY_ONCE:
        if name in reading.spans:
            reading.mistakes.append(f"“{name}:” may stand there once.")
        reading.spans[name] = values[0].text
    else:
        reading.conditions.append(Condition(name, values, is_negated))


def _mistake_of(name: str, values: tuple[Value, ...], is_negated: bool) -> str:
    if not values:
        return f"“{name}:” has nothing after it. It takes {QUALIFIERS[name]}."
    if name in _ONLY_ONCE and (is_negated or len(values) > 1):
        return f"“{name}:” takes one value and no minus."
    if len(values) > MAX_VALUES:
        return f"“{name}:” takes {MAX_VALUES} values; this one has {len(values)}."
    if name == "kind" and (wrong := [each.text for each in values if each.text.lower() not in Kind.values]):
        return f"“kind:{wrong[0]}” is no kind of entry. It is one of {', '.join(Kind.values)}."
    return ""


def _span(reading: _Reading) -> tuple[datetime | None, datetime | None, int, int]:
    """Return the time and the numbers that bound the query."""
    since = _moment(reading, "since", lambda found: found[0])
    until = _moment(reading, "until", lambda found: found[1])
    if since and until and since >= until:
        words = f"since {reading.spans['since']} until {reading.spans['until']}"
        reading.mistakes.append(f"No entry is of that time: {words} ends before it begins.")
    return since, until, *_numbers(reading)


def _moment(reading: _Reading, name: str, pick: Callable[[tuple[datetime, datetime]], datetime]) -> datetime | None:
    if name not in reading.spans:
        return None
    found = period(reading.spans[name], now=reading.now)
    if found is None:
        reading.mistakes.append(f"“{name}:{reading.spans[name]}” is no time. It takes {_EXAMPLES}.")
        return None
    return pick(found)


def _numbers(reading: _Reading) -> tuple[int, int]:
    text = reading.spans.get("seq")
    if text is None:
        return 1, _MAX_SEQ
    match = re.fullmatch(r"#?(\d{1,18})(?:(\.\.)(\d{0,18}))?", text, re.ASCII)
    if match is None:
        reading.mistakes.append(f"“seq:{text}” is no number of an entry. It takes {QUALIFIERS['seq']}.")
        return 1, _MAX_SEQ
    first = int(match[1])
    last = int(match[3]) if match[3] else (_MAX_SEQ if match[2] else first)
    if first > last:
        reading.mistakes.append(f"“seq:{text}” ends before it begins.")
    return first, last
