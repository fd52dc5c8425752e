"""What leaves Linkdesk as proof is signed: notes of lines in the C2SP signed-note form, with Ed25519.

A note is its lines, an empty line, then `— <name> base64(key hash | signature)`; the key hash is the first 4 bytes of
SHA-256(name | 0x0A | 0x01 | public key). Whoever holds the public key can check it without us and without our database.

Source: C2SP signed-note (signature type 0x01) and tlog-checkpoint, whose first three lines ours are.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings

from .keyring import Key, parse_ring

_ED25519 = b"\x01"


def sign_note(lines: Sequence[str]) -> str:
    """Return `lines` as a note signed with the writing key of ANCHOR_KEYS; no line may be empty or hold a line feed."""
    for line in lines:
        if not line or "\n" in line:
            raise ValueError("a line of a note is one line and not empty")
    text = "".join(f"{line}\n" for line in lines)
    key = parse_ring("ANCHOR_KEYS", settings.ANCHOR_KEYS).writing
    private = _private(key)
    name = signer_name(key.id)
    signature = _key_hash(name, _public_bytes(private)) + private.sign(text.encode())
    return f"{text}\n— {name} {base64.b64encode(signature).decode('ascii')}\n"


def public_keys() -> dict[str, str]:
    """Return every public key of the ring by the names that it signs or signed under, as base64 of 32 bytes."""
    ring = parse_ring("ANCHOR_KEYS", settings.ANCHOR_KEYS)
    keys = {key.id: base64.b64encode(_public_bytes(_private(key))).decode("ascii") for key in ring}
    return {signer_name(key_id, origin): key for origin in origins() for key_id, key in keys.items()}


def origins() -> list[str]:
    """Return the names of this log: the one that it has, and those that it had."""
    return [settings.AUDIT_ORIGIN, *settings.AUDIT_ORIGINS_BEFORE]


def signer_name(key_id: str, origin: str = "") -> str:
    """Return the name in a signature line: the log's origin and the key's id; it has neither spaces nor plus signs."""
    return f"{origin or settings.AUDIT_ORIGIN}/{key_id}".replace(" ", "-").replace("+", "-")


def _private(key: Key) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(key.reveal())


def _public_bytes(private: Ed25519PrivateKey) -> bytes:
    return private.public_key().public_bytes_raw()


def _key_hash(name: str, public: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + _ED25519 + public).digest()[:4]
