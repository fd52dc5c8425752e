"""What a remote's answer means: ten members, returned and not raised; every `match` on them ends in `assert_never`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from .answers import Challenge, Handover, LookupTable, Snapshot
from .errors import ErrorRule

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Evidence:
    """What to quote to the provider's support. Texts have been filtered of everything secret that was sent.

    `documentation_url` is a page of the provider's own about its code; the provider vouches for the host.
    """

    http_status: int | None = None
    remote_code: str = ""
    remote_message: str = ""
    request_id: str = ""
    documentation_url: str = ""


@dataclass(frozen=True, slots=True)
class Ok(Generic[T]):
    """Done. `value` is what was asked for; for a write it is the snapshot in the answer, or None if there was none."""

    value: T
    evidence: Evidence = field(default_factory=Evidence)


@dataclass(frozen=True, slots=True)
class Accepted:
    """Taken, not finished: read back after `check_after_s` seconds."""

    check_after_s: int
    evidence: Evidence = field(default_factory=Evidence)


@dataclass(frozen=True, slots=True)
class NeedsToken:
    """The remote waits for a code."""

    challenge: Challenge
    evidence: Evidence = field(default_factory=Evidence)


@dataclass(frozen=True, slots=True)
class FieldErrors:
    """The input was refused, field by field. The key "" holds what belongs to no field."""

    errors: Mapping[str, tuple[str, ...]]
    rule: ErrorRule | None = None
    evidence: Evidence = field(default_factory=Evidence)


@dataclass(frozen=True, slots=True)
class Refused:
    """Understood and refused: nothing changed."""

    rule: ErrorRule
    evidence: Evidence = field(default_factory=Evidence)
    retry_after_s: int | None = None


@dataclass(frozen=True, slots=True)
class Conflict:
    """Changed by someone else meanwhile: nothing was written."""

    rule: ErrorRule
    theirs: Snapshot | None = None
    evidence: Evidence = field(default_factory=Evidence)


@dataclass(frozen=True, slots=True)
class Denied:
    """The remote refuses *our* keys, scope or address."""

    rule: ErrorRule
    evidence: Evidence = field(default_factory=Evidence)


@dataclass(frozen=True, slots=True)
class Gone:
    """No such object any more."""

    rule: ErrorRule
    evidence: Evidence = field(default_factory=Evidence)


@dataclass(frozen=True, slots=True)
class RateLimited:
    """Slow down: nothing happened. `retry_after_s` is None where the remote names no time."""

    rule: ErrorRule
    evidence: Evidence = field(default_factory=Evidence)
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class Unavailable:
    """No usable answer. `maybe_applied`: the request may have arrived, so a write is an unknown and not a failure."""

    rule: ErrorRule
    evidence: Evidence = field(default_factory=Evidence)
    maybe_applied: bool = False


@dataclass(frozen=True, slots=True)
class Concern:
    """What a write did beside what was meant. No outcome: the write itself went through or not, whatever this says.

    `evidence.remote_message` names what is concerned, in our words.
    """

    rule: ErrorRule
    evidence: Evidence = field(default_factory=Evidence)


Failure = FieldErrors | Refused | Conflict | Denied | Gone | RateLimited | Unavailable
WriteValue = Snapshot | Handover | LookupTable | None
Outcome = Ok[WriteValue] | Accepted | NeedsToken | Failure
