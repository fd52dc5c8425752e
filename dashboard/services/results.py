"""What the use cases of operations answer: closed sets of values that views match on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from providers.plan import Plan

from ..models import Approval, Operation


@dataclass(frozen=True, slots=True)
class OpenRefused:
    """No draft was made. `holder` is the operation in the way, if that is the reason."""

    why: str
    holder: Operation | None = None


@dataclass(frozen=True, slots=True)
class Unchosen:
    """No draft was made: both sides changed these parts (by name), and nobody has said which version stands."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """What would be sent, or why nothing can be: `errors` by field name, "" for what belongs to no field."""

    plan: Plan | None
    errors: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Started:
    """It is on its way. `repeated`: this was already so, nothing was sent a second time."""

    operation: Operation
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class PlanChanged:
    """The plan is no longer the one that was agreed to; nothing was sent."""

    preview: Preview


@dataclass(frozen=True, slots=True)
class Met:
    """Somebody else has changed the same since the form was opened: the draft ended refused, nothing was sent.

    `operation` keeps the three versions; beginning again puts one on top of the other.
    """

    operation: Operation


@dataclass(frozen=True, slots=True)
class InvalidValues:
    """The input does not make a plan; nothing was sent."""

    preview: Preview


@dataclass(frozen=True, slots=True)
class Held:
    """Another operation holds the account; `by` is the person who started it."""

    by: str
    operation: Operation


@dataclass(frozen=True, slots=True)
class Busy:
    """This process carries as many operations as it may; nothing was sent."""


@dataclass(frozen=True, slots=True)
class AlreadySent:
    """This operation is no draft any more (a second click, an old tab); nothing was sent again."""

    operation: Operation


@dataclass(frozen=True, slots=True)
class NeedsApproval:
    """The settings want a second person for this plan; nothing was sent. `key` says which setting."""

    preview: Preview
    key: str


@dataclass(frozen=True, slots=True)
class NotNeeded:
    """Nobody has to be asked for this plan (any more); it was neither asked for nor sent."""

    preview: Preview


@dataclass(frozen=True, slots=True)
class Waiting:
    """A second person is asked; nothing is sent before that."""

    operation: Operation
    approval: Approval


@dataclass(frozen=True, slots=True)
class AskedAlready:
    """Somebody has asked for the same on this account, and that still waits; `by` is who."""

    by: str
    operation: Operation


@dataclass(frozen=True, slots=True)
class NotApproved:
    """What waits for a second person cannot be sent now; `why` is a sentence for people. Nothing was sent."""

    operation: Operation
    why: str


@dataclass(frozen=True, slots=True)
class Nothing:
    """There is nothing to send: no change was made, or no code was typed where one is expected."""


@dataclass(frozen=True, slots=True)
class RoomClosed:
    """The challenge is over or was never there; the code was not sent. `why` is a sentence for people."""

    operation: Operation
    why: str


Unfit = PlanChanged | Met | InvalidValues | AlreadySent | Nothing
StartResult = Started | Unfit | Held | Busy | NeedsApproval | NotApproved
AskResult = Waiting | Unfit | AskedAlready | NotNeeded
AnswerResult = Started | RoomClosed | Busy | Held | Nothing
