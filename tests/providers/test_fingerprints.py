"""Keyed digests of secrets: equal for the same secret in the same place under the same key, and for nothing else."""

from __future__ import annotations

import hashlib
import hmac

from providers.fingerprints import keyed, own_fingerprint
from providers.http import ApiSession


def with_key(key: bytes, *parts: str) -> str:
    return keyed(lambda message: hmac.digest(key, message, hashlib.sha256), "k1", *parts)


def test_the_same_secret_in_the_same_place_looks_the_same() -> None:
    assert with_key(b"k" * 32, "48377/password", "hunter2") == with_key(b"k" * 32, "48377/password", "hunter2")


def test_another_secret_place_or_key_looks_different() -> None:
    assert len({with_key(b"k" * 32, "1/a", "x"), with_key(b"k" * 32, "1/b", "x"), with_key(b"k" * 32, "1/a", "y")}) == 3
    assert with_key(b"k" * 32, "1/a", "x") != with_key(b"j" * 32, "1/a", "x")
    assert with_key(b"k" * 32, "1/a", "bx") != with_key(b"k" * 32, "1/ab", "x")


def test_the_digest_holds_nothing_of_the_secret() -> None:
    found = with_key(b"k" * 32, "1/a", "hunter2")

    assert found.startswith("k1:") and "hunter2" not in found


def test_a_session_without_a_key_compares_within_its_process() -> None:
    session = ApiSession("http://127.0.0.1:9")

    assert session.fingerprint("1/a", "x") == own_fingerprint("1/a", "x") != session.fingerprint("1/a", "y")
