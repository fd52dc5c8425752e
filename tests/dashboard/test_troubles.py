"""What stands between us and a provider is told on list and detail: a pause with its end, a pass that broke off."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from dashboard import registry
from dashboard.models import LinkedAccount, SyncRun
from dashboard.ratelimit import LONGEST_QUEUE_S, SharedLimiter
from dashboard.services import sync
from dashboard.services.troubles import troubles
from dashboard.status import exact
from providers.belvo.client import RATE
from providers.sandbox_faults import Fault

from . import factories as make
from .pages import HTMX, client_of, words


@pytest.fixture
def account(belvo: Any) -> LinkedAccount:
    make.synced()
    return make.account_at(make.PLAIN, status="invalid")


def pause(for_s: float = 60.0) -> None:
    SharedLimiter().pause("belvo", for_s, RATE)


def test_a_block_by_the_edge_is_told_on_list_and_detail_with_its_end(account: LinkedAccount) -> None:
    ana = make.agent()
    make.repaired(account, ana, password="blocked")
    [found] = troubles()

    told = f"Belvo turned us away for asking too often. Linkdesk sends it nothing until {exact(found.until)}"

    assert timedelta(seconds=50) < found.until - timezone.now() < timedelta(seconds=70)
    assert told in words(client_of(ana).get("/linked-accounts/"))
    assert told in words(client_of(ana).get(f"/linked-accounts/{account.pk}/"))


def test_the_open_list_learns_of_a_pause_and_of_its_end(account: LinkedAccount) -> None:
    desk = client_of(make.agent())
    address = _poll_of(desk.get("/linked-accounts/"))
    pause()

    paused = desk.get(address, headers=HTMX)
    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=90)):
        over = desk.get(_poll_of(paused), headers=HTMX)

    assert "Belvo turned us away" in words(paused)
    assert over.status_code == 200 and "Belvo turned us away" not in words(over)


def test_the_open_detail_learns_of_a_pause(account: LinkedAccount) -> None:
    desk = client_of(make.agent())
    key = desk.get(f"/linked-accounts/{account.pk}/").context["live_key"]
    pause()

    answer = desk.get(f"/linked-accounts/{account.pk}/live/?since={key}", headers=HTMX)

    assert "Belvo turned us away" in words(answer)


def test_a_provider_with_a_gate_of_its_own_pauses_too(remote: Any) -> None:
    remote.sandboxes["flxpoint"].faults.add(
        Fault("answer", method="GET", status=429, body="{}", headers={"Retry-After": "120"})
    )
    registry.provider_for("flxpoint").check()

    [found] = troubles()

    assert (found.integration, found.provider) == ("flxpoint", "Flxpoint")
    assert found.until is not None and found.until - timezone.now() > timedelta(seconds=60)


def test_a_view_of_another_provider_is_not_troubled(account: LinkedAccount) -> None:
    pause()

    assert [found.integration for found in troubles("belvo")] == ["belvo"]
    assert troubles("linkar") == []


def test_a_pass_that_our_keys_could_not_make_is_told_on_list_and_detail(account: LinkedAccount, belvo: Any) -> None:
    desk = client_of(make.agent())
    poll = _poll_of(desk.get("/linked-accounts/"))
    key = desk.get(f"/linked-accounts/{account.pk}/").context["live_key"]
    belvo.faults.add(Fault("answer", method="GET", status=401, body='[{"code": "authentication_failed"}]'))
    failed = sync.run("belvo")
    assert (failed.result, failed.failure["type"]) == ("failed", "denied")

    told = "Belvo could not be read to the end at"
    assert told in words(desk.get(poll, headers=HTMX))
    assert failed.failure["sentence"] in words(desk.get("/linked-accounts/"))
    assert told in words(desk.get(f"/linked-accounts/{account.pk}/live/?since={key}", headers=HTMX))


def test_the_next_whole_pass_ends_it(account: LinkedAccount) -> None:
    SyncRun.objects.create(integration="belvo", result="partial", ended_at=timezone.now(), failure={"sentence": "No."})
    assert [found.failure["sentence"] for found in troubles()] == ["No."]

    make.synced()

    assert troubles() == []


def test_a_pause_says_more_than_the_pass_that_it_broke_off(account: LinkedAccount) -> None:
    SyncRun.objects.create(integration="belvo", result="partial", ended_at=timezone.now(), failure={"sentence": "No."})
    pause()

    [found] = troubles()

    assert found.until is not None and found.failure == {}


@pytest.mark.django_db
def test_a_busy_gate_is_no_pause() -> None:
    limiter = SharedLimiter()
    while limiter.reserve("belvo", RATE, max_wait_s=10.0) is not None:
        pass

    assert troubles() == []


@pytest.mark.django_db
def test_the_last_seconds_of_a_pause_are_not_worth_a_notice() -> None:
    pause(LONGEST_QUEUE_S - 15)

    assert troubles() == []


def _poll_of(response: Any) -> str:
    address: str = response.context["poll_address"]
    return address
