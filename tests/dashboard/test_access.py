"""Who may open what: every address asks for a sign-in, and every role sees only what it may do."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.urls.converters import IntConverter

from dashboard.models import AuditEntry, Customer
from tests import people
from tests.dashboard import accounts

pytestmark = pytest.mark.django_db
OPEN = {"account_login", "account_logout", "account_signup", "account_inactive", "theme", "healthz"}
OPEN |= {"handover", "handover-return", "invitation"}
OPEN |= {"mfa_authenticate", "mfa_login_webauthn", "openid_connect_login", "openid_connect_callback"}
OPEN |= {"socialaccount_login_cancelled", "socialaccount_login_error", "socialaccount_signup"}
# A person's own account belongs to everybody who is signed in.
OWN = ("account_", "mfa_", "usersessions_", "socialaccount_", "second-factor-required")


def patterns(resolver: URLResolver | None = None) -> Iterator[URLPattern]:
    for pattern in (resolver or get_resolver()).url_patterns:
        if isinstance(pattern, URLResolver):
            yield from patterns(pattern)
        else:
            yield pattern


NAMES = sorted({str(pattern.name) for pattern in patterns()})
SAMPLES: dict[str, Any] = {"pk": uuid.UUID(int=7), "seq": 1, "number": 1, "action": "refresh"}


def address(name: str) -> str:
    pattern = next(each for each in patterns() if each.name == name)
    parts = pattern.pattern.converters.items()
    return reverse(name, kwargs={part: 7 if isinstance(kind, IntConverter) else SAMPLES[part] for part, kind in parts})


@pytest.mark.parametrize("name", [name for name in NAMES if name not in OPEN])
@pytest.mark.parametrize("method", ["get", "post"])
def test_every_address_asks_for_a_sign_in(client: Client, name: str, method: str) -> None:
    response = getattr(client, method)(address(name))

    assert response.status_code == 302
    assert response["Location"].startswith(reverse("account_login"))


@pytest.mark.parametrize("name", [name for name in NAMES if name not in OPEN])
def test_a_fragment_sends_the_whole_page_to_the_sign_in(client: Client, name: str) -> None:
    response = client.get(
        address(name),
        HTTP_HX_REQUEST="true",
        HTTP_HX_REQUEST_TYPE="partial",
        HTTP_HX_CURRENT_URL="http://testserver/linked-accounts/?q=ana",
    )

    assert response.status_code == 204
    assert response["HX-Redirect"] == "/account/login/?next=%2Flinked-accounts%2F%3Fq%3Dana"


@pytest.mark.parametrize("name", [name for name in NAMES if name not in OPEN and name != "home"])
def test_a_person_without_a_role_sees_nothing(client: Client, name: str) -> None:
    client.force_login(people.member("nobody"))

    response = client.get(address(name), follow=True)

    assert response.status_code in (403, 405) or name.startswith(OWN)


def test_a_refusal_names_the_permission_and_who_has_it(client: Client) -> None:
    staff = people.one_for_each_role()
    client.force_login(staff["viewer"])

    response = client.get(reverse("audit-entry-list"))

    html = response.content.decode()
    assert response.status_code == 403
    assert "read the audit log" in html
    assert "Auditor Person" in html and "Agent Person" not in html
    assert "dashboard.view_auditentry" in html


def test_a_refusal_is_on_record(client: Client) -> None:
    viewer = people.member("viewer")
    client.force_login(viewer)

    client.post(reverse("customer-create"), {"reference": "cust-1"})

    entry = AuditEntry.objects.get(action="access.denied")
    assert entry.actor_id == str(viewer.pk)
    assert json.loads(entry.body)["permission"] == "dashboard.change_customer"
    assert json.loads(entry.body)["page"] == "customer-create"
    assert not Customer.objects.exists()


def test_a_refused_fragment_is_a_card_above_the_page(client: Client) -> None:
    client.force_login(people.member("viewer"))

    response = client.post(reverse("customer-create"), HTTP_HX_REQUEST="true", HTTP_HX_REQUEST_TYPE="partial")

    assert response.status_code == 403
    assert response["HX-Retarget"] == "#messages"
    assert response.content.decode().startswith('<section class="error-card" id="error-card"')


@pytest.mark.parametrize(
    ("role", "edits", "reads_log"),
    [
        ("viewer", False, False),
        ("agent", True, False),
        ("approver", True, False),
        ("auditor", False, True),
        ("admin", False, False),
    ],
)
def test_what_a_role_may_not_do_is_absent_and_refused(client: Client, role: str, edits: bool, reads_log: bool) -> None:
    customer = accounts.customer()
    client.force_login(people.member(role))

    html = client.get(reverse("customer-detail", args=[customer.pk])).content.decode()

    assert (reverse("customer-edit", args=[customer.pk]) in html) is edits
    assert (reverse("audit-entry-list") in html) is reads_log
    assert client.get(reverse("customer-edit", args=[customer.pk])).status_code == (200 if edits else 403)
    assert client.get(reverse("audit-entry-list")).status_code == (200 if reads_log else 403)
    assert client.post(reverse("audit-verify")).status_code == (302 if reads_log else 403)


def test_signing_in_and_out(client: Client) -> None:
    people.member("agent", email="ana@desk.example", password="a long password of mine")

    page = client.get(reverse("account_login"), {"next": "/customers/"})
    assert "no-store" in page["Cache-Control"]
    wrong = client.post(reverse("account_login"), {"login": "ana@desk.example", "password": "wrong"})
    assert "ana@desk.example" in wrong.content.decode() and "wrong" not in wrong.content.decode()
    right = client.post(
        reverse("account_login"),
        {"login": "ana@desk.example", "password": "a long password of mine", "next": "/customers/"},
    )
    assert right["Location"] == "/customers/"
    assert client.get(reverse("account_logout")).status_code == 200
    assert client.post(reverse("account_logout")).status_code == 302
    assert client.get("/").status_code == 302


def test_sign_up_is_closed(client: Client) -> None:
    assert client.get(reverse("account_signup"))["Location"] == reverse("account_login")


def test_who_has_no_password_is_told_so(client: Client) -> None:
    client.force_login(people.member("agent"))

    response = client.get(reverse("account_change_password"), follow=True)

    assert response.status_code == 409
    assert "has no password" in response.content.decode()


def test_a_password_can_be_changed_and_is_never_shown(client: Client) -> None:
    client.force_login(people.member("agent", password="a long password of mine"))

    response = client.post(
        reverse("account_change_password"),
        {"oldpassword": "a long password of mine", "password1": "short", "password2": "short"},
    )

    assert response.status_code == 200
    assert "a long password of mine" not in response.content.decode()
    assert "at least 12 characters" in response.content.decode()
