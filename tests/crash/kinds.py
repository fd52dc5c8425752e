"""What the clients change: each marker reaches its remote, and can be found there again."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from dashboard.models import Customer, LinkedAccount
from tests.dashboard.factories import PLAIN
from tests.emulator import Emulator
from tests.journeys.accounts import FEED_CONNECTION

from .traffic import Kind


def _webhook(link: Any, marker: str) -> dict[str, str]:
    # On the host that it has: another one would take a second person.
    parts = urlsplit(link.body["webhook"])
    return {"webhook": f"{parts.scheme}://{parts.netloc}/{marker}"}


def _customer(customer: Any, marker: str) -> dict[str, str]:
    return {"reference": customer.reference, "name": marker, "email": customer.email}


KINDS = (
    Kind("customer", "", _customer),
    Kind("webhook", "settings", _webhook, weight=20),
    Kind("credentials", "credentials", lambda link, marker: {"password": marker}, weight=15),
    Kind("record", "edit", lambda record, marker: {"NAME": marker}, weight=10),
    # Two requests a second is all that Flxpoint takes.
    Kind("config", "configs", lambda feed, marker: {"remote_path": f"/{marker}.csv"}, weight=1),
)


def subjects(remote: Emulator) -> dict[str, tuple[Kind, list[Any]]]:
    """Return what each kind may be tried on."""
    links = LinkedAccount.objects.filter(gone_at=None).order_by("remote_id")
    ordinary = [link.id for link in remote.moneykit.world.links.values() if not link.case]
    found: dict[str, list[Any]] = {
        "customer": list(Customer.objects.order_by("reference")[:40]),
        "webhook": [
            link
            for link in links.filter(integration="moneykit", remote_id__in=ordinary, status="connected")
            if link.body["webhook"]
        ],
        "credentials": list(
            links.filter(schema_key=PLAIN, status__in=("valid", "invalid")).exclude(external_id__startswith="case-")
        ),
        "record": list(
            links.filter(integration="linkar", remote_id__startswith="apidemo/ACCOUNTS/AC", attention="healthy")
        ),
        "config": list(links.filter(integration="flxpoint", remote_id=FEED_CONNECTION)),
    }
    assert all(found.values()), {name: len(some) for name, some in found.items()}
    return {kind.name: (kind, found[kind.name]) for kind in KINDS}
