"""Signed notes: anybody with the public key can check them, and nothing in them can be changed."""

import base64
import hashlib

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from dashboard import signing


def _open(note: str) -> list[str]:
    """Check a note as a stranger does, by the text of C2SP signed-note alone."""
    text, _, signature_line = note.partition("\n\n")
    dash, name, encoded = signature_line.rstrip("\n").split(" ")
    raw = base64.b64decode(encoded, validate=True)
    public = base64.b64decode(signing.public_keys()[name])
    assert dash == "—"
    assert raw[:4] == hashlib.sha256(name.encode() + b"\n\x01" + public).digest()[:4]
    Ed25519PublicKey.from_public_bytes(public).verify(raw[4:], (text + "\n").encode())
    return text.split("\n")


def test_a_note_is_its_lines_and_a_signature_that_a_stranger_can_check():
    lines = ["localhost/audit", "17", "bWFj", "2026-11-26T10:00:00Z"]

    assert _open(signing.sign_note(lines)) == lines


def test_one_changed_character_is_seen():
    note = signing.sign_note(["localhost/audit", "17", "bWFj"])

    with pytest.raises(InvalidSignature):
        _open(note.replace("17", "18", 1))


def test_the_newest_key_signs_and_the_old_ones_can_still_be_checked(settings):
    old = signing.sign_note(["localhost/audit", "1"])
    settings.ANCHOR_KEYS = ["s2:" + base64.b64encode(b"t" * 32).decode(), *settings.ANCHOR_KEYS]

    assert "/s2 " in signing.sign_note(["localhost/audit", "2"])
    assert _open(old) == ["localhost/audit", "1"]


@pytest.mark.parametrize("line", ["", "two\nlines"])
def test_a_line_that_would_break_the_note_is_refused(line):
    with pytest.raises(ValueError, match="one line"):
        signing.sign_note(["localhost/audit", line])
