"""The keys that MoneyKit signs webhooks with: read from its JWKS, kept for a day, read again for a key never seen."""

from __future__ import annotations

import base64
import binascii
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric import ec

# Source: MoneyKit's examples.
KEEP_S = 24 * 3600.0
ASK_AGAIN_AFTER_S = 300.0
_COORDINATE_BYTES = 32

Jwks = Callable[[], object]
PublicKeys = Mapping[str, ec.EllipticCurvePublicKey]


def keys_in(jwks: object) -> dict[str, ec.EllipticCurvePublicKey]:
    """Return the P-256 signing keys of a JWKS by their `kid`; whatever else stands in it is passed over."""
    entries = jwks.get("keys") if isinstance(jwks, dict) else None
    found = {}
    for entry in entries if isinstance(entries, list) else ():
        key = _key_of(entry)
        if key is not None and isinstance(entry.get("kid"), str):
            found[entry["kid"]] = key
    return found


def _key_of(entry: object) -> ec.EllipticCurvePublicKey | None:
    if not isinstance(entry, dict) or (entry.get("kty"), entry.get("crv")) != ("EC", "P-256"):
        return None
    if entry.get("use", "sig") != "sig" or entry.get("alg", "ES256") != "ES256":
        return None
    try:
        x, y = (_coordinate(entry.get(name)) for name in ("x", "y"))
        return ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    except (ValueError, TypeError):
        # Not a point of the curve, or not base64.
        return None


def _coordinate(value: object) -> int:
    if not isinstance(value, str):
        raise TypeError("a coordinate is a text")
    raw = decode_base64url(value)
    if len(raw) != _COORDINATE_BYTES:
        raise ValueError("a coordinate has 32 bytes")
    return int.from_bytes(raw, "big")


def decode_base64url(text: str) -> bytes:
    """Return the bytes of base64url without padding (RFC 7515, section 2), or raise `ValueError`."""
    if not text.isascii() or "=" in text:
        raise ValueError("not base64url")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        raise ValueError("not base64url") from None


@dataclass(slots=True)
class _Kept:
    keys: PublicKeys = field(default_factory=dict)
    read_at: float = float("-inf")
    asked_at: float = float("-inf")


class KeyCache:
    """Keys by the name of who they belong to; `clock` counts seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: dict[str, _Kept] = {}
        self._lock = threading.Lock()

    def find(self, owner: str, kid: str, ask: Jwks) -> ec.EllipticCurvePublicKey | None:
        """Return the key called `kid`, asking the remote when it must: at most once in 5 minutes for unknown ones.

        `ask` returns a JWKS, or anything else if there was no answer. Old keys are not used beyond a day,
        whatever happens.
        """
        with self._lock:
            kept = self._kept.setdefault(owner, _Kept())
            now = self._clock()
            is_old = now - kept.read_at >= KEEP_S
            if is_old:
                kept.keys = {}
            if (is_old or kid not in kept.keys) and now - kept.asked_at >= ASK_AGAIN_AFTER_S:
                kept.asked_at = now
                if found := keys_in(ask()):
                    kept.keys, kept.read_at = found, now
            return kept.keys.get(kid)
