"""What an installation's own error codes mean for people: its codes are not published, so the map explains them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from ..attention import Who
from ..errors import ErrorRule
from ..outcomes import FieldErrors, Refused
from .file_map_checks import Table
from .rules import DATABASE_REFUSED, INPUT_REFUSED

T = TypeVar("T")
# A sentence, and not a page.
_MAX_WORDS = 300


@dataclass(frozen=True, slots=True)
class Meaning:
    """What one code of the database says, in the words of an administrator."""

    sentence: str
    next_step: str
    who: Who
    script: str = ""


def meanings_of(top: Table) -> dict[str, Meaning]:
    """Return the table `errors` of a map: each code and what it means. Raise `BadMap`."""
    errors = top.table("errors", required=False)
    found: dict[str, Meaning] = {}
    for code in errors.all_keys():
        each = errors.table(code)
        found[code] = Meaning(
            sentence=each.words("sentence", longest=_MAX_WORDS),
            next_step=each.words("next_step", longest=_MAX_WORDS),
            who=Who(each.choice("who", tuple(Who))),
            script=each.words("script", longest=_MAX_WORDS, default=""),
        )
        each.refuse_unknown()
    return found


def explained(outcome: T, meanings: Mapping[str, Meaning]) -> T:
    """Return the outcome in the map's words where the database's own 400 bore a code that the map explains.

    Only the words change: what happened was found by comparing, whatever the code says.
    """
    if not isinstance(outcome, Refused | FieldErrors) or outcome.rule is None:
        return outcome
    meaning = meanings.get(outcome.evidence.remote_code)
    if meaning is None or outcome.rule not in (DATABASE_REFUSED, INPUT_REFUSED):
        return outcome
    return replace(outcome, rule=_in_these_words(outcome.rule, meaning))


def _in_these_words(rule: ErrorRule, meaning: Meaning) -> ErrorRule:
    return replace(rule, sentence=meaning.sentence, next_step=meaning.next_step, who=meaning.who, script=meaning.script)
