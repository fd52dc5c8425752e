"""The text for the provider's support or for an administrator: everything they ask for, nothing secret, no person."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType

from dashboard.models import Customer, LinkedAccount, Operation, User
from tests import people

from . import factories as make
from .pages import client_of, words

PASSWORD = "Canary0passw0rd"


@pytest.fixture
def ana(belvo: Any) -> Any:
    make.synced()
    return make.agent()


@pytest.fixture
def account(ana: Any) -> LinkedAccount:
    account = make.account_at(make.PLAIN, status="valid")
    owner = Customer.objects.create(reference="c-9", name="Ñandú Peña", email="nandu@mail.example")
    LinkedAccount.objects.filter(pk=account.pk).update(customer=owner)
    return account


def failed(account: LinkedAccount, ana: Any, password: str) -> Operation:
    operation = make.repaired(account, ana, password=password)
    account.refresh_from_db()
    return operation


def text_of(page: Any) -> str:
    return str(page.context["report"].text)


def test_our_keys_lead_to_a_text_for_the_admins_who_are_named(ana: Any, account: LinkedAccount) -> None:
    people.member("admin", email="adam@desk.example", name="Adam Wright")
    gone = people.member("admin", email="gone@desk.example", name="Gone Away")
    type(gone).objects.filter(pk=gone.pk).update(is_active=False)
    operation = failed(account, ana, "our_keys")

    card = client_of(ana).get(f"/linked-accounts/{account.pk}/").content.decode()
    page = client_of(ana).get(f"/linked-accounts/{account.pk}/report/")

    primary = re.findall(r'<a class="btn primary" href="([^"]+)">.*?</svg>([^<]+)', card)
    assert primary == [(f"/linked-accounts/{account.pk}/report/", "Tell an admin")]
    assert "Adam Wright <adam@desk.example>" in words(page)
    assert "gone@desk.example" not in words(page)
    text = text_of(page)
    assert operation.outcome["sentence"] in text
    assert f"Request id: {operation.outcome['request_id']}" in text
    assert f"Link id: {account.remote_id}" in text
    assert f"http://testserver/linked-accounts/{account.pk}/" in text
    assert re.search(r"- \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC: PUT /api/links/\S+, 401, \d+ ms", text)


def test_admins_are_all_who_may_manage_staff_and_nobody_else(ana: Any, account: LinkedAccount) -> None:
    LinkedAccount.objects.filter(pk=account.pk).update(attention="our_keys")
    people.member("admin", email="adam@desk.example")
    User.objects.create_superuser("root@desk.example")
    # Neither a namesake of the permission in another app nor one given to a single person makes an admin.
    own, other = Permission.objects.get(codename="manage_staff"), ContentType.objects.get_for_model(Group)
    namesake = Permission.objects.create(codename="manage_staff", content_type=other, name="Another one")
    group = Group.objects.create(name="namesakes")
    group.permissions.add(namesake)
    people.member("viewer", email="vera@desk.example").groups.add(group)
    people.member("viewer", email="viktor@desk.example").user_permissions.add(own)

    told = client_of(ana).get(f"/linked-accounts/{account.pk}/report/").context["report"].to

    assert told == ("root@desk.example", "Admin Person <adam@desk.example>")


def test_trouble_at_the_provider_leads_to_a_text_for_its_support(ana: Any, account: LinkedAccount) -> None:
    operation = failed(account, ana, "unexpected")

    card = words(client_of(ana).get(f"/operations/{operation.pk}/"))
    page = client_of(ana).get(f"/operations/{operation.pk}/report/")

    assert "Escalate" in card
    assert "Tell Belvo's support" in words(page) and "Administrators" not in words(page)
    assert "HTTP status: 500" in text_of(page)
    assert f"Operation in Linkdesk: {operation.pk}" in text_of(page)


@pytest.mark.parametrize(
    ("password", "rule"),
    [
        (f"echo{PASSWORD}", "belvo.login_error.wrong_password"),
        (f"unexpected__{PASSWORD}", "belvo.unexpected_error"),
        (f"our_keys__{PASSWORD}", "belvo.authentication_failed"),
    ],
)
def test_no_text_holds_a_secret_or_the_customer(ana: Any, account: LinkedAccount, password: str, rule: str) -> None:
    operation = failed(account, ana, password)
    desk = client_of(ana)
    assert operation.outcome["rule"] == rule

    for address in (f"/linked-accounts/{account.pk}/report/", f"/operations/{operation.pk}/report/"):
        shown = desk.get(address).content.decode()
        assert "sandbox-Zr8vQ2mXw5tLk9pN3bYc" not in shown
        assert PASSWORD not in shown
        assert "Ñandú" not in shown and "nandu@mail.example" not in shown


def test_where_an_agent_can_help_there_is_no_such_button(ana: Any, account: LinkedAccount) -> None:
    failed(account, ana, "wrong")

    shown = words(client_of(ana).get(f"/linked-accounts/{account.pk}/"))

    assert "Escalate" not in shown and "Tell an admin" not in shown


def test_a_text_of_many_lines_stays_readable(ana: Any, account: LinkedAccount) -> None:
    LinkedAccount.objects.filter(pk=account.pk).update(cause_evidence={"remote_message": "one\ntwo\u202e\n\nthree"})

    assert "Its message: one two\u202e three" in text_of(client_of(ana).get(f"/linked-accounts/{account.pk}/report/"))


def test_whoever_may_see_the_account_may_tell_of_it(account: LinkedAccount) -> None:
    vera = client_of(people.member("viewer", email="vera@desk.example"))
    LinkedAccount.objects.filter(pk=account.pk).update(attention="provider_trouble")

    assert "Escalate" in words(vera.get(f"/linked-accounts/{account.pk}/"))
    assert vera.get(f"/linked-accounts/{account.pk}/report/").status_code == 200
