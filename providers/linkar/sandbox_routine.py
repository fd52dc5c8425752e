"""What the emulated site does before an update: its own routine, its database, its service."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from .sandbox_access import Refused
from .sandbox_crud import Stopped
from .sandbox_formats import Error
from .sandbox_world import is_case

# What Linkar's service, or what stands before it, says to an update of that record.
_SERVICE_SAYS = {"NOKEY": 401, "NOSCOPE": 403, "NOWHERE": 404, "BUSY": 429}


def look(
    item_id: str, query: Mapping[str, str], changed: Sequence[str], *, wait: Callable[[float | None], None]
) -> None:
    """Raise `Stopped`, or `Refused`, for an update that does not come to be. `wait` lets so many seconds pass at most.

    Source: kosday/Resources SUB.LK.MAIN.CONTROL.CUSTOM: it may refuse with a text, or stop without a word.
    """
    custom_vars = query.get("custom_vars", "")
    if status := _SERVICE_SAYS.get(item_id.partition("*")[0]):
        raise Refused(status)
    if is_case(item_id, "TORN"):
        raise Stopped(400, Error("90016", "The update broke off"))
    if is_case(item_id, "FAULT"):
        raise Stopped(500)
    if is_case(item_id, "QUIET") or custom_vars == "DRYRUN":
        raise Stopped(200)
    if is_case(item_id, "HOLD") or custom_vars == "SUPPORT":
        raise Stopped(400, Error("90005", "Account on hold by finance, call extension 12"))
    if is_case(item_id, "FROZEN"):
        raise Stopped(400, Error("90005", f"{(*changed, 'This')[0]} is frozen until the year is closed"))
    if is_case(item_id, "SLOW"):
        wait(float(query.get("svr_timeout") or 0) or None)
        raise Stopped(400, Error("90007", "Timeout waiting for the database"))
