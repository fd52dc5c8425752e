"""The customer's page: opened by a signed address, once, for a short time, with nothing on it but the institution."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from dashboard.models import AuditEntry, LinkedAccount, Operation
from dashboard.models.operation import State
from dashboard.services import handovers, operations, rooms, sync
from providers.config import read_configuration
from providers.moneykit.codes import label_of
from tests import people
from tests.canary import database_as_bytes, places_with

from . import factories as make
from .pages import applied, client_of, opened, words

# In this order: each takes from the one before.
LAUNCHED = ["handover", "moneykit-connect-0.3.28.min", "connect"]
BROKEN = {"status": "error", "attention": "needs_reconnect"}


@pytest.fixture
def moneykit(remote: Any, settings: Any) -> Any:
    settings.INTEGRATIONS = read_configuration({**remote.environment, "INTEGRATIONS": "moneykit"})
    assert sync.run("moneykit").result == "complete"
    return remote.sandboxes["moneykit"]


@pytest.fixture
def account(moneykit: Any) -> LinkedAccount:
    plain = [link.id for link in moneykit.world.links.values() if not link.case]
    return LinkedAccount.objects.filter(remote_id__in=plain, **BROKEN).order_by("remote_id")[0]


@pytest.fixture
def operation(account: LinkedAccount) -> Operation:
    desk = client_of(make.agent())
    draft = opened(desk, account, "repair_link")
    applied(desk, draft)
    return make.settled(draft)


@pytest.fixture
def address(operation: Operation) -> str:
    return f"/repair/{handovers.key_of(operation)}/"


@pytest.fixture
def customer() -> Client:
    return Client()


def session_in(response: Any) -> str:
    found = re.search(r'data-session="([^"]+)"', response.content.decode())
    return found[1] if found else ""


def test_the_agent_gets_an_address_of_ours_and_never_the_session(operation: Operation, moneykit: Any) -> None:
    assert operation.actor is not None
    response = client_of(operation.actor).get(f"/operations/{operation.pk}/")

    html = response.content.decode()
    assert f"http://testserver/repair/{handovers.key_of(operation)}/" in html
    assert next(iter(moneykit.sessions)) not in html


def test_a_colleague_does_not_see_the_address(operation: Operation) -> None:
    colleague = client_of(people.member("agent", email="bruno@desk.example"))

    assert "/repair/" not in colleague.get(f"/operations/{operation.pk}/").content.decode()


def test_looking_at_the_page_uses_nothing_up_and_shows_nothing_of_ours(
    operation: Operation, address: str, customer: Client, moneykit: Any
) -> None:
    for _ in range(3):
        response = customer.get(address)
        assert response.status_code == 200

    html, account = response.content.decode(), operation.account
    hidden = [
        operation.actor_text, "desk.example", "Linkdesk", account.remote_id, account.external_id, str(account.pk),
        *moneykit.sessions,
    ]  # fmt: skip
    assert [text for text in hidden if text and text in html] == []
    assert "You are asked to sign in at" in words(response) and not session_in(response)
    assert handovers.find(handovers.key_of(operation)).standing == "open"  # type: ignore[union-attr]


def test_a_healthy_link_is_not_said_to_have_ended_and_what_is_added_is_named(moneykit: Any, customer: Client) -> None:
    link = next(each for each in moneykit.world.links.values() if not each.case and each.state == "connected")
    offered = link.body["available_products"]
    assert offered
    desk, account = client_of(make.agent()), LinkedAccount.objects.get(remote_id=link.id)
    draft = opened(desk, account, "repair_link")
    applied(desk, draft, add_products=offered)

    page = words(customer.get(f"/repair/{handovers.key_of(make.settled(draft))}/"))

    assert f"once more, and to share more than before: {', '.join(map(label_of, offered))}." in page
    assert "ended" not in page and "Reconnect" not in page


def test_nobody_keeps_lists_or_frames_the_page(address: str, customer: Client) -> None:
    for response in (customer.get(address), customer.post(address), customer.post(address)):
        assert "no-store" in response["Cache-Control"]
        assert "noindex" in response["X-Robots-Tag"]
        assert response["X-Frame-Options"] == "DENY"
        assert "frame-ancestors 'none'" in response["Content-Security-Policy"]


def test_only_the_page_that_opens_the_provider_may_frame_it(address: str, customer: Client, remote: Any) -> None:
    before, opening = customer.get(address), customer.post(address)
    after = customer.get(address)

    assert f"frame-src {remote.url}" in opening["Content-Security-Policy"]
    assert re.findall(r'src="[^"]*/([\w.-]+)\.js"', opening.content.decode()) == LAUNCHED
    assert all("<script" not in each.content.decode() for each in (before, after))
    assert all("frame-src" not in each["Content-Security-Policy"] for each in (before, after))
    assert opening["Cross-Origin-Opener-Policy"] == "same-origin-allow-popups"
    assert before["Cross-Origin-Opener-Policy"] == "same-origin"


def test_without_a_setting_the_frame_is_the_documented_host(settings: Any) -> None:
    environment = {"INTEGRATIONS": "moneykit", "MONEYKIT_CLIENT_ID": "a", "MONEYKIT_CLIENT_SECRET": "b"}
    settings.INTEGRATIONS = read_configuration(environment)

    assert handovers.launcher_at("moneykit").origin == "https://connect.moneykit.com"  # type: ignore[union-attr]


def test_the_button_opens_it_exactly_once(operation: Operation, address: str, customer: Client, moneykit: Any) -> None:
    first, second, look = customer.post(address), customer.post(address), customer.get(address)

    assert session_in(first) in moneykit.sessions
    assert (second.status_code, look.status_code) == (410, 410)
    assert "used already" in words(second) and "used already" in words(look)
    assert not session_in(second) and not session_in(look)
    operation.refresh_from_db()
    assert operation.state == State.DONE and operation.sealed is None and operation.sealed_until is None


def test_of_two_at_the_same_time_one_gets_it(operation: Operation) -> None:
    one, other = (handovers.find(handovers.key_of(operation)) for _ in range(2))
    assert one and other

    assert [bool(handovers.use(invitation)) for invitation in (one, other)] == [True, False]
    assert AuditEntry.objects.filter(action="handover.used").count() == 1


def test_the_agent_sees_that_it_was_opened(operation: Operation, address: str, customer: Client) -> None:
    customer.post(address)

    assert operation.actor is not None
    desk = client_of(operation.actor)
    assert "The customer has opened it" in words(desk.get(f"/operations/{operation.pk}/"))
    assert "opened the repair link" in words(desk.get(f"/linked-accounts/{operation.account_id}/?tab=history"))


def test_an_expired_link_says_so_before_and_after_it_is_wiped(address: str, customer: Client) -> None:
    with time_machine.travel(timezone.now() + timedelta(minutes=30, seconds=1)):
        unwiped, opening = customer.get(address), customer.post(address)
        rooms.expire_rooms()
        wiped = customer.get(address)

    for response in (unwiped, opening, wiped):
        assert response.status_code == 410
        assert "This link has expired" in words(response) and not session_in(response)


@pytest.mark.parametrize("key", ["x", "0" * 32, "0" * 32 + ".aaaa", "…", "a" * 3000])
def test_an_address_that_is_not_ours_opens_nothing(db: None, customer: Client, key: str) -> None:
    for response in (customer.get(f"/repair/{key}/"), customer.post(f"/repair/{key}/")):
        assert response.status_code == 404
        assert "not complete" in words(response)


def test_the_signed_id_of_another_operation_opens_nothing(customer: Client, account: LinkedAccount) -> None:
    draft = make.draft(account, make.agent(), "settings")

    assert customer.post(f"/repair/{handovers.key_of(draft)}/").status_code == 404


def test_an_address_of_the_provider_has_no_page_of_ours(belvo: Any, customer: Client) -> None:
    make.synced()
    ana = make.agent()
    done = make.settled(make.started(make.account_at(make.PLAIN, status="valid"), ana, action="repair_link"))

    assert customer.get(f"/repair/{handovers.key_of(done)}/").status_code == 410
    assert operations.handover_of(done) is not None


def test_a_form_without_our_cookie_is_told_to_customers_in_their_words(address: str) -> None:
    response = Client(enforce_csrf_checks=True).post(address)

    assert response.status_code == 403
    assert "The link is still good" in words(response) and "Linkdesk" not in words(response)


def test_it_is_on_record_without_secrets(operation: Operation, address: str, customer: Client) -> None:
    session = session_in(customer.post(address))

    entry = AuditEntry.objects.get(action="handover.used")
    assert (entry.kind, entry.result, entry.operation_id) == ("event", "done", str(operation.pk))
    assert entry.actor == "The customer, by the link"
    assert json.loads(entry.body)["action"] == "repair_link"
    assert session and places_with([session], database_as_bytes()) == []


def test_what_cannot_be_put_on_record_is_not_opened(address: str, customer: Client, settings: Any) -> None:
    keys, settings.AUDIT_KEYS = settings.AUDIT_KEYS, []
    refused = customer.post(address)
    settings.AUDIT_KEYS = keys

    assert refused.status_code == 503 and "still good" in words(refused) and not session_in(refused)
    assert session_in(customer.post(address))


def test_the_customer_finishes_and_the_account_is_connected(
    operation: Operation, address: str, customer: Client, moneykit: Any
) -> None:
    moneykit.control("finish", {"token": session_in(customer.post(address))})

    sync.run("moneykit")

    operation.account.refresh_from_db()
    assert (operation.account.status, operation.account.attention) == ("connected", "healthy")


def test_the_way_back_frames_the_provider_and_knows_no_session(moneykit: Any, remote: Any, customer: Client) -> None:
    response = customer.get("/repair/return/moneykit/?code=abc&state=def")

    assert response.status_code == 200 and not session_in(response)
    assert f"frame-src {remote.url}" in response["Content-Security-Policy"]
    assert response["Cross-Origin-Opener-Policy"] == "unsafe-none"
    assert customer.get("/repair/return/nobody/").status_code == 404
    assert customer.post("/repair/return/moneykit/").status_code == 405
