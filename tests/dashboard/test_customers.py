"""Customers over the test client: find, look at, add, change."""

from __future__ import annotations

import json

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from dashboard.models import AuditEntry, Customer, LinkedAccount
from dashboard.services import customers
from dashboard.services.audit import SYSTEM
from tests import people
from tests.dashboard import accounts

pytestmark = pytest.mark.django_db


@pytest.fixture
def agent(client: Client) -> Client:
    client.force_login(people.member("agent"))
    return client


def add(client: Client, **values: str) -> tuple[int, str]:
    response = client.post(reverse("customer-create"), {"reference": "cust-1", "name": "", "email": "", **values})
    return response.status_code, response.content.decode()


# -- adding and changing


def test_a_new_customer_is_matched_with_the_accounts_that_wait(agent: Client) -> None:
    waiting = accounts.account(external_id="cust-1")

    status, _ = add(agent, name="Ana Prado", email="ana@mail.example")

    waiting.refresh_from_db()
    assert status == 302
    assert waiting.customer == Customer.objects.get(reference="cust-1", name="Ana Prado")
    assert "ana prado" in waiting.search_text


def test_a_changed_reference_leaves_the_old_accounts_and_finds_the_new(agent: Client) -> None:
    customer = accounts.customer("Ana", reference="old")
    before, after = accounts.account(customer), accounts.account(external_id="new")

    agent.post(reverse("customer-edit", args=[customer.pk]), {"reference": "new", "name": "Ana", "email": ""})

    assert LinkedAccount.objects.get(pk=before.pk).customer is None
    assert LinkedAccount.objects.get(pk=after.pk).customer == customer


def test_a_reference_taken_is_said_at_the_field_and_nothing_typed_is_lost(agent: Client) -> None:
    accounts.customer("Zoë", reference="cust-1")

    status, html = add(agent, name="Ana Prado", email="ana@mail.example")

    assert status == 409
    assert "This reference belongs to Zoë already." in html
    assert 'aria-invalid="true"' in html
    assert all(f'value="{typed}"' in html for typed in ("cust-1", "Ana Prado", "ana@mail.example"))


def test_an_edit_to_a_taken_reference_changes_nothing(agent: Client) -> None:
    accounts.customer("Zoë", reference="taken")
    customer = accounts.customer("Ana", reference="mine")

    response = agent.post(
        reverse("customer-edit", args=[customer.pk]), {"reference": "taken", "name": "Ana María", "email": ""}
    )

    customer.refresh_from_db()
    assert response.status_code == 409
    assert (customer.reference, customer.name) == ("mine", "Ana")
    assert 'value="Ana María"' in response.content.decode()


@pytest.mark.parametrize(
    "values",
    [
        {"reference": ""},
        {"reference": "\u202e"},
        {"reference": "x" * 10_000},
        {"name": "x" * 10_000},
        {"email": "not an address"},
        {"email": "x" * 10_000 + "@mail.example"},
        {"reference": "a\x00b"},
    ],
)
def test_bad_input_is_said_at_the_field(agent: Client, values: dict[str, str]) -> None:
    status, html = add(agent, **values)

    assert status == 422
    assert "Nothing was saved" in html
    assert not Customer.objects.exists()


def test_marks_that_turn_the_direction_of_text_are_taken_out(agent: Client) -> None:
    add(agent, name="Ana\u202egnp.exe")

    assert Customer.objects.get().name == "Ana gnp.exe"


@pytest.mark.parametrize("name", ["محمد عبد الله", "陳大文", "O'Brien & <Sons>", "می\u200cخواهم"])
def test_names_of_the_world_are_kept(agent: Client, name: str) -> None:
    add(agent, name=name)

    assert Customer.objects.get().name == name


def test_saving_without_a_change_writes_nothing(agent: Client) -> None:
    customer = accounts.customer("Ana", reference="r", email="a@b.example")

    response = agent.post(
        reverse("customer-edit", args=[customer.pk]), {"reference": "r", "name": "Ana", "email": "a@b.example"}
    )

    assert response.status_code == 302
    assert not AuditEntry.objects.filter(action="customer.changed").exists()


# -- on record


def test_adding_and_changing_are_on_record_without_the_name(agent: Client) -> None:
    add(agent, name="Ana Prado", email="ana@mail.example")
    customer = Customer.objects.get()
    agent.post(
        reverse("customer-edit", args=[customer.pk]),
        {"reference": "cust-1", "name": "Ana Maria Prado", "email": "ana@mail.example"},
    )

    created, changed = AuditEntry.objects.filter(action__startswith="customer.c").order_by("seq")
    assert [change["field"] for change in json.loads(created.body)["changes"]] == ["reference", "name", "email"]
    assert [change["field"] for change in json.loads(changed.body)["changes"]] == ["name"]
    assert changed.target_id == str(customer.pk)
    assert not any(word in entry.body + entry.target for entry in (created, changed) for word in ("Prado", "ana@"))


def test_opening_a_customer_is_on_record(agent: Client) -> None:
    customer = accounts.customer()

    agent.get(reverse("customer-detail", args=[customer.pk]))
    agent.get(reverse("customer-detail", args=[customer.pk]))

    assert AuditEntry.objects.filter(action="customer.read", target_id=str(customer.pk)).count() == 1


# -- finding


@pytest.mark.parametrize("query", ["núñez", "NÚÑEZ", "maría núñez", "MN@mail", "cust_9%"])
def test_names_addresses_and_references_find_a_customer(agent: Client, query: str) -> None:
    accounts.customer("Another")
    accounts.customer("María Núñez", email="mn@mail.example", reference="cust_9%")

    html = agent.get(reverse("customer-list"), {"q": query}).content.decode()

    assert "María Núñez" in html
    assert "Another" not in html


@pytest.mark.parametrize("query", ["%", "_", "\\", "\x00", "\u202e", "x" * 10_000, "'"])
def test_odd_queries_get_an_answer(agent: Client, query: str) -> None:
    accounts.customer("Ana", reference="r1", email="")

    assert agent.get(reverse("customer-list"), {"q": query}).status_code == 200


def test_customers_come_in_pages_by_name(agent: Client) -> None:
    for number in range(60):
        accounts.customer(f"Person {number:03}")

    first = customers.list_page("")
    second = customers.list_page("", after=first.after or "")

    names = [row.name for row in (*first.rows, *second.rows)]
    assert names == sorted(names) and len(names) == 60
    assert second.after is None and second.before is not None


def test_the_number_of_accounts_leaves_out_ended_ones() -> None:
    customer = accounts.customer()
    accounts.account(customer)
    accounts.account(customer, gone_at=accounts.NOW)

    assert customers.find("").get().accounts == 1  # type: ignore[attr-defined]


def test_the_pages_take_few_queries(agent: Client) -> None:
    customer = accounts.customer()
    for _ in range(30):
        accounts.account(customer)

    there, found = reverse("customer-list"), f"{reverse('customer-list')}?q={customer.reference}"
    pages = [reverse(name, args=[customer.pk]) for name in ("customer-detail", "customer-edit")]
    for address in (there, found, *pages):
        agent.get(address)
        with CaptureQueriesContext(connection) as asked:
            agent.get(address)
        # PostgreSQL is told, in a block of its own, for how long the look at the audit log may wait.
        assert len(asked) <= (9 if connection.vendor == "sqlite" else 12), address


def test_two_people_at_once_cannot_both_have_a_reference() -> None:
    customers.create({"reference": "r", "name": "A", "email": ""}, actor=SYSTEM)

    with pytest.raises(customers.ReferenceTaken):
        customers.create({"reference": "r", "name": "B", "email": ""}, actor=SYSTEM)

    assert Customer.objects.get().name == "A"
