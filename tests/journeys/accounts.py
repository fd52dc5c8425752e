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


# -- the other providers: each account by what its emulator keeps for it

# Flxpoint's own sample of a file feed: every kind of config is in it. Its secrets come in clear.
FEED_CONNECTION = "48377"
# A shop whose secrets come as asterisks.
SHOP_CONNECTION = "48213"
# Changed by somebody else between our reading and our writing.
RACED_RECORD = "apidemo/ACCOUNTS/RACE%2A1"
PLAIN_RECORD = "apidemo/ACCOUNTS/AC%2A1006"


def account_with_id(integration: str, remote_id: str) -> LinkedAccount:
    return LinkedAccount.objects.select_related("customer").get(integration=integration, remote_id=remote_id)


def healthy_link() -> LinkedAccount:
    """Return a healthy MoneyKit link with a webhook and tags, of a customer who is known."""
    found = LinkedAccount.objects.filter(integration="moneykit", status="connected", gone_at=None)
    links = found.exclude(customer=None).exclude(body__webhook=None).select_related("customer").order_by("remote_id")
    return next(link for link in links if not _is_special(link))


def link_of_one_customer() -> LinkedAccount:
    """Return a MoneyKit link of a customer who has no other account anywhere."""
    alone = Customer.objects.annotate(links=Count("linked_accounts")).filter(links=1)
    links = LinkedAccount.objects.filter(integration="moneykit", customer__in=alone, gone_at=None)
    account = links.select_related("customer").order_by("remote_id").first()
    assert account, "The demo world has no MoneyKit link of a customer with one account."
    return account


def link_tagged(tag: str) -> LinkedAccount:
    """Return the MoneyKit link with that tag. Not every link has a list of tags."""
    links = LinkedAccount.objects.filter(integration="moneykit").order_by("remote_id")
    return next(link for link in links if tag in (link.body["link_tags"] or ()))


def _is_special(link: LinkedAccount) -> bool:
    return any(tag.startswith(("case:", "odd:")) for tag in link.body["link_tags"] or ())


def begin(page: Page, label: str) -> Locator:
    """Return the button that begins an action: beside the diagnosis, or on the tab that is open."""
    return page.locator("#diagnosis, #account-tab").get_by_role("button", name=label, exact=True).first


def plan_table(page: Page) -> Locator:
    return panel(page).locator("#operation-plan table.diff")


def input_of(page: Page, name: str) -> Locator:
    """Return the input of a provider's field by the remote's own name for it."""
    return panel(page).locator(f"[name='field-{name}']")
