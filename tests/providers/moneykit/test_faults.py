"""MoneyKit over a wire that breaks: the contract, and what an access token adds to it."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from providers.moneykit.provider import MoneyKit
from providers.outcomes import Ok, RateLimited
from providers.plan import Plan

from ..contract import Impatient
from ..fault_contract import DEADLINE_S, FAULT_NAMES, FaultContract
from ..faults import FaultServer
from . import test_contract
from .support import link, moneykit

TYPED = {"webhook": "https://hooks.example/new"}


class TestMoneyKitFaults(FaultContract):
    contract = test_contract.TestMoneyKitContract
    without_sign_in: ClassVar = {"AUTH": "headers"}


def at(url: str, auth: str) -> MoneyKit:
    provider = moneykit(url, auth=auth, read_retries=0)
    provider.session = Impatient(provider.session, DEADLINE_S)
    return provider


def send(provider: MoneyKit) -> Any:
    plan = provider.plan_update("settings", link(), TYPED, frozenset(), None)
    assert isinstance(plan, Plan)
    return provider.send(plan, {}, {})


@pytest.mark.parametrize("name", FAULT_NAMES)
def test_without_a_token_no_write_is_in_doubt(name: str, fault_server: FaultServer) -> None:
    outcome = send(at(fault_server.url(name), "token"))

    assert not isinstance(outcome, Ok)
    assert not getattr(outcome, "maybe_applied", False)
    assert {arrived.path for arrived in fault_server.arrived_at(name)} <= {"/auth/token"}


def test_a_limit_says_when_to_try_again(fault_server: FaultServer) -> None:
    outcome = send(at(fault_server.url("retry_after=120"), "headers"))

    assert isinstance(outcome, RateLimited)
    assert outcome.retry_after_s == 120


def test_no_credential_follows_a_redirect_to_a_token(fault_server: FaultServer) -> None:
    send(at(fault_server.url("redirect"), "token"))

    assert fault_server.arrived_at("elsewhere") == []
