"""What reading a connection back proves about a write, and what else it shows to have changed. Pure."""

from __future__ import annotations

from ..answers import Snapshot
from ..outcomes import Concern, Evidence
from ..plan import Plan
from .configs import Config, Held, configs_in
from .fields import NAME
from .rules import MOVED_OTHERS
from .snapshots import name_of


def confirms(plan: Plan, before: Snapshot, after: Snapshot) -> bool | None:
    """Say whether `after` proves that the PUT was applied (True) or was not (False); None if it shows nothing.

    A new secret is proven by another digest; one that Flxpoint masks proves nothing.
    """
    if plan.action != "configs":
        return None
    body = plan.call.body or {}
    then = {config.handle: config for config in configs_in(before)}
    now = {config.handle: config for config in configs_in(after)}
    wanted = {entry["handle"]: entry["value"] for entry in body.get("configs", ())}
    found: list[bool | None] = []
    for change in plan.changes:
        if change.field == NAME:
            found.append(name_of(after).strip() == str(body.get("name", "")).strip())
        elif change.secret:
            found.append(_is_new_secret(then.get(change.field), now.get(change.field)))
        else:
            config = now.get(change.field)
            found.append(_same(wanted.get(change.field), config.value if config else None))
    if False in found:
        return False
    return True if True in found else None


def concern(plan: Plan, before: Snapshot, after: Snapshot) -> Concern | None:
    """Return what changed beside the plan. Source: the contract, section 6.2: every other handle is as before."""
    if plan.action != "configs":
        return None
    meant = {change.field for change in plan.changes}
    then, now = ({config.handle: config for config in configs_in(one)} for one in (before, after))
    moved = {
        handle: now.get(handle) for handle in then if handle not in meant and _moved(then[handle], now.get(handle))
    }
    cleared = [then[handle].label for handle, config in moved.items() if config is None or not config.is_set]
    changed = [then[handle].label for handle, config in moved.items() if config is not None and config.is_set]
    if NAME not in meant and name_of(before) != name_of(after):
        changed.append("Name of the connection")
    said = [f"{word}: {', '.join(labels)}." for word, labels in (("Cleared", cleared), ("Changed", changed)) if labels]
    return Concern(MOVED_OTHERS, Evidence(remote_message=" ".join(said))) if said else None


def _is_new_secret(then: Config | None, now: Config | None) -> bool | None:
    if now is None or now.held == Held.EMPTY:
        return False
    if now.held == Held.MASKED:
        return None
    # The same digest: the old value, or the same one typed again.
    return None if then is not None and then.digest == now.digest else True


def _moved(then: Config, now: Config | None) -> bool:
    if now is None:
        return then.is_set
    if Held.MASKED in (then.held, now.held):
        return then.is_set != now.is_set
    return then.state != now.state


def _same(wanted: object, found: str | None) -> bool:
    return str(wanted or "").replace("\r\n", "\n") == (found or "").replace("\r\n", "\n")
