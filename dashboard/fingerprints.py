"""The keyed digests under which the mirror keeps secrets that a remote shows."""

from __future__ import annotations

from django.conf import settings

from providers.fingerprints import Fingerprint, keyed

from .keyring import parse_ring


def fingerprint_of(integration: str) -> Fingerprint:
    """Return the digest of one integration; a new key makes every secret look changed, until the next sync."""

    def fingerprint(place: str, value: str) -> str:
        key = parse_ring("AUDIT_KEYS", settings.AUDIT_KEYS).writing
        return keyed(key.hmac, key.id, "fingerprint/v1", integration, place, value)

    return fingerprint
