"""The dashboard's digests of secrets: keyed by the audit ring, apart for each integration."""

from __future__ import annotations

from typing import Any

import pytest

from dashboard import registry
from dashboard.fingerprints import fingerprint_of


def test_two_integrations_show_nothing_in_common() -> None:
    assert fingerprint_of("erp")("1/a", "x") == fingerprint_of("erp")("1/a", "x")
    assert fingerprint_of("erp")("1/a", "x") != fingerprint_of("shop")("1/a", "x")


def test_a_new_key_makes_a_secret_look_changed(settings: Any) -> None:
    before = fingerprint_of("erp")("1/a", "x")

    settings.AUDIT_KEYS = ["a2:" + "Yg" * 21 + "Y="]

    assert fingerprint_of("erp")("1/a", "x") != before


@pytest.mark.django_db
def test_every_session_is_given_the_digest_of_its_integration(emulator: Any) -> None:
    provider = registry.provider_for("belvo")

    assert provider.session.fingerprint("1/a", "x") == fingerprint_of("belvo")("1/a", "x")
