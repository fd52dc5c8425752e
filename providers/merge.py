"""Three versions of one object: what it was, what I made of it, what it is now. Pure, and of no provider."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

V = TypeVar("V")


class Verdict(StrEnum):
    """Who changed a part since the original was read."""

    SAME = "same"
    MINE = "mine"
    THEIRS = "theirs"
    EITHER = "either"  # both, to the same value
    CHOOSE = "choose"  # both, to different values: nothing is decided without a person


class Side(StrEnum):
    ORIGINAL = "original"
    MINE = "mine"
    THEIRS = "theirs"


@dataclass(frozen=True, slots=True)
class Part(Generic[V]):
    """What is decided as one: a value, or the members of a group that belong together.

    The three versions stand in the order of `members`; None is a member that a version does not have. `locked`: not
    ours to change, so theirs stands whatever was entered.
    """

    name: str
    members: tuple[str, ...]
    verdict: Verdict
    base: tuple[V | None, ...]
    mine: tuple[V | None, ...]
    theirs: tuple[V | None, ...]
    locked: bool = False


@dataclass(frozen=True, slots=True)
class Merge(Generic[V]):
    parts: tuple[Part[V], ...]

    @property
    def open(self) -> tuple[Part[V], ...]:
        """Return the parts that a person has to decide."""
        return tuple(part for part in self.parts if part.verdict is Verdict.CHOOSE)

    @property
    def is_disjoint(self) -> bool:
        """Say whether mine can be put on top of theirs without a choice."""
        return not self.open

    def resolve(self, choices: Mapping[str, Side | Mapping[str, V]]) -> dict[str, V] | None:
        """Return the merged values; None while a part is open that `choices` does not decide.

        A choice is a side, or the values typed for the part's members. It counts for open parts only.
        """
        merged: dict[str, V] = {}
        for part in self.parts:
            choice = choices.get(part.name) if part.verdict is Verdict.CHOOSE else _default_of(part)
            if choice is None:
                return None
            chosen = _versions(part, choice)
            merged |= {name: value for name, value in chosen.items() if value is not None}
        return merged


def three_way(
    base: Mapping[str, V],
    mine: Mapping[str, V],
    theirs: Mapping[str, V],
    *,
    groups: Mapping[str, tuple[str, ...]] | None = None,
    locked: Collection[str] = (),
) -> Merge[V]:
    """Compare three versions part by part, in the order of `base`, then `mine`, then `theirs`.

    The members of a group are one part: lines that run in parallel must not be taken half from here, half from there.
    """
    group_of = {member: name for name, members in (groups or {}).items() for member in members}
    parts: dict[str, tuple[str, ...]] = {}
    for name in dict.fromkeys((*base, *mine, *theirs)):
        group = group_of.get(name)
        if group is None:
            parts.setdefault(name, (name,))
        else:
            parts.setdefault(group, tuple((groups or {})[group]))
    return Merge(tuple(_part(name, members, (base, mine, theirs), locked) for name, members in parts.items()))


def _part(
    name: str,
    members: tuple[str, ...],
    versions: tuple[Mapping[str, V], Mapping[str, V], Mapping[str, V]],
    locked: Collection[str],
) -> Part[V]:
    base, mine, theirs = (tuple(version.get(member) for member in members) for version in versions)
    if all(member in locked for member in members):
        mine = base
        verdict = Verdict.SAME if base == theirs else Verdict.THEIRS
        return Part(name, members, verdict, base, mine, theirs, locked=True)
    return Part(name, members, _verdict(base, mine, theirs), base, mine, theirs)


def _verdict(base: object, mine: object, theirs: object) -> Verdict:
    if mine == theirs:
        return Verdict.SAME if mine == base else Verdict.EITHER
    if mine == base:
        return Verdict.THEIRS
    return Verdict.MINE if theirs == base else Verdict.CHOOSE


def _default_of(part: Part[V]) -> Side:
    return Side.MINE if part.verdict is Verdict.MINE else Side.THEIRS


def _versions(part: Part[V], choice: Side | Mapping[str, V]) -> dict[str, V | None]:
    if isinstance(choice, Mapping):
        return {member: choice.get(member) for member in part.members}
    chosen = {Side.ORIGINAL: part.base, Side.MINE: part.mine, Side.THEIRS: part.theirs}[choice]
    return dict(zip(part.members, chosen, strict=True))
