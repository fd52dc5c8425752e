"""What reading a link back proves about a write. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from ..answers import Snapshot
from ..plan import Plan
from .payloads import ProductPayload
from .snapshots import link_of

# By how much MoneyKit's clock may be behind ours; its times have no fractions.
_SKEW = timedelta(seconds=60)


def confirms(plan: Plan, before: Snapshot, after: Snapshot, sent_at: datetime) -> bool | None:
    """Say whether `after` proves that the plan was applied (True) or was not (False); None if it shows nothing."""
    match plan.action:
        case "settings":
            return _has_settings(plan, after)
        case "refresh":
            return _was_refreshed(plan, before, after, sent_at)
        case "reset":
            return after.status != "connected" if before.status == "connected" else None
        case _:
            return None


def _has_settings(plan: Plan, after: Snapshot) -> bool | None:
    body, link = dict(plan.call.body or {}), link_of(after)
    found = []
    if "webhook" in body:
        found.append((body["webhook"] or "") == link.webhook)
    if "link_tags" in body:
        found.append(sorted(body["link_tags"]) == sorted(link.link_tags))
    return all(found) if found else None


def _was_refreshed(plan: Plan, before: Snapshot, after: Snapshot, sent_at: datetime) -> bool | None:
    """A product is done when its time has moved on, and has failed when only its last attempt has."""
    wanted = [str(name) for name in (plan.call.body or {}).get("products", ())]
    old, new = link_of(before).products, link_of(after).products
    none = ProductPayload()
    states = [_state_of(old.get(name, none), new.get(name, none), sent_at) for name in wanted]
    if False in states:
        return False
    return True if states and all(states) else None


def _state_of(old: ProductPayload, new: ProductPayload, sent_at: datetime) -> bool | None:
    if _moved(old.refreshed_at, new.refreshed_at, sent_at):
        return True
    return False if new.error_code and _moved(old.last_attempted_at, new.last_attempted_at, sent_at) else None


def _moved(old: datetime | None, new: datetime | None, sent_at: datetime) -> bool:
    return new is not None and new != old and new >= sent_at - _SKEW
