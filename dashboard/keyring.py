"""Key rings from settings: the first key writes, all of them read."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

KEY_BYTES = 32
_KEY_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}")
_HOW = 'write it as "id:base64 of 32 bytes", for example with: openssl rand -base64 32'


class KeyRingProblem(ValueError):
    """A ring that cannot be used; the message names the variable and the key's id, never a part of the key."""


class Key:
    """32 bytes with a name. The bytes are in no `repr`, pickle or copy."""

    __slots__ = ("_secret", "id")

    def __init__(self, key_id: str, secret: bytes) -> None:
        self.id = key_id
        self._secret = secret

    def reveal(self) -> bytes:
        return self._secret

    def hmac(self, message: bytes) -> bytes:
        """Return HMAC-SHA256 of `message`."""
        return hmac.digest(self._secret, message, hashlib.sha256)

    def __repr__(self) -> str:
        return f"Key({self.id!r})"

    def __reduce_ex__(self, protocol: object) -> str:
        raise TypeError("a Key cannot be pickled or copied")


class KeyRing:
    """Keys by id, newest first."""

    __slots__ = ("_keys",)

    def __init__(self, keys: Iterable[Key]) -> None:
        self._keys = {key.id: key for key in keys}

    @property
    def writing(self) -> Key:
        return next(iter(self._keys.values()))

    def get(self, key_id: str) -> Key | None:
        return self._keys.get(key_id)

    def __iter__(self) -> Iterator[Key]:
        return iter(self._keys.values())

    def __repr__(self) -> str:
        return f"KeyRing({', '.join(self._keys)})"


def parse_ring(variable: str, entries: Iterable[str]) -> KeyRing:
    """Read `entries` ("id:base64"), newest first, or raise `KeyRingProblem`; `variable` is the setting's name."""
    return _parse_ring(variable, tuple(entries))


@lru_cache(maxsize=16)
def _parse_ring(variable: str, entries: tuple[str, ...]) -> KeyRing:
    keys: dict[str, Key] = {}
    for position, entry in enumerate((part.strip() for part in entries if part.strip()), start=1):
        key = _parse_key(variable, position, entry)
        if key.id in keys:
            raise KeyRingProblem(f"{variable}: the key id “{key.id}” is used twice; give each key its own id.")
        if any(hmac.compare_digest(key.reveal(), other.reveal()) for other in keys.values()):
            raise KeyRingProblem(f"{variable}: the key “{key.id}” has the same bytes as another one in the ring.")
        keys[key.id] = key
    if not keys:
        raise KeyRingProblem(f"{variable} holds no key; {_HOW}.")
    return KeyRing(keys.values())


def _parse_key(variable: str, position: int, entry: str) -> Key:
    key_id, separator, encoded = entry.partition(":")
    if not separator or not _KEY_ID.fullmatch(key_id):
        raise KeyRingProblem(f"{variable}: key {position} has no usable id before its colon; {_HOW}.")
    try:
        secret = base64.b64decode(encoded.strip(), validate=True)
    except (binascii.Error, ValueError):
        raise KeyRingProblem(f"{variable}: the key “{key_id}” is not base64; {_HOW}.") from None
    if len(secret) != KEY_BYTES:
        raise KeyRingProblem(f"{variable}: the key “{key_id}” has {len(secret)} bytes and needs {KEY_BYTES}; {_HOW}.")
    return Key(key_id, secret)
