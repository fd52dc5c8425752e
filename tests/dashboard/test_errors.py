"""Pages for requests that cannot be answered."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client, RequestFactory
from django.urls import reverse

from dashboard.middleware import PageMiddleware
from dashboard.models import Customer
from dashboard.services.audit import AuditUnavailable
from dashboard.views import errors
from tests import people
from tests.dashboard import accounts

PARTIAL = {"HTTP_HX_REQUEST": "true", "HTTP_HX_REQUEST_TYPE": "partial"}


@pytest.mark.django_db
def test_an_unknown_address_is_404_with_a_way_on(client: Client) -> None:
    client.force_login(people.member("viewer"))

    response = client.get("/nothing/here/")

    assert response.status_code == 404
    assert "There is nothing at this address" in response.content.decode()
    assert reverse("linked-account-list") in response.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path",
    [
        "/customers/00000000-0000-0000-0000-000000000000/",
        "/customers/%00/",
        "/customers/..%2f..%2fetc/",
        "/audit/99999999999999999999999/",
        "/nothing/%ED%A0%80/",
        "/nothing/" + "x" * 5_000,
    ],
)
def test_odd_addresses_are_404(client: Client, path: str) -> None:
    client.force_login(people.member("auditor"))

    assert client.get(path).status_code == 404


@pytest.mark.django_db
def test_an_unknown_visitor_gets_404_without_the_shell(client: Client) -> None:
    assert "Sign out" not in client.get("/nothing/").content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("headers", [{}, PARTIAL], ids=["page", "fragment"])
def test_a_form_without_its_token_is_refused_in_words(headers: dict[str, str]) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(people.member("agent"))

    response = strict.post(reverse("customer-create"), {"reference": "x"}, **headers)

    assert response.status_code == 403
    assert "Nothing was changed and nothing was sent" in response.content.decode()
    assert ("<html" in response.content.decode()) is not bool(headers)
    assert ("HX-Retarget" in response) is bool(headers)


@pytest.mark.django_db(transaction=True)
def test_without_an_audit_log_nothing_is_done(client: Client) -> None:
    client.force_login(people.member("agent"))
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE dashboard_auditentry RENAME TO elsewhere")

    response = client.post(reverse("customer-create"), {"reference": "cust-1", "name": "Ana"})

    assert response.status_code == 503
    assert "Nothing was sent and nothing was changed" in response.content.decode()
    assert not Customer.objects.exists()


@pytest.mark.parametrize(
    ("raised", "words"),
    [
        (AuditUnavailable("x"), "The audit log cannot be written"),
        (OperationalError("secret detail"), "The database does not answer"),
    ],
)
@pytest.mark.parametrize("headers", [{}, PARTIAL], ids=["page", "fragment"])
def test_troubles_without_a_database_need_none_to_be_told(
    raised: Exception, words: str, headers: dict[str, str]
) -> None:
    request = RequestFactory().post("/x/", **headers)

    response = PageMiddleware(lambda _: None).process_exception(request, raised)  # type: ignore[arg-type,return-value]

    assert response is not None and response.status_code == 503
    assert words in response.content.decode()
    assert "secret detail" not in response.content.decode()


def test_other_exceptions_are_not_swallowed() -> None:
    request = RequestFactory().get("/x/")

    assert PageMiddleware(lambda _: None).process_exception(request, ValueError()) is None  # type: ignore[arg-type,return-value]


@pytest.mark.parametrize(
    ("view", "status"), [(errors.bad_request, 400), (errors.forbidden, 403), (errors.not_found, 404)]
)
def test_each_handler_answers_with_its_status(view: Any, status: int) -> None:
    assert view(RequestFactory().get("/x/"), None).status_code == status


@pytest.mark.django_db
def test_too_many_sign_ins_are_told_in_our_own_words(client: Client, settings: Any) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"login": "1/m/ip"}
    form = {"login": "nobody@desk.example", "password": "x" * 14}

    answers = [client.post(reverse("account_login"), form) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 429]
    assert "Wait a minute and try again" in answers[1].content.decode()
    assert "stylesheet" in answers[1].content.decode()


def test_the_500_page_needs_no_database() -> None:
    response = errors.server_error(RequestFactory().get("/x/"))

    assert response.status_code == 500
    assert "Linkdesk made a mistake" in response.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("headers", [{}, PARTIAL], ids=["page", "fragment"])
@pytest.mark.parametrize("page", ["linked-account-list", "account_login", "healthz"])
def test_a_dead_database_is_told_before_any_view_is_asked(client: Client, page: str, headers: dict[str, str]) -> None:
    client.force_login(people.member("agent"))
    client.raise_request_exception = False

    with connection.execute_wrapper(_no_answer):
        response = client.get(reverse(page), **headers)

    assert response.status_code == 503
    assert "database does not answer" in response.content.decode().lower()
    assert "secret detail" not in response.content.decode()
    assert ("HX-Retarget" in response) is bool(headers)


def _no_answer(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
    raise OperationalError("secret detail")


@pytest.mark.django_db
def test_pages_are_private_and_asked_for_again(client: Client) -> None:
    client.force_login(people.member("viewer"))
    accounts.account()

    caching = client.get(reverse("linked-account-list"))["Cache-Control"]

    assert "private" in caching and "no-cache" in caching


@pytest.mark.django_db
def test_every_page_has_the_strict_policy(client: Client) -> None:
    for path in (reverse("account_login"), "/nothing/"):
        policy = client.get(path)["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "script-src 'self'" in policy and "unsafe" not in policy


@pytest.mark.django_db
def test_health_is_told_to_anybody(client: Client) -> None:
    response = client.get(reverse("healthz"))

    assert (response.status_code, response.content) == (200, b"ok\n")
