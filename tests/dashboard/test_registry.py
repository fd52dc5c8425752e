"""Where settings meet providers: which integrations there are, and how every call goes on record."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction

from dashboard import registry
from dashboard.models import ApiCall, LinkedAccount, RateGate
from dashboard.registry import UnknownIntegration, provider_for, pure, request_id_key, rule_named
from providers.belvo.provider import Belvo
from providers.http import Exchange
from providers.outcomes import Gone, Ok

from . import factories as make


def exchange(**columns: Any) -> Exchange:
    return Exchange(
        **{
            "method": "GET",
            "path_template": "/api/links/{id}/",
            "path": "/api/links/1/",
            "status": 200,
            "duration_ms": 12,
            "request_id": "",
            "request_body": "",
            "response_body": "",
            **columns,
        }
    )


def test_integrations_come_from_the_settings(belvo: Any) -> None:
    assert list(registry.integrations()) == ["belvo"]
    assert registry.provider_class_of("belvo") is Belvo


def test_an_integration_that_is_not_configured_is_named(belvo: Any) -> None:
    for ask in (provider_for, pure, registry.provider_class_of):
        with pytest.raises(UnknownIntegration, match="“erp”"):
            ask("erp")


def test_a_provider_speaks_to_its_remote_and_is_held_by_the_shared_gate(belvo: Any) -> None:
    assert isinstance(provider_for("belvo").check(), Ok)
    assert RateGate.objects.get().full_at > 0


def test_a_pure_provider_cannot_reach_the_network(belvo: Any) -> None:
    with pytest.raises(RuntimeError, match="network"):
        pure("belvo").fetch("anything")


def test_a_call_is_on_record_under_its_account(belvo: Any) -> None:
    make.synced()
    account = LinkedAccount.objects.all()[0]

    provider_for("belvo", account=account).fetch(account.remote_id)

    call = ApiCall.objects.get(account=account)
    assert (call.method, call.path_template, call.status) == ("GET", "/api/links/{id}/", 200)
    assert call.path.endswith(f"/links/{account.remote_id}/")
    assert call.operation is None


def test_a_failed_call_is_found_by_its_request_id_however_it_was_copied(belvo: Any) -> None:
    gone = provider_for("belvo").fetch("00000000-0000-4000-8000-000000000000")
    assert isinstance(gone, Gone)
    copied = gone.evidence.request_id.upper()

    assert ApiCall.objects.filter(request_id_key=request_id_key(f"  {copied[:8]}-{copied[8:]} ")).count() == 1


def test_bodies_are_cut_and_say_so(belvo: Any) -> None:
    record = registry._recorder("belvo", None, None)

    record(exchange(response_body="é" * 20_000, request_body="x" * 100, status=502))

    call = ApiCall.objects.get()
    assert len(call.response_body.encode()) <= 16_384
    assert call.response_body.endswith("… (cut, 40000 bytes in all)")
    assert call.request_body == "x" * 100


def test_hostile_values_are_recorded_as_far_as_they_can_be(belvo: Any) -> None:
    record = registry._recorder("belvo", None, None)

    record(exchange(path="/" + "p" * 5_000, request_id="r\x00\ud800" * 500, response_body="\x00\ud800", status=None))

    call = ApiCall.objects.get()
    assert len(call.path) == 2000
    assert len(call.request_id) == 128
    assert call.response_body == "\ufffd?"


def test_a_call_that_cannot_be_recorded_does_not_lose_the_answer(belvo: Any, caplog: Any) -> None:
    account = LinkedAccount(integration="belvo", remote_id="never saved")
    record = registry._recorder("belvo", account, None)

    record(exchange(duration_ms=None))  # type: ignore[arg-type]

    assert "api_call_not_recorded" in caplog.text


def test_a_call_stays_on_record_whatever_is_rolled_back_later(belvo: Any) -> None:
    provider_for("belvo").check()

    with pytest.raises(RuntimeError), transaction.atomic():
        LinkedAccount.objects.create(integration="belvo", remote_id="x", digest="x")
        raise RuntimeError

    assert ApiCall.objects.count() == 1


def test_rules_are_found_by_our_code(belvo: Any) -> None:
    assert rule_named("belvo", "no_answer") is not None
    assert rule_named("belvo", "made_up") is None
    assert rule_named("erp", "no_answer") is not None
