"""Every page that can simply be opened, by what it shows."""

from __future__ import annotations

from dashboard.models import ApiCall, Customer, LinkedAccount
from providers.attention import Attention

from .accounts import (
    FEED_CONNECTION,
    PLAIN_INSTITUTION,
    PLAIN_RECORD,
    account_at,
    account_with_id,
    healthy_link,
    path_of,
)

NOWHERE = "/linked-accounts/00000000-0000-0000-0000-000000000000/"


def still_pages() -> dict[str, tuple[str, str]]:
    """Return role and address of every page that can simply be opened, by what it shows."""
    account = account_at(PLAIN_INSTITUTION, status="invalid")
    customer = Customer.objects.filter(linked_accounts=account).get()
    pages = {
        "sign-in": ("", "/account/login/"),
        "list": ("agent", "/linked-accounts/"),
        "list, filtered": ("agent", "/linked-accounts/?attention=needs_code"),
        "list, grouped": ("agent", "/linked-accounts/?q=example.org"),
        "list, empty": ("agent", "/linked-accounts/?q=nobody-at-all&attention=needs_code"),
        "new account": ("agent", "/linked-accounts/new/"),
        "call as code": ("agent", f"/calls/{ApiCall.objects.latest('at').pk}/code/"),
        "customers": ("agent", "/customers/"),
        "customer": ("agent", f"/customers/{customer.pk}/"),
        "customer, edit": ("agent", f"/customers/{customer.pk}/edit/"),
        "customer, new": ("agent", "/customers/new/"),
        "customer, erase": ("admin", f"/customers/{customer.pk}/erase/"),
        "audit log": ("auditor", "/audit/"),
        "audit entry": ("auditor", "/audit/1/"),
        "password": ("agent", "/account/password/"),
        "sign-out": ("agent", "/account/logout/"),
        "not allowed": ("viewer", "/audit/"),
        "not found": ("agent", NOWHERE),
    }
    for attention in Attention:
        if found := LinkedAccount.objects.filter(attention=attention).order_by("remote_id").first():
            pages[f"link, {attention.value}"] = ("agent", path_of(found))
    for tab in ("settings", "calls", "history"):
        pages[f"link, {tab}"] = ("agent", f"{path_of(account)}?tab={tab}")
    others = {"link": healthy_link(), "connection": account_with_id("flxpoint", FEED_CONNECTION)}
    others["record"] = account_with_id("linkar", PLAIN_RECORD)
    for noun, other in others.items():
        for tab in ("overview", "settings", "history"):
            pages[f"{noun} of {other.integration}, {tab}"] = ("agent", f"{path_of(other)}?tab={tab}")
    pages["link, as viewer"] = ("viewer", path_of(account))
    return pages
