"""Every page that shows a customer or the audit log is on record when it is opened, without a customer's name."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from dashboard.models import Approval, AuditEntry, AuditExport, Customer, User
from dashboard.services import approvals, audit_exports
from dashboard.services.approvals import Asked
from dashboard.services.audit import Actor, Target
from tests import people

from . import accounts
from .pages import HTMX

pytestmark = pytest.mark.django_db

CUSTOMERS, ACCOUNTS = "/customers/", "/linked-accounts/"


@pytest.fixture
def agent(client: Client) -> Client:
    client.force_login(people.member("agent"))
    return client


@pytest.fixture
def auditor(client: Client) -> Client:
    client.force_login(people.member("auditor"))
    return client


@pytest.fixture
def maria() -> Customer:
    customer = accounts.customer("Maria Gomes", reference="cust-77")
    for _ in range(2):
        accounts.account(customer)
    return customer


def looks(action: str) -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(kind="read", action=action).order_by("seq"))


def test_the_form_of_a_customer_shows_all_of_it(agent: Client, maria: Customer) -> None:
    address = reverse("customer-edit", args=[maria.pk])
    for _ in range(2):
        agent.get(address)
    agent.get(reverse("customer-detail", args=[maria.pk]))

    assert [look.target_id for look in looks("customer.read")] == [str(maria.pk)]


def test_what_is_typed_into_that_form_is_no_look(agent: Client, maria: Customer) -> None:
    agent.post(reverse("customer-edit", args=[maria.pk]), {"reference": ""})

    assert looks("customer.read") == []


@pytest.mark.parametrize(("address", "action"), [(CUSTOMERS, "customer.searched"), (ACCOUNTS, "account.searched")])
def test_who_searches_for_a_person_is_on_record_without_the_person(
    agent: Client, maria: Customer, address: str, action: str
) -> None:
    for query in ("Maria Gomes", "Maria Gomes", "  Maria  Gomes ", "cust-77"):
        agent.get(address, {"q": query})

    found = looks(action)
    assert len(found) == 2, "the same search again is the same look"
    assert found[0].target.startswith("Search M•••")
    kept = " ".join(f"{look.target_id} {look.target} {look.body}" for look in found).lower()
    assert not any(word in kept for word in ("maria", "gomes", "cust-77"))


@pytest.mark.parametrize("text", ["Maria", "Gomes", '"Maria Gomes"'])
def test_the_log_is_asked_who_searched_for_somebody(agent: Client, maria: Customer, text: str) -> None:
    agent.get(CUSTOMERS, {"q": "Maria Gomes"})
    agent.get(CUSTOMERS, {"q": "Somebody Else"})
    agent.force_login(people.member("auditor"))

    page = agent.get("/audit/", {"q": f"action:customer.searched target:{text}"}).content.decode()

    assert page.count('id="entry-') == 1


def test_a_search_by_reference_stands_beside_the_looks_at_its_customer(agent: Client, maria: Customer) -> None:
    agent.get(CUSTOMERS, {"q": "cust-77"})
    agent.get(reverse("customer-detail", args=[maria.pk]))

    [search], [look] = looks("customer.searched"), looks("customer.read")
    assert look.target.removeprefix("Customer ") in search.target


def test_a_search_with_one_hit_leads_on_and_is_on_record_all_the_same(agent: Client) -> None:
    accounts.account(accounts.customer("Ana", reference="cust-9"))

    assert agent.get(ACCOUNTS, {"q": "cust-9"}).status_code == 302

    assert len(looks("account.searched")) == 1


def test_a_search_within_the_page_is_one_too(agent: Client, maria: Customer) -> None:
    agent.get(ACCOUNTS, {"q": "Maria", "attention": "healthy"}, headers=HTMX)

    assert len(looks("account.searched")) == 1


@pytest.mark.parametrize("query", [{}, {"q": " \u202e "}, {"q": "x" * 10_000}, {"attention": "healthy"}])
def test_lists_that_nobody_was_looked_for_in_are_no_look(agent: Client, maria: Customer, query: dict[str, str]) -> None:
    for address in (CUSTOMERS, ACCOUNTS):
        agent.get(address, query)

    assert not AuditEntry.objects.filter(kind="read").exists()


@pytest.fixture
def asked() -> Approval:
    person = people.member("viewer", email="about@desk.example")
    payload: dict[str, Any] = {"roles": ["agent"]}
    about = Asked("roles", str(person.pk), "roles", Target.of(person), "digest", summary="Roles", payload=payload)
    return approvals.request(about, actor=people.member("agent"), reason="More to do.")


def test_a_request_for_a_second_person_shows_what_it_is_about(auditor: Client, asked: Approval) -> None:
    address = reverse("approval-detail", args=[asked.pk])
    auditor.get(address, headers=HTMX)
    assert looks("approval.read") == [], "the page asks for itself anew"

    for _ in range(2):
        auditor.get(address)

    assert [look.target_id for look in looks("approval.read")] == [asked.target_id]


def test_the_list_is_a_look_where_it_shows_what_waits_in_full(client: Client, asked: Approval) -> None:
    client.force_login(people.member("approver"))
    client.get("/approvals/", {"state": "declined"})
    assert looks("approval.read") == []

    client.get("/approvals/")

    assert [look.target_id for look in looks("approval.read")] == [""]


def test_the_page_for_going_on_alone_shows_it_as_well(client: Client, asked: Approval) -> None:
    client.force_login(asked.requester or User())

    assert client.get(reverse("approval-alone", args=[asked.pk])).status_code == 200

    assert [look.target_id for look in looks("approval.read")] == [asked.target_id]


@pytest.fixture
def export(settings: Any, tmp_path: Any) -> AuditExport:
    settings.EXPORTS_DIR = str(tmp_path)
    return audit_exports.ask(Actor.of(people.member("admin")), "bundle", {"q": "target:maria@bank.example"})


def test_an_export_says_what_somebody_looked_for(auditor: Client, export: AuditExport) -> None:
    address = reverse("audit-export-detail", args=[export.pk])
    auditor.get(address, headers=HTMX)
    assert looks("audit.export_read") == [], "the page asks for itself anew"

    for _ in range(2):
        auditor.get(address)

    [look] = looks("audit.export_read")
    assert look.target_id == str(export.pk) and "maria" not in f"{look.target} {look.body}"


@pytest.mark.usefixtures("export")
def test_the_list_of_exports_is_a_page_of_the_log(auditor: Client) -> None:
    auditor.get("/audit/exports/")

    assert len(looks("audit.read")) == 1


def test_the_state_of_the_chain_is_a_page_of_the_log(auditor: Client) -> None:
    auditor.get("/audit/status/", headers=HTMX)
    assert looks("audit.read") == [], "the chip above the list"

    auditor.get("/audit/status/")

    assert len(looks("audit.read")) == 1


@pytest.mark.django_db(transaction=True)
def test_reading_goes_on_without_a_key_to_name_anybody_with(
    client: Client, maria: Customer, export: AuditExport, settings: Any
) -> None:
    client.force_login(people.member("auditor"))
    settings.AUDIT_KEYS = []

    for address, query in (
        (CUSTOMERS, {"q": "Maria"}),
        (ACCOUNTS, {"q": "Maria"}),
        ("/audit/", {"q": "kind:intent"}),
        (f"/audit/exports/{export.pk}/", {}),
        (reverse("customer-detail", args=[maria.pk]), {}),
    ):
        assert client.get(address, query).status_code == 200, address

    assert not AuditEntry.objects.filter(kind="read").exists()
