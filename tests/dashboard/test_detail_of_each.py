"""The page of an account at each provider: where actions stand, what helps first, what is known and from when."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from dashboard.models import LinkedAccount
from tests.emulator import Emulator

from . import factories as make
from .pages import HTMX, client_of, words

EDITS = {"belvo": "settings", "moneykit": "settings", "flxpoint": "configs", "linkar": "edit"}


@pytest.fixture
def desk(remote: Emulator) -> Client:
    return client_of(make.agent())


def account(integration: str, attention: str = "healthy", **columns: Any) -> LinkedAccount:
    """Mirror what the emulator lists, without waiting for our own limits; return one of them."""
    make.listed(integration)
    found = LinkedAccount.objects.filter(integration=integration, attention=attention, **columns)
    return found.order_by("remote_id")[0]


def page(desk: Client, account: LinkedAccount, tab: str = "") -> Any:
    return desk.get(f"/linked-accounts/{account.pk}/?tab={tab}")


def tab_of(response: Any) -> str:
    return str(response.content.decode().partition('id="account-tab"')[2].partition('id="account-rail"')[0])


def buttons(response: Any) -> list[str]:
    """Return the buttons of the diagnosis in their order, the primary one first."""
    diagnosis = response.content.decode().partition('id="diagnosis"')[2].partition("</section>")[0]
    found = re.findall(r'<button class="btn ?(primary)?">.*?</svg>([^<]+)', diagnosis)
    return [word for _, word in sorted(found, key=lambda pair: pair[0] != "primary")]


@pytest.mark.parametrize("integration", EDITS)
def test_what_is_set_stands_under_settings_and_nowhere_else(desk: Client, integration: str) -> None:
    found = account(integration)
    button = f"/operations/{EDITS[integration]}/"

    assert button in tab_of(page(desk, found, "settings"))
    assert button not in tab_of(page(desk, found))


def test_credentials_stand_in_the_overview(desk: Client) -> None:
    found = account("belvo", "needs_password")

    assert "/operations/credentials/" in tab_of(page(desk, found))
    assert "/operations/credentials/" not in tab_of(page(desk, found, "settings"))


@pytest.mark.parametrize(
    ("integration", "attention", "expected"),
    [
        ("belvo", "healthy", ["Refresh", "Update credentials", "Check now"]),
        ("moneykit", "healthy", ["Refresh", "Send repair link", "Check now"]),
        ("flxpoint", "healthy", ["Check now", "Edit configs"]),
        ("linkar", "healthy", ["Check now", "Edit record"]),
        ("flxpoint", "incomplete", ["Edit configs", "New connection like this", "Check now"]),
        ("linkar", "incomplete", ["Edit record", "Look up calculated values", "Check now"]),
    ],
)
def test_reading_again_is_always_there_and_first_where_nothing_helps_more(
    desk: Client, integration: str, attention: str, expected: list[str]
) -> None:
    columns = {"schema_key": make.PLAIN} if integration == "belvo" else {}

    assert buttons(page(desk, account(integration, attention, **columns))) == expected


@pytest.mark.parametrize(
    ("integration", "said"),
    [
        ("belvo", r"Last success (\d+ \w+ ago|just now|\d+ \w+ \d+) Status at Belvo valid"),
        ("moneykit", r"Last success (\d+ \w+ ago|just now|\d+ \w+ \d+) Status at MoneyKit connected"),
        ("flxpoint", "Last success not reported by Flxpoint State from its configs, read just now"),
        ("linkar", "Last success not reported by Linkar State from what it holds, read just now"),
    ],
)
def test_the_page_says_from_what_and_when_a_state_is_known(desk: Client, integration: str, said: str) -> None:
    found = account(integration, last_success_at__isnull="not reported" in said)

    assert re.search(said, words(page(desk, found)))


def test_the_list_says_it_too(desk: Client) -> None:
    account("flxpoint")
    account("belvo")

    derived = words(desk.get("/linked-accounts/?integration=flxpoint"))
    told = words(desk.get("/linked-accounts/?integration=belvo&attention=healthy"))

    assert "Healthy from its configs" in derived and "not reported checked just now" in derived
    assert "never" not in derived
    assert "not reported" not in told and " from " not in told


@pytest.mark.parametrize(
    ("integration", "noun"),
    [
        ("belvo", "Link id .* Institution "),
        ("moneykit", "Link id .* Institution "),
        ("flxpoint", "Connection id .* Integration type "),
        ("linkar", "Record id .* File apidemo"),
    ],
)
def test_the_rail_calls_things_by_the_providers_words(desk: Client, integration: str, noun: str) -> None:
    response = desk.get(f"/linked-accounts/{account(integration).pk}/?part=rail", headers=HTMX)

    assert re.search(noun, words(response))


@pytest.mark.parametrize(
    ("integration", "who"), [("flxpoint", "You, by"), ("linkar", "Whoever suspended it"), ("belvo", "The customer")]
)
def test_who_must_act_is_who_can(desk: Client, integration: str, who: str) -> None:
    assert f"Who must act {who}" in words(page(desk, account(integration, "incomplete")))


def test_a_row_without_a_customer_leads_with_the_accounts_own_name(desk: Client) -> None:
    account("flxpoint")

    assert "Acme Supply - inventory feed no customer" in words(
        desk.get("/linked-accounts/?integration=flxpoint&sort=institution")
    )


def test_a_derived_state_claims_no_more_than_it_is_taken_from(desk: Client) -> None:
    assert "Who must act Nobody, as far as its configs can tell." in words(page(desk, account("flxpoint", "healthy")))
