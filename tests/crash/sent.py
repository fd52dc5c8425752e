"""What a client knows of one change, and the sorts of changes that there are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Kind:
    """One sort of change. `flow` does it as a client; `values` makes the inputs that differ, from a marker that nothing
    else holds. A subject that is `used_up` is tried once.
    """

    name: str
    flow: Callable[..., None]
    action: str = ""
    values: Callable[[Any, str], dict[str, str]] = lambda subject, marker: {}
    weight: int = 10
    used_up: bool = False


@dataclass
class Sent:
    """One change as its client saw it: the marker, where it went, how far it came, what was told.

    `remote` is the provider and the account's name there. `pressed_at` is when the press left that the remote may act
    upon; 0 until then.
    """

    marker: str
    kind: str
    subject: str
    remote: tuple[str, str] = ("", "")
    operation: str = ""
    approval: str = ""
    pressed_at: float = 0.0
    # Answers by step; a connection that broke is "cut".
    answers: list[tuple[str, str]] = field(default_factory=list)
    told_asked: bool = False
    told_approved: bool = False
    told_done: bool = False


class Cut(Exception):
    """The connection broke: whether the request arrived is not known."""
