"""The links that the journeys are about, by the institution that gives them their character."""

from __future__ import annotations

from django.db.models import Count
from playwright.sync_api import Locator, Page, expect

from dashboard.models import Customer, LinkedAccount

GOOD_CODE = "111111"
WRONG_CODE = "333333"
# Asks for a number from a token device, whatever the password.
CODE_INSTITUTION = "heimdall_mx_retail"
# Takes any password and asks for nothing more.
PLAIN_INSTITUTION = "erebor_mx_retail"


def account_at(institution: str, *, status: str) -> LinkedAccount:
    """Return a link of a customer who has no other one."""
    alone = Customer.objects.annotate(links=Count("linked_accounts")).filter(links=1)
    found = LinkedAccount.objects.filter(schema_key=institution, status=status, gone_at=None, customer__in=alone)
    account = found.select_related("customer").order_by("remote_id").first()
    assert account, f"The demo world has no {status} link of a customer with one link at {institution}."
    return account


def path_of(account: LinkedAccount) -> str:
    return f"/linked-accounts/{account.pk}/"


def panel(page: Page) -> Locator:
    return page.locator("#operation-panel")


def badge(page: Page) -> Locator:
    """Return the badge in the header of a detail page."""
    return page.locator("#account-header .badge")


def password_field(page: Page) -> Locator:
    # Its label is the institution's own word.
    return panel(page).locator("input[name='field-password']")


def code_field(page: Page) -> Locator:
    return panel(page).locator("input[autocomplete='one-time-code']")


def apply_button(page: Page) -> Locator:
    return panel(page).get_by_role("button", name="Apply")


def open_room(page: Page, password: str = "new_password") -> None:
    """From a detail page of a link whose institution asks for a code: go as far as the room."""
    primary_button(page).click()
    password_field(page).fill(password)
    expect(apply_button(page)).to_be_enabled()
    apply_button(page).click()
    expect(code_field(page)).to_be_visible()


def primary_button(page: Page) -> Locator:
    return page.locator("#diagnosis .btn.primary")
