"""Keyed digests of secrets that a remote shows: enough to see that one has changed, useless to whoever finds them."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable

# What a session is given: `fingerprint(place, value)`. `place` says whose secret it is, so that the same password in
# two places does not look the same. The same key gives the same text; another key gives one that compares as changed.
Fingerprint = Callable[[str, str], str]

DIGEST_CHARS = 24
_OWN_KEY = secrets.token_bytes(32)


def keyed(hmac_of: Callable[[bytes], bytes], key_id: str, *parts: str) -> str:
    """Return the digest of `parts` under a key, with the key's id before it."""
    encoded = (part.encode("utf-8", "surrogatepass") for part in parts)
    message = b"".join(len(part).to_bytes(8, "big") + part for part in encoded)
    return f"{key_id}:{hmac_of(message).hex()[:DIGEST_CHARS]}"


def own_fingerprint(place: str, value: str) -> str:
    """Return a digest that only this process can compare: for a session that was given no key."""
    return keyed(lambda message: hmac.digest(_OWN_KEY, message, hashlib.sha256), "own", place, value)
