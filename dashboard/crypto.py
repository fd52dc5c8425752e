"""What must rest encrypted: AES-256-GCM, bound to the table, field and row it was made for.

A sealed value is `version (1 byte) | length of the key id (1 byte) | key id | nonce (12 bytes) | ciphertext and tag`.
"""

from __future__ import annotations

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

from .keyring import KeyRing, parse_ring

_VERSION = 1
_NONCE_BYTES = 12
_TAG_BYTES = 16


class CannotUnseal(Exception):
    """The value was cut, altered, moved from another row, or sealed under a key that is not in the ring."""


def seal(plaintext: bytes, *, table: str, field: str, row: str) -> bytes:
    """Encrypt `plaintext` under the writing key of FIELD_KEYS so that it opens only at this table, field and row."""
    key = _ring().writing
    key_id = key.id.encode("ascii")
    header = bytes((_VERSION, len(key_id))) + key_id
    nonce = os.urandom(_NONCE_BYTES)
    place = _place(header, table, field, row)
    return header + nonce + AESGCM(key.reveal()).encrypt(nonce, plaintext, place)


def unseal(sealed: bytes, *, table: str, field: str, row: str) -> bytes:
    """Return the plaintext, or raise `CannotUnseal`; there is no third way."""
    sealed = bytes(sealed)
    if len(sealed) < 2 or sealed[0] != _VERSION:
        raise CannotUnseal("not a sealed value")
    body_at = 2 + sealed[1]
    header, nonce, box = sealed[:body_at], sealed[body_at : body_at + _NONCE_BYTES], sealed[body_at + _NONCE_BYTES :]
    if len(box) < _TAG_BYTES:
        raise CannotUnseal("the sealed value is cut")
    key = _ring().get(header[2:].decode("ascii", "replace"))
    if key is None:
        raise CannotUnseal("the key that sealed it is not in FIELD_KEYS")
    try:
        return AESGCM(key.reveal()).decrypt(nonce, box, _place(header, table, field, row))
    except InvalidTag:
        raise CannotUnseal("the sealed value was altered or belongs elsewhere") from None


def _ring() -> KeyRing:
    return parse_ring("FIELD_KEYS", settings.FIELD_KEYS)


def _place(header: bytes, table: str, field: str, row: str) -> bytes:
    """Return the associated data: header and place, each length-prefixed so that no two places look the same."""
    parts = (b"seal/v1", header, table.encode(), field.encode(), row.encode())
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)
