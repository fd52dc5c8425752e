"""What findings mean for who reads them: a broken chain, a witness that cannot be relied on, or a change left open."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

_OF_WITNESSES = frozenset({"lost_anchor", "bad_anchor"})
_OF_CHANGES = frozenset({"orphan_intent"})


class Verdict(StrEnum):
    """The gravest of what was found."""

    WHOLE = "whole"
    # The chain is whole. Somebody has to find out what became of a change.
    OPEN_CHANGES = "open_changes"
    # The chain is whole. What should prove its end is gone, or is not what we signed.
    WITNESS = "witness"
    BROKEN = "broken"

    @property
    def sentence(self) -> str:
        return _SENTENCES[self]

    @property
    def result(self) -> str:
        """Return the result of an entry that tells of it."""
        return {"whole": "ok", "broken": "broken"}.get(self.value, "findings")


_SENTENCES = {
    Verdict.WHOLE: "The chain is whole",
    Verdict.OPEN_CHANGES: "The chain is whole; changes were sent and have no outcome",
    Verdict.WITNESS: "The chain is whole; its anchors are in doubt",
    Verdict.BROKEN: "The chain is broken",
}


def verdict_of(kinds: Collection[str]) -> Verdict:
    """Judge by the kinds of all findings; one that is not known here breaks the chain."""
    found = set(kinds)
    if found - _OF_WITNESSES - _OF_CHANGES:
        return Verdict.BROKEN
    if found & _OF_WITNESSES:
        return Verdict.WITNESS
    return Verdict.OPEN_CHANGES if found else Verdict.WHOLE
