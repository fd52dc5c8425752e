"""Access tokens that a remote hands out for a while: kept for all sessions, renewed by one of them for all."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from .secrets import Secret


@dataclass(frozen=True, slots=True)
class AccessToken:
    """`serial` tells two tokens apart without a look at them; `made_with` is a digest of the keys that it was got with.

    `expires_at` is by our own clock.
    """

    value: Secret
    serial: str
    made_with: str
    expires_at: datetime


Fetch = Callable[[], AccessToken | None]


class TokenStore(Protocol):
    """What sessions share. `name` is the integration's."""

    def get(self, name: str) -> AccessToken | None:
        """Return what is kept, whatever its age; None if there is nothing that can be read."""

    def renew(self, name: str, serial: str, fetch: Fetch, *, wait_s: float) -> AccessToken | None:
        """Return a token in place of the one called `serial` ("" for none).

        If another has taken that place meanwhile, that is the answer. Else one caller fetches, and the others wait for
        it, `wait_s` seconds at most. None if nobody got one in this time.
        """

    def forget(self, name: str, serial: str) -> None:
        """Drop the token called `serial`, because the remote will not have it; a newer one stays."""


class MemoryTokenStore:
    """A store for the threads of one process."""

    def __init__(self) -> None:
        self._kept: dict[str, AccessToken] = {}
        self._lock = threading.Lock()
        self._renewing: dict[str, threading.Lock] = {}

    def get(self, name: str) -> AccessToken | None:
        return self._kept.get(name)

    def renew(self, name: str, serial: str, fetch: Fetch, *, wait_s: float) -> AccessToken | None:
        with self._lock:
            renewing = self._renewing.setdefault(name, threading.Lock())
        if not renewing.acquire(timeout=max(0.0, wait_s)):
            return None
        try:
            kept = self._kept.get(name)
            if kept is not None and kept.serial != serial:
                return kept
            fetched = fetch()
            if fetched is not None:
                self._kept[name] = fetched
            return fetched
        finally:
            renewing.release()

    def forget(self, name: str, serial: str) -> None:
        with self._lock:
            if (kept := self._kept.get(name)) is not None and kept.serial == serial:
                del self._kept[name]
