"""What reading a link back proves about a write. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ..answers import Snapshot
from ..plan import Plan


def confirms(plan: Plan, before: Snapshot, after: Snapshot, sent_at: datetime) -> bool | None:
    """Say whether `after` proves that the plan was applied (True) or was not (False); None if it shows nothing.

    New credentials are proven by a login that worked: Belvo never shows what it stored. An unchanged status proves
    nothing, because Belvo may still be signing in.
    """
    match plan.action:
        case "credentials":
            became_valid = before.status != "valid" and after.status == "valid"
            return True if became_valid or _was_used_since(after, sent_at) else None
        case "refresh":
            return True if _was_used_since(after, sent_at) else None
        case "settings":
            wanted = dict(plan.call.body or {})
            return all(_same(value, after.body.get(name)) for name, value in wanted.items()) if wanted else None
        case _:
            return None


def _was_used_since(after: Snapshot, sent_at: datetime) -> bool:
    """Source: OAS 1.223.0, Link.last_accessed_at is the last *successful* access to the institution."""
    return after.last_success_at is not None and after.last_success_at >= sent_at


def _same(wanted: Any, found: Any) -> bool:
    if isinstance(wanted, list | tuple) and isinstance(found, list | tuple):
        return set(map(str, wanted)) == set(map(str, found))
    return bool(wanted == found)
