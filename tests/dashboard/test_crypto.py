"""What rests encrypted opens only where it was put."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.crypto import CannotUnseal, seal, unseal

HERE = {"table": "operation", "field": "sealed", "row": "7"}


def _entry(key_id, letter):
    return f"{key_id}:{base64.b64encode(letter * 32).decode()}"


@given(st.binary(max_size=2000))
def test_what_is_sealed_opens_again(plaintext):
    assert unseal(seal(plaintext, **HERE), **HERE) == plaintext


def test_a_sealed_value_shows_nothing_and_never_looks_the_same():
    one, other = seal(b"session-token", **HERE), seal(b"session-token", **HERE)

    assert one != other
    assert b"session" not in one


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"table": "operation", "field": "sealed", "row": "8"},
        {"table": "operation", "field": "other", "row": "7"},
        {"table": "user", "field": "sealed", "row": "7"},
        {"table": "operationsealed", "field": "", "row": "7"},
        {"table": "operation", "field": "sealed7", "row": ""},
    ],
)
def test_a_sealed_value_moved_elsewhere_does_not_open(elsewhere):
    with pytest.raises(CannotUnseal):
        unseal(seal(b"x", **HERE), **elsewhere)


def test_every_flipped_bit_and_every_cut_is_noticed():
    sealed = seal(b"session", **HERE)

    for at in range(len(sealed)):
        flipped = bytes((*sealed[:at], sealed[at] ^ 1, *sealed[at + 1 :]))
        for wrong in (flipped, sealed[:at], sealed + b"\0"):
            with pytest.raises(CannotUnseal):
                unseal(wrong, **HERE)


@given(st.binary(max_size=100))
def test_noise_does_not_open(noise):
    with pytest.raises(CannotUnseal):
        unseal(noise, **HERE)


def test_an_older_key_still_opens_and_the_newest_one_seals(settings):
    settings.FIELD_KEYS = [_entry("old", b"o")]
    sealed = seal(b"x", **HERE)

    settings.FIELD_KEYS = [_entry("new", b"n"), _entry("old", b"o")]

    assert unseal(sealed, **HERE) == b"x"
    assert b"new" in seal(b"x", **HERE)


def test_without_its_key_a_value_stays_shut(settings):
    sealed = seal(b"x", **HERE)
    settings.FIELD_KEYS = [_entry("other", b"o")]

    with pytest.raises(CannotUnseal, match="not in FIELD_KEYS"):
        unseal(sealed, **HERE)


def test_the_same_id_with_other_bytes_does_not_open(settings):
    sealed = seal(b"x", **HERE)
    settings.FIELD_KEYS = [_entry("f1", b"z")]

    with pytest.raises(CannotUnseal):
        unseal(sealed, **HERE)


def test_a_database_that_returns_a_memoryview_is_understood():
    assert unseal(memoryview(seal(b"x", **HERE)), **HERE) == b"x"
