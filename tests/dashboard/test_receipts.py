"""What a receipt says: one verdict and one sentence, by what reading back showed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dashboard.models import LinkedAccount
from dashboard.services import receipts
from providers.attention import Attention
from providers.plan import CallTemplate, Change, Plan

AT = datetime(2026, 11, 22, 10, 32, tzinfo=UTC)


def plan(*, secret: bool = False) -> Plan:
    change = Change("password", "Password", None, None, secret=True) if secret else Change("tag", "Tag", "a", "b")
    return Plan(
        "update", "one", "Change it", (change,), CallTemplate("PUT", "/"), "0" * 64, ("password",) if secret else ()
    )


def account(attention: Attention, headline: str = "") -> LinkedAccount:
    return LinkedAccount(attention=attention, headline=headline)


def test_healthy_is_verified_with_the_time_and_its_zone() -> None:
    receipt = receipts.of_account(account(Attention.HEALTHY), plan(), None, AT, by="Belvo")

    assert receipt["verdict"] == "verified_healthy"
    assert receipt["sentence"] == "Verified healthy at 10:32 UTC."
    assert receipt["at"] == AT.isoformat()


def test_still_broken_names_the_cause() -> None:
    broken = account(Attention.NEEDS_PASSWORD, "The bank refuses the password.")

    receipt = receipts.of_account(broken, plan(secret=True), True, AT, by="Belvo")

    assert receipt["verdict"] == "still_failing"
    assert receipt["sentence"] == "Accepted, but still failing: The bank refuses the password."
    assert receipt["attention"] == "needs_password"


def test_a_setting_that_is_in_place_is_confirmed_though_the_link_is_broken() -> None:
    broken = account(Attention.NEEDS_PASSWORD, "The bank refuses the password.")

    receipt = receipts.of_account(broken, plan(), True, AT, by="Belvo")

    assert receipt["verdict"] == "confirmed"
    assert "Still to be repaired: The bank refuses the password." in receipt["sentence"]


def test_what_reading_back_does_not_show_is_said_however_healthy() -> None:
    receipt = receipts.of_account(account(Attention.HEALTHY), plan(), False, AT, by="Belvo")

    assert receipt["verdict"] == "not_shown"
    assert receipt["sentence"] == "Belvo accepted it, but what was read back at 10:32 UTC does not show it."


def test_a_remote_without_a_state_is_never_verified_healthy() -> None:
    healthy = account(Attention.HEALTHY)

    confirmed = receipts.of_account(healthy, plan(secret=True), True, AT, by="Flxpoint", reports_state=False)
    unseen = receipts.of_account(healthy, plan(secret=True), None, AT, by="Flxpoint", reports_state=False)

    assert confirmed["sentence"] == "Confirmed at 10:32 UTC: what was sent is there."
    assert unseen["verdict"] == "not_verifiable"


def test_changes_are_named_and_secrets_have_no_value() -> None:
    receipt = receipts.of_account(account(Attention.HEALTHY), plan(secret=True), True, AT, by="Belvo")

    assert receipt["changes"] == [
        {"field": "password", "label": "Password", "before": None, "after": None, "secret": True}
    ]


@pytest.mark.parametrize(
    ("receipt", "verdict"),
    [
        (receipts.deleted(plan(), AT, by="Belvo"), "deleted"),
        (receipts.shown(plan(), AT), "shown"),
        (receipts.handed_over(plan(), AT, AT + timedelta(minutes=10)), "handed_over"),
        (receipts.not_verifiable(plan(), AT, "nobody answered."), "not_verifiable"),
    ],
)
def test_every_other_end_has_its_verdict_and_a_whole_sentence(receipt: dict[str, Any], verdict: str) -> None:
    assert receipt["verdict"] == verdict
    assert receipt["sentence"][0].isupper()
    assert receipt["sentence"].endswith(".")


def test_the_time_is_that_of_the_desk(settings: Any) -> None:
    settings.TIME_ZONE = "America/Sao_Paulo"

    assert "07:32 -03" in receipts.shown(plan(), AT)["sentence"]
