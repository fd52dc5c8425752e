"""Key rings from settings."""

import base64
import copy
import pickle

import pytest

from dashboard.keyring import Key, KeyRingProblem, parse_ring

A = base64.b64encode(b"a" * 32).decode()
B = base64.b64encode(b"b" * 32).decode()


def test_first_key_writes_and_all_read():
    ring = parse_ring("AUDIT_KEYS", [f"new:{B}", f" old:{A} "])

    assert ring.writing.id == "new"
    assert [key.id for key in ring] == ["new", "old"]
    assert ring.get("old").reveal() == b"a" * 32
    assert ring.get("other") is None


@pytest.mark.parametrize(
    ("entries", "says"),
    [
        ([], "holds no key"),
        (["", "  "], "holds no key"),
        ([A], "no usable id"),
        ([f":{A}"], "no usable id"),
        ([f"with space:{A}"], "no usable id"),
        ([f"{'k' * 41}:{A}"], "no usable id"),
        (["k1:not base64!"], "“k1” is not base64"),
        (["k1:" + base64.b64encode(b"short").decode()], "“k1” has 5 bytes and needs 32"),
        (["k1:" + base64.b64encode(b"l" * 33).decode()], "“k1” has 33 bytes and needs 32"),
        ([f"k1:{A}", f"k1:{B}"], "“k1” is used twice"),
        ([f"k1:{A}", f"k2:{A}"], "“k2” has the same bytes"),
    ],
)
def test_what_is_wrong_with_a_ring_is_said_by_name(entries, says):
    with pytest.raises(KeyRingProblem) as caught:
        parse_ring("AUDIT_KEYS", entries)

    assert says in str(caught.value)
    assert str(caught.value).startswith("AUDIT_KEYS")


def test_a_problem_never_quotes_the_key():
    for entries in ([A], [f"k1:{A}x"], [f"k1:{A[:-8]}"], [f"k1:{A}", f"k2:{A}"]):
        with pytest.raises(KeyRingProblem) as caught:
            parse_ring("AUDIT_KEYS", entries)

        assert A[:12] not in str(caught.value)
        assert caught.value.__cause__ is None


def test_a_key_shows_its_id_and_never_its_bytes():
    ring = parse_ring("AUDIT_KEYS", [f"k1:{A}"])

    for shown in (repr(ring), repr(ring.writing), f"{ring.writing}"):
        assert "k1" in shown
        assert "aaaa" not in shown
        assert A[:12] not in shown


def test_a_key_is_neither_pickled_nor_copied():
    key = Key("k1", b"a" * 32)

    for take in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            take(key)
