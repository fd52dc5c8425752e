"""The list with 10,000 links: at most 8 queries a page, whatever is asked of it, and the record of a search besides."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dashboard.models import Customer, LinkedAccount, RemoteSchema, User
from providers.attention import Attention
from tests.dashboard.pages import besides_the_look

LINKS = 10_000
MOST_QUERIES = 8
QUERIES = (
    "",
    "attention=needs_password",
    "attention=healthy&institution=bank_3",
    "fresh=stale",
    "ended=on",
    "sort=customer",
    "sort=-success",
    "q=customer number 77",
    "q=link-0000001",
    "q=example.org",
    "q=nothing like this&attention=needs_code",
    "integration=belvo&institution=bank_7&attention=needs_code&q=customer",
)


@pytest.fixture
def agent(client: Client, staff: dict[str, User], ten_thousand: None) -> Iterator[Client]:
    client.force_login(staff["agent"])
    return client


@pytest.fixture
def ten_thousand(db: None) -> None:
    now = timezone.now()
    customers = Customer.objects.bulk_create(
        [Customer(reference=f"cust-{n}", name=f"Customer number {n}", email=f"c{n}@example.org") for n in range(2_000)]
    )
    RemoteSchema.objects.bulk_create(
        [
            RemoteSchema(integration="belvo", key=f"bank_{n}", title=f"Bank {n}", digest="d", fetched_at=now)
            for n in range(20)
        ]
    )
    kinds = list(Attention)
    LinkedAccount.objects.bulk_create(
        [
            LinkedAccount(
                integration="belvo",
                provider="belvo",
                remote_id=f"link-{n:07}",
                customer=customers[n % len(customers)],
                external_id=f"cust-{n % len(customers)}",
                title=f"Bank {n % 20}",
                schema_key=f"bank_{n % 20}",
                status="valid",
                attention=kinds[n % len(kinds)],
                tags=["vip"] if n % 9 == 0 else [],
                digest="d",
                checked_at=now - timedelta(hours=n % 200),
                last_success_at=now - timedelta(hours=n % 999),
                changed_at=now - timedelta(seconds=n),
                gone_at=now if n % 50 == 0 else None,
                search_text=f"customer number {n % len(customers)} c{n}@example.org link-{n:07} bank {n % 20}",
            )
            for n in range(LINKS)
        ],
        batch_size=1_000,
    )


def test_every_view_of_the_list_takes_few_queries(agent: Client) -> None:
    page = agent.get("/linked-accounts/").content.decode()
    # With an address of its own for the next page and for the rows that poll.
    following = page.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    live = page.split('data-poll="rows" hx-get="')[1].split('"')[0].replace("&amp;", "&")
    addresses = [f"/linked-accounts/?{query}" for query in QUERIES] + [following]

    counted = {}
    for address in addresses:
        counted[address] = queries_of(agent, address)
    counted[live] = queries_of(agent, live, HTTP_HX_REQUEST="true", HTTP_HX_REQUEST_TYPE="partial")

    assert {address: count for address, count in counted.items() if count > MOST_QUERIES} == {}


def queries_of(client: Client, address: str, **headers: str) -> int:
    client.get(address, **headers)  # type: ignore[arg-type] # a search is put on record once
    with CaptureQueriesContext(connection) as taken:
        answer = client.get(address, **headers)  # type: ignore[arg-type]
    # A single hit opens directly; rows that did not change are not sent again.
    assert answer.status_code in (200, 204, 302), address
    return len(besides_the_look(taken))
