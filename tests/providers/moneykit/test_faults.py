"""Remotes that break in every way we know of: nothing raises, nothing is sent twice, and doubt is said."""

from __future__ import annotations

from typing import Any

import pytest

from providers.fields import FieldValue
from providers.moneykit.provider import MoneyKit
from providers.outcomes import Accepted, Ok, RateLimited, Unavailable
from providers.plan import Plan

from ..contract import Impatient
from ..faults import FAULTS, FaultServer, nobody_listens
from .support import CONNECTED, link, moneykit

pytestmark = pytest.mark.faults

DEADLINE_S = 0.25
NEEDS_ARGUMENT = {"retry_after": "1", "status": "503", "says": "{}", "says_text": "no", "unavailable_until": "1"}
# `raw` needs bytes of a test's own. A bomb takes longer to make than these deadlines; it is tested with the transport.
LEFT_OUT = {"raw", "gzip_bomb"}
# Whole answers that are no error.
SOUND = {"good", "gzip_good", "interim_then_good", "elsewhere", "no_content", "cookies", "empty_200"}
SOUND |= {"says={}", "lone_surrogates"}
WRITES = ("settings", "refresh", "reset", "delete")
OTHERS = ("repair_link", "test_webhook")
TYPED: dict[str, dict[str, FieldValue]] = {
    "settings": {"webhook": "https://hooks.example/new"},
    "refresh": {"products": ("accounts",), "may_be_billed": True},
}
NAMES = sorted(f"{name}={NEEDS_ARGUMENT[name]}" if name in NEEDS_ARGUMENT else name for name in set(FAULTS) - LEFT_OUT)


def at(url: str, auth: str) -> MoneyKit:
    provider = moneykit(url, auth=auth, read_retries=0)
    provider.session = Impatient(provider.session, DEADLINE_S)
    return provider


def send(provider: MoneyKit, action: str) -> Any:
    plan = provider.plan_update(action, link(), TYPED.get(action, {}), frozenset(), None)
    assert isinstance(plan, Plan)
    return provider.send(plan, {}, {})


@pytest.mark.parametrize("name", NAMES)
def test_no_fault_reads_as_an_answer(name: str, fault_server: FaultServer) -> None:
    provider = at(fault_server.url(name), "headers")

    for outcome in (provider.check(), provider.fetch(CONNECTED), provider.list(), provider.list_of_customer("cust_1")):
        assert not isinstance(outcome, Ok)
    assert not isinstance(provider.list_schemas(), Ok)
    assert not isinstance(provider.fetch_schema("chase"), Ok)


@pytest.mark.parametrize("action", (*WRITES, *OTHERS))
@pytest.mark.parametrize("name", NAMES)
def test_no_fault_reads_as_done_and_none_is_sent_twice(name: str, action: str, fault_server: FaultServer) -> None:
    outcome = send(at(fault_server.url(name), "headers"), action)

    if action == "delete" and isinstance(outcome, Ok):
        # Any 2xx without an error may be a delete's answer; only reading back says that the link is gone.
        assert name in SOUND
    else:
        assert not isinstance(outcome, Ok | Accepted)
    assert len(fault_server.arrived_at(name)) <= 1


@pytest.mark.parametrize("name", NAMES)
def test_without_a_token_no_write_is_in_doubt(name: str, fault_server: FaultServer) -> None:
    outcome = send(at(fault_server.url(name), "token"), "settings")

    assert not isinstance(outcome, Ok)
    assert not getattr(outcome, "maybe_applied", False)
    assert {arrived.path for arrived in fault_server.arrived_at(name)} <= {"/auth/token"}


@pytest.mark.parametrize("auth", ["headers", "token"])
def test_nobody_there_is_said_so(auth: str) -> None:
    with nobody_listens() as url:
        for action in (*WRITES, *OTHERS):
            outcome = send(at(url, auth), action)

            assert isinstance(outcome, Unavailable)
            assert (outcome.rule.code, outcome.maybe_applied) == ("unreachable", False)


@pytest.mark.parametrize("action", WRITES)
@pytest.mark.parametrize("name", ["silence", "reset_after_request", "close_after_request", "html_200", "drip_body"])
def test_a_write_that_may_have_arrived_is_in_doubt(name: str, action: str, fault_server: FaultServer) -> None:
    outcome = send(at(fault_server.url(name), "headers"), action)

    assert isinstance(outcome, Unavailable)
    assert outcome.maybe_applied


@pytest.mark.parametrize("action", OTHERS)
@pytest.mark.parametrize("name", ["silence", "reset_after_request", "html_200"])
def test_what_changes_nothing_is_never_in_doubt(name: str, action: str, fault_server: FaultServer) -> None:
    outcome = send(at(fault_server.url(name), "headers"), action)

    assert isinstance(outcome, Unavailable)
    assert not outcome.maybe_applied


def test_a_limit_says_when_to_try_again(fault_server: FaultServer) -> None:
    outcome = send(at(fault_server.url("retry_after=120"), "headers"), "settings")

    assert isinstance(outcome, RateLimited)
    assert outcome.retry_after_s == 120


def test_no_credential_follows_a_redirect(fault_server: FaultServer) -> None:
    for auth in ("headers", "token"):
        send(at(fault_server.url("redirect"), auth), "settings")

    assert fault_server.arrived_at("elsewhere") == []
