"""The providers' store of access tokens over rows of our database: one process renews for all of them."""

from __future__ import annotations

import json
import time
import uuid
from datetime import datetime, timedelta

import structlog
from django.db.models import Q
from django.utils import timezone

from providers.secrets import Secret
from providers.tokens import AccessToken, Fetch

from .crypto import CannotUnseal, seal, unseal
from .models import RemoteToken

# A process that took the lease and gave no sign since is gone; longer than any request for a token may take.
LEASE_LASTS = timedelta(seconds=45)
_LOOK_EVERY_S = 0.05

log = structlog.get_logger(__name__)


class SharedTokens:
    """The lease is a column and not a lock: no transaction is open while the remote is asked."""

    def get(self, name: str) -> AccessToken | None:
        row = RemoteToken.objects.filter(pk=name).first()
        return _opened(row) if row is not None else None

    def renew(self, name: str, serial: str, fetch: Fetch, *, wait_s: float) -> AccessToken | None:
        until = time.monotonic() + wait_s
        RemoteToken.objects.bulk_create([RemoteToken(name=name)], ignore_conflicts=True)
        while True:
            row = RemoteToken.objects.get(pk=name)
            kept = _opened(row)
            if kept is not None and kept.serial != serial:
                return kept
            if (lease := _take_lease(row)) is not None:
                return _fetched(name, lease, fetch)
            if time.monotonic() >= until:
                return None
            time.sleep(_LOOK_EVERY_S)

    def forget(self, name: str, serial: str) -> None:
        RemoteToken.objects.filter(pk=name, serial=serial).update(serial="", sealed=None)


def _take_lease(row: RemoteToken) -> str | None:
    """Take the lease if it is free, or was never given back, and the row is still the one that was looked at."""
    now = timezone.now()
    lease = uuid.uuid4().hex
    free = RemoteToken.objects.filter(Q(lease="") | Q(lease_until__lt=now), pk=row.pk, serial=row.serial)
    return lease if free.update(lease=lease, lease_until=now + LEASE_LASTS) else None


def _fetched(name: str, lease: str, fetch: Fetch) -> AccessToken | None:
    ours = RemoteToken.objects.filter(pk=name, lease=lease)
    token = None
    try:
        token = fetch()
    finally:
        given_back = {"lease": "", "lease_until": None}
        if token is None:
            ours.update(**given_back)
        else:
            ours.update(serial=token.serial, sealed=_sealed(name, token), **given_back)
    return token


def _sealed(name: str, token: AccessToken) -> bytes:
    value = token.value.reveal()
    raw = {
        "value": value if isinstance(value, str) else value.decode(),
        "serial": token.serial,
        "made_with": token.made_with,
        "expires_at": token.expires_at.isoformat(),
    }
    return seal(json.dumps(raw).encode(), **_place(name))


def _opened(row: RemoteToken) -> AccessToken | None:
    if not row.sealed:
        return None
    try:
        raw = json.loads(unseal(bytes(row.sealed), **_place(row.pk)))
    except CannotUnseal:
        # A key left the ring, or the row was altered: the next one who needs a token gets a new one.
        log.warning("remote_token_cannot_be_opened", integration=row.pk)
        return None
    expires_at = datetime.fromisoformat(raw["expires_at"])
    return AccessToken(Secret(raw["value"]), raw["serial"], raw["made_with"], expires_at)


def _place(name: str) -> dict[str, str]:
    return {"table": "dashboard_remotetoken", "field": "sealed", "row": name}
