"""The screens of a provider that the dashboard has never heard of: list, detail, form, plan, apply, receipt."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from dashboard.models import ApiCall, Customer, LinkedAccount
from dashboard.models.operation import State
from dashboard.services import sync
from tests.canary import database_as_bytes, places_with
from tests.dashboard import factories as make
from tests.dashboard.pages import HTMX, applied, client_of, opened, typed, words

PIN = "Canary-pin-83kd"


@pytest.fixture
def desk(parcel: Any) -> Client:
    Customer.objects.create(reference="cust-00007", name="Nora Berg", email="nora@mail.example")
    assert sync.run("parcel").result == "complete"
    return client_of(make.agent())


@pytest.fixture
def locker(desk: Client) -> LinkedAccount:
    return LinkedAccount.objects.get(remote_id="locker-7")


def test_the_list_shows_counts_and_finds_its_accounts(desk: Client) -> None:
    found = words(desk.get("/linked-accounts/?q=locker-7", follow=True))

    assert LinkedAccount.objects.filter(integration="parcel").count() == 50
    assert "Station 7" in found and "Nora Berg" in found
    assert "Station 10" in words(desk.get("/linked-accounts/?attention=institution_down"))


def test_the_detail_page_says_what_is_wrong_and_what_is_known(desk: Client, locker: LinkedAccount) -> None:
    fine = words(desk.get(f"/linked-accounts/{locker.pk}/"))
    jammed = words(desk.get(f"/linked-accounts/{LinkedAccount.objects.get(remote_id='locker-10').pk}/"))

    assert "Station 7" in fine and "Nora Berg" in fine and "Change locker" in fine and "Parcel" in fine
    assert "The door is jammed; the courier mends it." in jammed


@pytest.mark.parametrize("tab", ["settings", "calls", "history"])
def test_every_tab_opens(desk: Client, locker: LinkedAccount, tab: str) -> None:
    assert desk.get(f"/linked-accounts/{locker.pk}/?tab={tab}").status_code == 200


def test_a_change_goes_from_the_form_to_the_receipt(desk: Client, locker: LinkedAccount, parcel: Any) -> None:
    draft = opened(desk, locker, "change")
    assert "New PIN" in words(desk.get(f"/operations/{draft.pk}/"))
    plan = words(typed(desk, draft, name="By the door", pin=PIN))
    assert "Station 7" in plan and "By the door" in plan and PIN not in plan

    applied(desk, draft, name="By the door", pin=PIN)

    done = make.settled(draft)
    receipt = desk.get(f"/operations/{draft.pk}/status/", headers=HTMX)
    assert (done.state, done.receipt["verdict"]) == (State.DONE, "verified_healthy")
    assert "Verified healthy" in words(receipt) and "By the door" in words(receipt)
    locker.refresh_from_db()
    assert locker.title == "By the door"
    (effect,) = parcel.effects()
    assert effect["changes"] == {"name": "By the door"} and effect["secrets"]["pin"] == parcel.fingerprint(PIN)


def test_its_secret_stays_nowhere(desk: Client, locker: LinkedAccount) -> None:
    draft = opened(desk, locker, "change")
    applied(desk, draft, name="By the door", pin=PIN)
    make.settled(draft)

    assert places_with([PIN], database_as_bytes()) == []


def test_a_refusal_is_shown_at_its_field(desk: Client, locker: LinkedAccount, parcel: Any) -> None:
    draft = opened(desk, locker, "change")
    applied(desk, draft, name="A name of more than twenty characters")

    make.settled(draft)

    assert "Parcel does not take this name." in words(desk.get(f"/operations/{draft.pk}/"))
    assert parcel.effects() == []


def test_a_call_can_be_copied_as_code(desk: Client, locker: LinkedAccount) -> None:
    draft = opened(desk, locker, "change")
    plan = words(typed(desk, draft, name="By the door"))

    assert "curl" in plan and "PARCEL_KEY" in plan and "parcel-key" not in plan
    assert not ApiCall.objects.filter(request_body__contains="parcel-key").exists()
