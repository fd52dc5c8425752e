"""What the plans of all of MoneyKit's actions share. Pure."""

from __future__ import annotations

from urllib.parse import quote

from ..answers import Snapshot, digest_of


def path_of(base: Snapshot, rest: str = "") -> str:
    return f"/links/{quote(base.remote_id, safe='')}{rest}"


def rests_on(base: Snapshot, *keys: str) -> str:
    """Return a digest of what a plan rests on: state and the named keys, so that a mere refresh does not void it."""
    return digest_of([base.remote_id, base.status, base.error_code, {key: base.body.get(key) for key in keys}])
