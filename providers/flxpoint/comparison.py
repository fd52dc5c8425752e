"""The three versions of a connection that a conflict is decided on: as it was read, as entered, as it is now. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from ..answers import Snapshot
from ..fields import FieldKind, FieldValue
from ..merge import Merge, Verdict, three_way
from .configs import Config, configs_in
from .fields import NAME, items_of, kind_of
from .plans import edits_on
from .snapshots import name_of

# What stands for a secret that was typed: it is compared with nothing, and shown as a word.
NEW_SECRET = "set: a new one"  # noqa: S105 - words for people


def compare(
    base: Snapshot, theirs: Snapshot, *, values: Mapping[str, FieldValue], given_secrets: frozenset[str] = frozenset()
) -> Merge[str]:
    """Compare a connection config by config. A secret is compared by its state and digest, and is never in there.

    What cannot be changed here is locked: theirs stands. Source: the contract, section 6.2.
    """
    was, now = _everything(base), _everything(theirs)
    secret = {config.handle for config in configs_in(base) if config.secret}
    mine = {**was, **edits_on(base, values), **dict.fromkeys(given_secrets & secret, NEW_SECRET)}
    ours = {NAME, *(config.handle for config in configs_in(theirs) if config.is_open)}
    return three_way(was, mine, now, locked={name for name in {*was, *now} if name not in ours})


def carry_over(values: Mapping[str, FieldValue], before: Snapshot, now: Snapshot) -> dict[str, FieldValue]:
    """Return what was typed on top of `before`, with theirs wherever only they made a change."""
    theirs = {part.name for part in compare(before, now, values=values).parts if part.verdict is Verdict.THEIRS}
    fresh: dict[str, FieldValue] = {config.handle: _as_entered(config) for config in configs_in(now)}
    fresh[NAME] = name_of(now)
    return {name: fresh.get(name) if name in theirs else value for name, value in values.items()}


def _everything(snapshot: Snapshot) -> dict[str, str]:
    states = {config.handle: config.state if config.secret else config.value or "" for config in configs_in(snapshot)}
    return {NAME: name_of(snapshot), **states}


def _as_entered(config: Config) -> FieldValue:
    return items_of(config.value) if kind_of(config) == FieldKind.MULTISELECT else config.value or ""
