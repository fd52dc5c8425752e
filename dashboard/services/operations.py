"""Every write to a remote: the use cases of operations, in the order in which they happen."""

from __future__ import annotations

from .conflicts import conflict_of
from .drafts import current_of, open_draft, preview, values_of, waiting_of
from .operation_approvals import ask
from .reading_back import check_back, check_due, find_orphans, held_until
from .results import (
    AlreadySent,
    AnswerResult,
    AskedAlready,
    AskResult,
    Busy,
    Held,
    InvalidValues,
    Met,
    NeedsApproval,
    NotApproved,
    Nothing,
    NotNeeded,
    OpenRefused,
    PlanChanged,
    Preview,
    RoomClosed,
    Started,
    StartResult,
    Unchosen,
    Waiting,
)
from .rooms import answer, begin_again, cancel, expire_rooms, leave_as_it_is
from .sealing import challenge_of, handover_of
from .sending import start

__all__ = [
    "AlreadySent",
    "AnswerResult",
    "AskResult",
    "AskedAlready",
    "Busy",
    "Held",
    "InvalidValues",
    "Met",
    "NeedsApproval",
    "NotApproved",
    "NotNeeded",
    "Nothing",
    "OpenRefused",
    "PlanChanged",
    "Preview",
    "RoomClosed",
    "StartResult",
    "Started",
    "Unchosen",
    "Waiting",
    "answer",
    "ask",
    "begin_again",
    "cancel",
    "challenge_of",
    "check_back",
    "check_due",
    "conflict_of",
    "current_of",
    "expire_rooms",
    "find_orphans",
    "handover_of",
    "held_until",
    "leave_as_it_is",
    "open_draft",
    "preview",
    "start",
    "values_of",
    "waiting_of",
]
