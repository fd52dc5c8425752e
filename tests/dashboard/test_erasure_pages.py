"""The pages around erasing a customer: the preview, the typed reference, the second person, what an old link shows."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from dashboard.models import Approval, AuditEntry, Customer, LinkedAccount, Operation, SavedQuery, User
from dashboard.models.operation import State
from dashboard.services import customers, operations
from dashboard.services.audit import SYSTEM
from tests import people

from . import accounts
from .pages import HTMX, client_of, words

pytestmark = pytest.mark.django_db
MARIA = {"reference": "CUST-1277", "name": "Maria Silva Braga", "email": "maria@mail.example"}
WHY = "Asked for by letter, ticket 4711."


@pytest.fixture
def admin() -> User:
    return people.member("admin", email="adm@desk.example", name="Adam Min")


@pytest.fixture
def desk(admin: User) -> Client:
    return client_of(admin)


@pytest.fixture
def maria() -> Customer:
    return customers.create(MARIA, actor=SYSTEM)


@pytest.fixture
def account(maria: Customer) -> LinkedAccount:
    return accounts.account(maria, gone_at=timezone.now())


def press(desk: Client, customer: Customer, **fields: str) -> Any:
    said = {"confirm_name": customer.reference, "reason": WHY, "ticket": "T-9", **fields}
    return desk.post(f"/customers/{customer.pk}/erase/", said, headers={})


def test_the_customer_page_leads_there_for_an_admin_only(desk: Client, maria: Customer) -> None:
    path = f"/customers/{maria.pk}/"

    assert f"{path}erase/" in desk.get(path).content.decode()
    assert "erase" not in client_of(people.member("agent")).get(path).content.decode()


def test_the_preview_counts_what_goes_and_what_stays(desk: Client, maria: Customer, account: LinkedAccount) -> None:
    SavedQuery.objects.create(owner_text="Ivo", name="q", text="target:CUST-1277")

    response = desk.get(f"/customers/{maria.pk}/erase/")

    text = words(response)
    assert response.status_code == 200
    for told in ("What goes", "What stays", "Linked accounts", "Kept queries", "Entries of the audit log"):
        assert told in text
    seen = response.context["seen"]
    assert {line.label: line.count for line in seen.goes}["Names beside the audit log"] == 3
    assert {line.label: line.count for line in seen.goes}["Kept queries of the audit log"] == 1
    # That she was added, and this look.
    assert {line.label: line.count for line in seen.stays}["Entries of the audit log"] == 2
    assert Customer.objects.filter(pk=maria.pk).exists()


def test_looking_at_the_preview_is_on_record(desk: Client, maria: Customer, admin: User) -> None:
    desk.get(f"/customers/{maria.pk}/erase/")

    assert AuditEntry.objects.filter(action="customer.read", actor_id=str(admin.pk), target_id=str(maria.pk)).exists()


def test_accounts_at_a_provider_stand_in_the_way_and_it_says_who_must_act(
    desk: Client, maria: Customer, emulator: Any
) -> None:
    account = accounts.account(maria)
    people.member("agent", name="Ana Souza")

    page, pressed = desk.get(f"/customers/{maria.pk}/erase/"), press(desk, maria)

    assert "1 account is still at Belvo" in words(page) and "Ana Souza" in words(page)
    assert f"/linked-accounts/{account.pk}/" in page.content.decode() and "erase-form" not in page.content.decode()
    assert pressed.status_code == 409 and Customer.objects.filter(pk=maria.pk).exists()


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"confirm_name": "CUST-1"}, "This is not the reference"),
        ({"confirm_name": ""}, "The reference is needed"),
        ({"reason": ""}, "Say why"),
        ({"reason": "too short"}, "at least 20 characters"),
        ({"reason": "Maria Silva Braga wants it so"}, "The reason names the customer"),
        ({"ticket": "re maria@mail.example"}, "The ticket names the customer"),
        ({"reason": "x" * 2000}, "at most 1000 characters"),
        ({"reason": "twenty characters and\0more"}, "NUL"),
    ],
)
def test_what_was_typed_wrong_is_said_at_its_field_and_kept(
    desk: Client, maria: Customer, fields: dict[str, str], says: str
) -> None:
    response = press(desk, maria, **fields)

    assert response.status_code == 422
    assert says in words(response) and "Nothing was erased" in words(response)
    assert "T-9" in response.content.decode() or "ticket" in fields
    assert 'aria-invalid="true"' in response.content.decode()
    assert Customer.objects.filter(pk=maria.pk).exists()


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "htmx"])
def test_it_is_done_at_once_where_nobody_else_is_wanted(
    desk: Client, maria: Customer, account: LinkedAccount, headers: dict[str, str]
) -> None:
    response = desk.post(
        f"/customers/{maria.pk}/erase/", {"confirm_name": maria.reference, "reason": WHY}, headers=headers
    )

    assert response.status_code == 302
    later = desk.get(response["Location"])
    assert later.status_code == 410 and "This customer was erased" in words(later) and "Adam Min" in words(later)
    assert "Maria" not in words(later)
    account_page = desk.get(f"/linked-accounts/{account.pk}/")
    assert account_page.status_code == 200 and "Maria" not in words(account_page)
    assert desk.get(f"/customers/{maria.pk}/erase/").status_code == 404
    assert client_of(people.member("agent")).get(f"/customers/{maria.pk}/edit/").status_code == 404
    assert desk.get("/customers/00000000-0000-0000-0000-000000000001/").status_code == 404


def test_the_log_shows_erased_beside_the_pseudonym(desk: Client, maria: Customer) -> None:
    press(desk, maria)

    text = words(client_of(people.member("auditor")).get("/audit/", {"q": f"target:{maria.pk}"}))

    assert "Erased a customer" in text and "Added a customer" in text
    assert text.count("erased") >= 2 and "Maria" not in text


@pytest.mark.django_db(transaction=True)
def test_a_second_person_sees_whom_and_how_much_and_agrees(desk: Client, maria: Customer, settings: Any) -> None:
    settings.APPROVALS = ["erasure"]
    accounts.account(maria, gone_at=timezone.now())
    assert "Ask a second person" in words(desk.get(f"/customers/{maria.pk}/erase/"))

    response = press(desk, maria)

    approval = Approval.objects.get()
    assert response["Location"] == f"/approvals/{approval.pk}/"
    assert "asked for this" in words(desk.get(f"/customers/{maria.pk}/erase/"))
    second = client_of(people.member("approver", email="bea@desk.example", name="Bea Prado"))
    for path in ("/approvals/", f"/approvals/{approval.pk}/"):
        seen = words(second.get(path))
        assert "Maria Silva Braga" in seen and "will be removed" in seen and WHY in seen and "Linked accounts" in seen
    answer = second.post(f"/approvals/{approval.pk}/approve/", follow=True)
    assert "is erased" in words(answer) and "Maria" not in words(answer)
    assert desk.get(f"/customers/{maria.pk}/").status_code == 410
    assert desk.get(f"/approvals/{approval.pk}/").status_code == 200


def test_pages_of_what_was_stripped_still_open(desk: Client, maria: Customer, account: LinkedAccount) -> None:
    made = [
        Operation.objects.create(
            account=account, integration="belvo", action=action, state=state, actor_text="Ana", values={"a": "b"},
            outcome={"type": "refused", "rule": "x", "sentence": "y", "errors": {"a": ["b"]}},
            receipt={"verdict": "confirmed", "sentence": "z"}, sent_at=timezone.now(), started_at=timezone.now(),
            settled_at=timezone.now(), closed_at=timezone.now() if state == State.UNKNOWN else None,
        )
        for action in ("settings", "credentials", "delete", "repair_link")
        for state in State if state not in (State.QUEUED, State.RUNNING, State.AWAITING_TOKEN, State.ACCEPTED,
                                            State.AWAITING_APPROVAL)
    ]  # fmt: skip

    press(desk, maria)

    agent = client_of(people.member("agent", email="a2@desk.example"))
    for operation in made:
        for path in (f"/operations/{operation.pk}/", f"/operations/{operation.pk}/report/"):
            assert agent.get(path).status_code == 200, (operation.action, operation.state, path)
    for tab in ("", "?tab=history", "?tab=settings", "?tab=calls"):
        assert agent.get(f"/linked-accounts/{account.pk}/{tab}").status_code == 200
    assert operations.current_of(account) is None


def test_a_reference_that_comes_back_is_told_to_whoever_adds_it(desk: Client, maria: Customer) -> None:
    press(desk, maria)

    response = client_of(people.member("agent")).post("/customers/new/", MARIA, follow=True)

    assert "A customer with this reference was erased on" in words(response)
