"""A delivery is believed only with MoneyKit's own signature over this very body, made lately."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from providers.moneykit.signing_keys import ASK_AGAIN_AFTER_S, KEEP_S, KeyCache, keys_in
from providers.moneykit.webhooks import parse, verify

from .support import SAMPLES, Remote, pure, sample

DELIVERY = sample("webhook_signed_delivery")
BODY = DELIVERY["raw_body"].encode()
HEADERS = DELIVERY["headers"]
SIGNED_AT = datetime.fromtimestamp(1740810621, UTC)
KEYS = keys_in(sample("jwks"))
OURS = ec.derive_private_key(4711, ec.SECP256R1())


def encoded(raw: bytes | dict[str, Any]) -> str:
    raw = raw if isinstance(raw, bytes) else json.dumps(raw).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def token(
    body: bytes = BODY, *, key: ec.EllipticCurvePrivateKey = OURS, raw_claims: bytes = b"", **changes: Any
) -> str:
    """Sign a body with a key of ours; `changes` go into header and claims, None takes a field out."""
    header = {"alg": "ES256", "kid": "ours", "typ": "JWT"}
    claims = {"iat": int(SIGNED_AT.timestamp()), "request_body_sha256": hashlib.sha256(body).hexdigest()}
    for name, value in changes.items():
        part = header if name in ("alg", "kid", "crit") else claims
        part.update({name: value})
        if value is None:
            del part[name]
    signed = f"{encoded(header)}.{encoded(raw_claims or claims)}"
    r, s = decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(SHA256())))
    return f"{signed}.{encoded(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def is_good(signature: str, body: bytes = BODY, *, now: datetime = SIGNED_AT) -> bool:
    keys = {**KEYS, "ours": OURS.public_key()}
    return verify({"MoneyKit-Signature": signature}, body, keys.get, now=now)


# -- the documented vector


def test_the_documented_delivery_is_believed() -> None:
    assert verify(HEADERS, BODY, KEYS.get, now=SIGNED_AT)


def test_its_names_of_headers_may_be_written_in_any_way() -> None:
    assert verify({name.title(): value for name, value in HEADERS.items()}, BODY, KEYS.get, now=SIGNED_AT)


@pytest.mark.parametrize("position", range(0, len(BODY), 37))
def test_one_changed_byte_of_the_body_is_noticed(position: int) -> None:
    changed = bytearray(BODY)
    changed[position] ^= 1

    assert not verify(HEADERS, bytes(changed), KEYS.get, now=SIGNED_AT)


@pytest.mark.parametrize("position", range(0, len(HEADERS["moneykit-signature"]), 29))
def test_one_changed_letter_of_the_signature_is_noticed(position: int) -> None:
    signature = HEADERS["moneykit-signature"]
    other = "A" if signature[position] != "A" else "B"

    assert not is_good(signature[:position] + other + signature[position + 1 :])


def test_the_same_json_written_otherwise_is_another_body() -> None:
    assert not verify(HEADERS, json.dumps(json.loads(BODY)).encode(), KEYS.get, now=SIGNED_AT)


# -- time


@pytest.mark.parametrize(
    ("after", "is_believed"),
    [
        (timedelta(minutes=-6), False),
        (timedelta(minutes=-4), True),
        (timedelta(0), True),
        (timedelta(minutes=119), True),
        (timedelta(minutes=126), False),
        (timedelta(days=400), False),
    ],
)
def test_a_signature_is_good_while_a_delivery_may_be_repeated(after: timedelta, is_believed: bool) -> None:
    assert verify(HEADERS, BODY, KEYS.get, now=SIGNED_AT + after) is is_believed


@pytest.mark.parametrize("iat", [None, "1740810621", True, [], 1e308, -1])
def test_a_time_that_is_none_is_refused(iat: Any) -> None:
    assert not is_good(token(iat=iat))


# -- forgery


def test_a_token_of_ours_is_good_as_a_check_of_these_tests() -> None:
    assert is_good(token())


@pytest.mark.parametrize("alg", ["none", "None", "HS256", "RS256", "ES384", "es256", "", None, ["ES256"]])
def test_no_other_algorithm_is_taken(alg: Any) -> None:
    assert not is_good(token(alg=alg))


def test_the_public_key_is_no_shared_secret() -> None:
    point = OURS.public_key().public_numbers()
    signed = f"{encoded({'alg': 'HS256', 'kid': 'ours'})}.{token().split('.')[1]}"
    for secret in (point.x.to_bytes(32, "big"), json.dumps(sample("jwks")["keys"][0]).encode(), b""):
        forged = f"{signed}.{encoded(hmac.digest(secret, signed.encode(), hashlib.sha256))}"

        assert not is_good(forged)


def test_an_unsigned_token_is_refused() -> None:
    header, claims, _ = token().split(".")

    for forged in (
        f"{header}.{claims}.",
        f"{header}.{claims}",
        f"{encoded({'alg': 'none'})}.{claims}.",
        "",
        "...",
        "a.b.c",
    ):
        assert not is_good(forged)


@pytest.mark.parametrize("r_and_s", [bytes(64), bytes(63), bytes(65), b"\xff" * 64, bytes(32) + b"\1" * 32])
def test_a_signature_of_nothing_is_refused(r_and_s: bytes) -> None:
    header, claims, _ = token().split(".")

    assert not is_good(f"{header}.{claims}.{encoded(r_and_s)}")


def test_a_signature_as_der_is_refused() -> None:
    header, claims, _ = token().split(".")
    der = OURS.sign(f"{header}.{claims}".encode(), ec.ECDSA(SHA256()))

    assert not is_good(f"{header}.{claims}.{encoded(der)}")


@pytest.mark.parametrize("kid", ["unknown", None, 7, {}])
def test_a_key_that_nobody_knows_is_refused(kid: Any) -> None:
    assert not is_good(token(kid=kid))


def test_another_key_under_a_known_name_is_refused() -> None:
    assert not is_good(token(key=ec.derive_private_key(4712, ec.SECP256R1())))


def test_a_header_that_demands_something_is_refused() -> None:
    assert not is_good(token(crit=["exp"]))


@pytest.mark.parametrize("told", [None, "", 5, "0" * 64, hashlib.sha256(BODY).hexdigest().upper(), "é" * 64])
def test_a_hash_of_another_body_is_refused(told: Any) -> None:
    assert not is_good(token(request_body_sha256=told))


@pytest.mark.parametrize("raw", [b"[]", b"null", b"{", b'{"iat": 1, "iat": 1740810621}', b"\xff"])
def test_claims_that_are_no_object_are_refused(raw: bytes) -> None:
    assert not is_good(token(raw_claims=raw))


def test_padding_blanks_and_length_are_no_way_round() -> None:
    good = token()

    for forged in (
        good + "=",
        good + " ",
        " " + good,
        good.replace(".", ". ", 1),
        good + "\n",
        good + "A" * 5000,
        "é" + good,
    ):
        assert not is_good(forged)


# -- keys


def test_keys_of_another_kind_are_passed_over() -> None:
    good = sample("jwks")["keys"][0]
    odd = [
        {**good, "kty": "RSA"},
        {**good, "crv": "P-384"},
        {**good, "use": "enc"},
        {**good, "alg": "ES512"},
        {**good, "x": good["y"]},
        {**good, "x": "AA"},
        {**good, "x": 7},
        {**good, "kid": None},
        {"kty": "oct", "k": "AAAA", "kid": "a"},
        None,
        [],
    ]

    assert keys_in({"keys": odd}) == {}
    assert list(keys_in({"keys": [*odd, good]})) == [good["kid"]]
    assert keys_in(None) == keys_in({"keys": "x"}) == keys_in([]) == {}


class Keyring:
    """A remote with keys that counts how often it is asked, and a clock."""

    def __init__(self) -> None:
        self.now = 0.0
        self.asked = 0
        self.answer: object = sample("jwks")
        self.cache = KeyCache(lambda: self.now)

    def find(self, kid: str, owner: str = "us") -> object:
        return self.cache.find(owner, kid, self._ask)

    def _ask(self) -> object:
        self.asked += 1
        return self.answer


def test_keys_are_read_once_a_day() -> None:
    ring = Keyring()

    for hour in range(24):
        ring.now = hour * 3600.0
        assert ring.find("nw-sample-2025-03")
    assert ring.asked == 1

    ring.now = KEEP_S
    assert ring.find("nw-sample-2025-03")
    assert ring.asked == 2


def test_an_unknown_key_asks_again_but_not_all_the_time() -> None:
    ring = Keyring()
    ring.find("nw-sample-2025-03")

    for second in (10, 20, 299):
        ring.now = second
        assert ring.find("new") is None
    assert ring.asked == 1

    ring.now = ASK_AGAIN_AFTER_S
    ring.answer = {"keys": [{**sample("jwks")["keys"][0], "kid": "new"}]}
    assert ring.find("new")
    assert ring.asked == 2
    assert ring.find("nw-sample-2025-03") is None, "a key that is no longer listed is no longer good"


def test_keys_are_not_used_beyond_a_day_even_if_nobody_answers() -> None:
    ring = Keyring()
    ring.find("nw-sample-2025-03")
    ring.answer, ring.now = None, KEEP_S + 1

    assert ring.find("nw-sample-2025-03") is None


def test_keys_of_one_app_are_not_those_of_another() -> None:
    ring = Keyring()
    ring.find("nw-sample-2025-03", "us")
    ring.answer = None

    assert ring.find("nw-sample-2025-03", "them") is None


# -- the provider over the emulator


def test_the_provider_verifies_what_the_emulator_signs(moneykit_remote: Remote) -> None:
    link = moneykit_remote.links()[0]
    moneykit_remote.control("state", link=link.id, state="error", error_code="auth_expired")
    delivery = moneykit_remote.control("deliveries")["deliveries"][-1]
    provider = moneykit_remote.provider()
    body = delivery["raw_body"].encode()

    assert provider.verify_webhook(delivery["headers"], body)
    assert provider.verify_webhook(delivery["headers"], body)
    assert not provider.verify_webhook(delivery["headers"], body + b" ")
    assert [exchange.path for exchange in moneykit_remote.exchanges] == ["/.well-known/jwks.json"]
    assert provider.parse_webhook(body)[0].remote_id == link.id


def test_a_delivery_without_a_signature_asks_nobody() -> None:
    assert not pure().verify_webhook({}, BODY)


# -- events


@pytest.mark.parametrize(
    ("name", "kind", "details"),
    [
        ("link_state_changed_error", "link", {"state": "error", "error": "auth_expired"}),
        ("link_state_changed_connected", "link", {"state": "connected"}),
        ("link_state_changed_deleted", "link", {"state": "deleted"}),
        ("link_product_refresh_completed", "data", {"product": "transactions", "state": "completed"}),
        ("link_product_refresh_failed", "data", {"product": "accounts", "state": "failed"}),
        ("transactions_updates_available", "data", {"has_history": True}),
    ],
)
def test_each_event_is_read(name: str, kind: str, details: dict[str, Any]) -> None:
    raw = sample(f"webhook_{name}")

    (event,) = parse((SAMPLES / f"webhook_{name}.json").read_bytes())

    assert (event.event_id, event.remote_id) == (raw["webhook_idempotency_key"], raw["link_id"])
    assert (event.kind, event.code) == (kind, raw["webhook_event"])
    assert details.items() <= dict(event.details).items()


def test_a_new_version_and_an_unknown_event_are_still_events() -> None:
    raw = {"webhook_event": "link.teleported", "webhook_major_version": 2, "link_id": "mk_x", "more": {"a": 1}}

    (event,) = parse(json.dumps(raw).encode())

    assert (event.kind, event.code, event.remote_id) == ("unknown", "link.teleported", "mk_x")
    assert len(event.event_id) == 64


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"null", b"7", b"{", b"\xff", b'{"a":' * 500, b" " * 2_000_000])
def test_what_is_no_event_is_none(body: bytes) -> None:
    assert parse(body) == ()


def test_an_id_that_could_leave_its_place_is_not_taken() -> None:
    (event,) = parse(b'{"webhook_event": "link.state_changed", "link_id": "../../auth/token"}')

    assert event.remote_id == ""
