"""A provider that turned us away is asked nothing for a while: list and detail say so, and until when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from dashboard.models import LinkedAccount
from dashboard.ratelimit import LONGEST_QUEUE_S, SharedLimiter
from dashboard.services.pauses import pauses
from dashboard.status import exact
from providers.belvo.client import RATE

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
    [found] = pauses()

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


def test_a_view_of_another_provider_is_not_troubled(account: LinkedAccount) -> None:
    pause()

    assert [found.integration for found in pauses("belvo")] == ["belvo"]
    assert pauses("linkar") == []


@pytest.mark.django_db
def test_a_busy_gate_is_no_pause() -> None:
    limiter = SharedLimiter()
    while limiter.reserve("belvo", RATE, max_wait_s=10.0) is not None:
        pass

    assert pauses() == []


@pytest.mark.django_db
def test_the_last_seconds_of_a_pause_are_not_worth_a_notice() -> None:
    pause(LONGEST_QUEUE_S - 15)

    assert pauses() == []


def _poll_of(response: Any) -> str:
    address: str = response.context["poll_address"]
    return address
