"""A repair link, from the agent's button to the customer's phone and back: a frame in between, no sign-in."""

from __future__ import annotations

import pytest
from playwright.sync_api import FrameLocator, Page, expect

from dashboard.models import LinkedAccount
from dashboard.services import sync

from .accounts import apply_button, badge, panel, path_of, primary_button
from .browser import SignIn, Watch, axe_violations, sideways
from .desk import Desk

# How much the browser keeps for our site: the session, for the way back from an institution, and nothing at the end.
KEPT = "sessionStorage.length + localStorage.length"


def broken_link(desk: Desk) -> LinkedAccount:
    plain = [link.id for link in desk.emulator.sandboxes["moneykit"].world.links.values() if not link.case]  # type: ignore[attr-defined]
    broken = LinkedAccount.objects.filter(provider="moneykit", attention="needs_reconnect", remote_id__in=plain)
    return broken.order_by("remote_id")[0]


def make_link(page: Page) -> str:
    primary_button(page).click()
    expect(apply_button(page)).to_be_enabled()
    apply_button(page).click()
    address = panel(page).locator("#handover-url")
    expect(address).to_be_visible()
    return address.input_value()


def connect_of(customer: Page) -> FrameLocator:
    return customer.frame_locator("iframe[title='MoneyKit Connect']")


def in_connect(desk: Desk, sign_in: SignIn, account: LinkedAccount) -> Page:
    """Return a customer's page with the provider's own screens on it."""
    agent = sign_in("agent", path_of(account))
    customer = sign_in("", make_link(agent).removeprefix(desk.url.rstrip("/")))
    customer.get_by_role("button", name="Continue").click()
    return customer


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_customer_connects_again_on_a_phone(desk: Desk, sign_in: SignIn, watch: Watch, theme: str) -> None:
    watch.expects(410)
    account = broken_link(desk)
    agent = sign_in("agent", path_of(account))
    path = make_link(agent).removeprefix(desk.url.rstrip("/"))
    phone = sign_in("", path, theme=theme, width=360)
    found = {"before": axe_violations(phone)}
    assert sideways(phone) == 0

    phone.get_by_role("button", name="Continue").click()
    connect = connect_of(phone)
    expect(connect.get_by_role("button", name="Sign in at the bank")).to_be_visible()
    assert phone.locator("[data-session]").count() == 0
    connect.get_by_role("button", name="Sign in at the bank").click()
    expect(phone.get_by_role("heading", name="Thank you, that is all")).to_be_focused()
    # The launcher takes its frame away a moment later, and axe speaks to every frame.
    expect(phone.locator("iframe")).to_have_count(0)
    assert phone.evaluate(KEPT) == 0
    found["done"] = axe_violations(phone)

    phone.goto(desk.address(path))
    expect(phone.get_by_role("heading", name="This link was used already")).to_be_visible()
    found["used"] = axe_violations(phone)
    sync.run("moneykit")
    agent.goto(desk.address(path_of(account)))
    expect(badge(agent)).to_contain_text("Healthy")
    assert {name: violations for name, violations in found.items() if violations} == {}


def test_a_bank_that_refuses_and_a_customer_who_leaves_are_told(desk: Desk, sign_in: SignIn) -> None:
    account = broken_link(desk)
    said = {}
    for button, heading in (("Be refused by the bank", "It did not work this time"), ("Leave", "You left before")):
        customer = in_connect(desk, sign_in, account)
        connect_of(customer).get_by_role("button", name=button).click()
        expect(customer.get_by_role("heading", name=heading)).to_be_visible()
        expect(customer.locator("iframe")).to_have_count(0)
        assert customer.evaluate(KEPT) == 0
        said[button] = customer.locator("#words").inner_text()

    assert "The bank refused." in said["Be refused by the bank"]


# -- a bank that lets customers in on its own site only, and leads them back to our page

ENDS = (("Refuse", "It did not work this time"), ("Allow", "Thank you, that is all"))


def test_the_way_back_in_a_window_of_the_banks_own(desk: Desk, sign_in: SignIn) -> None:
    account = broken_link(desk)
    for answer, heading in ENDS:
        customer = in_connect(desk, sign_in, account)
        with customer.expect_popup() as opened:
            connect_of(customer).get_by_role("button", name="in a new window").click()
        bank = opened.value
        bank.get_by_role("link", name=answer).click()

        expect(bank.get_by_role("heading", name="Go on in the other window")).to_be_focused()
        expect(customer.get_by_role("heading", name=heading)).to_be_visible()
        assert customer.evaluate(KEPT) == 0

    sync.run("moneykit")
    account.refresh_from_db()
    assert account.attention == "healthy"


def test_the_way_back_in_the_customers_own_tab(desk: Desk, sign_in: SignIn) -> None:
    account = broken_link(desk)
    for answer, heading in ENDS:
        customer = in_connect(desk, sign_in, account)
        connect_of(customer).get_by_role("button", name="in this tab").click()
        customer.get_by_role("link", name=answer).click()

        expect(customer.get_by_role("heading", name=heading)).to_be_focused()
        assert customer.evaluate(KEPT) == 0

    sync.run("moneykit")
    account.refresh_from_db()
    assert account.attention == "healthy"


def test_who_comes_back_in_another_browser_is_sent_to_the_first(desk: Desk, sign_in: SignIn) -> None:
    stranger = sign_in("", "/repair/return/moneykit/?code=sandbox&state=sandbox")

    expect(stranger.get_by_role("heading", name="Go on in the other window")).to_be_focused()
    assert stranger.locator("iframe").count() == 0
