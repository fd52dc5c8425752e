"""An operation's sealed column: an open challenge, a handover or the versions of a conflict, until its time is over."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.utils import timezone

from dashboard import crypto
from providers.answers import Challenge, Handover
from providers.secrets import Secret

from ..models import Operation

# Where a remote gives a challenge no expiry. Assumed: a bank's code does not live longer.
ROOM_WITHOUT_EXPIRY_LASTS = timedelta(minutes=15)
VERSIONS_LAST = timedelta(days=30)
# Nothing is sent in the last moments of a challenge: it would arrive too late.
LAST_MOMENT = timedelta(seconds=2)

log = structlog.get_logger(__name__)


def seal_challenge(operation: Operation, challenge: Challenge) -> tuple[bytes, datetime]:
    """Return the sealed challenge and the end of its time."""
    now = timezone.now()
    until = challenge.expires_at or now + ROOM_WITHOUT_EXPIRY_LASTS
    raw = {
        "remote_id": challenge.remote_id,
        "session": _text(challenge.session),
        "kind": challenge.kind,
        "instructions": challenge.instructions,
        "value": challenge.value,
        "expects_input": challenge.expects_input,
        "received_at": (challenge.received_at or now).isoformat(),
        "expires_at": until.isoformat(),
        "expiry_is_assumed": challenge.expiry_is_assumed or challenge.expires_at is None,
    }
    return _seal(operation, {"challenge": raw}), until


def seal_handover(operation: Operation, handover: Handover) -> tuple[bytes, datetime]:
    """Return the sealed handover and the end of its time."""
    raw = {
        "url": _text(handover.url),
        "session": _text(handover.session),
        "expires_at": handover.expires_at.isoformat(),
        "note": handover.note,
    }
    return _seal(operation, {"handover": raw}), handover.expires_at


def seal_versions(operation: Operation, versions: list[dict[str, Any]]) -> tuple[bytes, datetime]:
    """Return the sealed versions of a conflict and the end of their time."""
    return _seal(operation, {"versions": versions}), timezone.now() + VERSIONS_LAST


def versions_of(operation: Operation) -> list[dict[str, Any]] | None:
    """Return the versions of a conflict as they were sealed; None when there are none, or not any more."""
    found: Any = _open(operation, "versions")
    return found if isinstance(found, list) else None


def challenge_of(operation: Operation) -> Challenge | None:
    """Return the open challenge of an operation; None when it is over, closed or was never there."""
    raw = _open(operation, "challenge")
    if raw is None:
        return None
    times = {name: datetime.fromisoformat(raw[name]) for name in ("received_at", "expires_at")}
    return Challenge(**{**raw, **times, "session": Secret(raw["session"])})


def handover_of(operation: Operation) -> Handover | None:
    """Return the address to give to the customer until it expires. Show it to the person who made it, nobody else."""
    raw = _open(operation, "handover")
    if raw is None:
        return None
    expires_at = datetime.fromisoformat(raw["expires_at"])
    return Handover(Secret(raw["url"]), expires_at, raw["note"], Secret(raw.get("session", "")))


def _open(operation: Operation, kind: str) -> dict[str, Any] | None:
    if not operation.sealed or operation.sealed_until is None or operation.sealed_until <= timezone.now():
        return None
    try:
        raw = json.loads(crypto.unseal(bytes(operation.sealed), **_place(operation)))
    except crypto.CannotUnseal:
        # A key left the ring or the row was altered: for people the room is closed.
        log.exception("cannot_unseal", operation=str(operation.pk))
        return None
    found: dict[str, Any] | None = raw.get(kind)
    return found


def _seal(operation: Operation, raw: dict[str, Any]) -> bytes:
    return crypto.seal(json.dumps(raw).encode(), **_place(operation))


def _place(operation: Operation) -> dict[str, str]:
    return {"table": "dashboard_operation", "field": "sealed", "row": str(operation.pk)}


def _text(secret: Secret) -> str:
    revealed = secret.reveal()
    return revealed if isinstance(revealed, str) else revealed.decode()
