"""What the clients change: each marker reaches its remote, and can be found there again, where the remote takes one."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from dashboard.models import Customer, LinkedAccount
from tests import people
from tests.emulator import Emulator
from tests.journeys.accounts import FEED_CONNECTION

from .client import Client
from .sent import Kind

ROOMS = ("heimdall_mx_retail", "heimdall_co_retail")
# They take any password of letters and digits, at once, and want nothing more.
PLAIN = ("erebor_mx_retail", "erebor_br_retail", "erebor_co_retail")
REFRESHED = ("shelob_mx_retail", "gondor_co_retail")
CHOICES = ("viewer", "auditor", "approver")
CLERKS = 6


def _webhook(link: Any, marker: str) -> dict[str, str]:
    # On the host that it has: another one would take a second person.
    parts = urlsplit(link.body["webhook"])
    return {"webhook": f"{parts.scheme}://{parts.netloc}/{marker}"}


def _customer(customer: Any, marker: str) -> dict[str, str]:
    return {"reference": customer.reference, "name": marker, "email": customer.email}


def _roles(person: Any, marker: str) -> dict[str, str]:
    return {"roles": CHOICES[int(marker[-6:], 16) % len(CHOICES)]}


KINDS = (
    Kind("customer", Client.change_customer, values=_customer, weight=12),
    Kind("webhook", Client.change, "settings", _webhook, weight=18),
    Kind("tags", Client.change, "settings", lambda link, marker: {"link_tags": f"env:sandbox\n{marker}"}, weight=10),
    Kind("credentials", Client.change, "credentials", lambda link, marker: {"password": marker}, weight=12),
    Kind("record", Client.change, "edit", lambda record, marker: {"NAME": marker}, weight=14),
    # Two requests a second is all that Flxpoint takes.
    Kind("config", Client.change, "configs", lambda feed, marker: {"remote_path": f"/{marker}.csv"}, weight=1),
    Kind("code", Client.relay, "credentials", lambda link, marker: {"password": marker}, weight=4),
    Kind("refresh", Client.change, "refresh", lambda link, marker: {"may_be_billed": "on"}, weight=2),
    Kind("delete", Client.delete, "delete", weight=3, used_up=True),
    Kind("roles", Client.change_roles, values=_roles, weight=4),
)


def subjects(remote: Emulator) -> dict[str, tuple[Kind, list[Any]]]:
    """Return what each kind may be tried on; no account is tried by two kinds."""
    links = LinkedAccount.objects.filter(gone_at=None).order_by("remote_id")
    ordinary = [link.id for link in remote.moneykit.world.links.values() if not link.case]
    connected = links.filter(integration="moneykit", remote_id__in=ordinary, status="connected")
    told, untold = [[each for each in connected if bool(each.body["webhook"]) is has] for has in (True, False)]
    banks = links.filter(integration="belvo").exclude(external_id__startswith="case-").exclude(status="unconfirmed")
    refreshed = banks.filter(schema_key__in=REFRESHED, status="valid", body__credentials_storage="store")
    others = banks.exclude(schema_key__in=(*ROOMS, *PLAIN, *REFRESHED))
    broken = links.filter(integration="moneykit", remote_id__in=ordinary, status="error")
    found: dict[str, list[Any]] = {
        "customer": list(Customer.objects.order_by("reference")[:40]),
        "webhook": told[4::2],
        "tags": told[5::2] + untold,
        "credentials": list(banks.filter(schema_key__in=PLAIN, status__in=("valid", "invalid"))),
        "record": list(
            links.filter(integration="linkar", remote_id__startswith="apidemo/ACCOUNTS/AC", attention="healthy")
        ),
        "config": list(links.filter(integration="flxpoint", remote_id=FEED_CONNECTION)),
        "code": list(banks.filter(schema_key__in=ROOMS)),
        "refresh": [*refreshed, *told[:4]],
        "delete": [*broken, *others],
        "roles": [people.member("viewer", email=f"clerk-{n}@desk.example") for n in range(CLERKS)],
    }
    assert all(found.values()), {name: len(some) for name, some in found.items()}
    return {kind.name: (kind, found[kind.name]) for kind in KINDS}
