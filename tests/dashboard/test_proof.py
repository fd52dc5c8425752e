"""What cannot be undone asks for a password, code or passkey of the last minutes, and loses nothing that was typed."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from dashboard import registry, roles
from dashboard.models import Approval, AuditEntry, LinkedAccount, Operation, User
from dashboard.models.operation import State
from dashboard.services import snapshots
from dashboard.views.access import needs
from tests import people
from tests.access_needs import ACTIONS

from . import factories as make
from .pages import HTMX, applied, client_of, digest_in, opened, typed, words

pytestmark = pytest.mark.django_db
PASSWORD = "a long password of mine"
CANARY = "Canary0passw0rd"


@needs(roles.VIEW, recent=True)
def recent_only(request: HttpRequest) -> HttpResponse:
    return HttpResponse("reached")


def answer_to(user: User, *methods: str, ago_s: float = 0, post: bool = False, **headers: str) -> HttpResponse:
    client = client_of(user)
    people.proved(client, user, *methods, ago_s=ago_s)
    request = getattr(RequestFactory(), "post" if post else "get")("/some/page/?q=1", headers=headers)
    request.user, request.session, request.resolver_match = user, client.session, None
    return recent_only(request)


@pytest.mark.parametrize("method", ["password", "mfa"])
def test_whoever_proved_themselves_just_now_is_let_in(method: str) -> None:
    assert answer_to(people.member("viewer"), method, ago_s=299).content == b"reached"


def test_a_page_leads_to_the_question_and_back() -> None:
    response = answer_to(people.member("viewer", password=PASSWORD), "password", ago_s=301)

    assert (response.status_code, response["Location"]) == (302, "/account/confirm/?next=%2Fsome%2Fpage%2F%3Fq%3D1")


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_a_form_stays_and_gets_a_link_to_the_question(headers: dict[str, str]) -> None:
    user = people.member("viewer", password=PASSWORD)

    response = answer_to(user, "password", ago_s=301, post=True, **headers)

    assert response.status_code == 403
    assert "Nothing was sent or changed." in words(response)
    assert 'href="/account/confirm/?next=%2Faccount%2Fconfirmed%2F" target="_blank"' in response.content.decode()


@pytest.mark.parametrize("post", [False, True])
def test_who_has_neither_password_nor_factor_is_refused_and_told_what_to_do(post: bool) -> None:
    response = answer_to(people.member("viewer"), "socialaccount", post=post)

    assert response.status_code == 403
    assert "sign in again, and add a second factor" in words(response)
    assert "cannot ask whether it is you" in AuditEntry.objects.get(action="access.denied", kind="denied").body


def test_the_records_of_somebody_else_prove_nothing() -> None:
    viewer, agent = people.member("viewer", password=PASSWORD), people.member("agent")
    client = client_of(viewer)
    people.proved(client, agent, "password", "mfa")
    request = RequestFactory().get("/")
    request.user, request.session = viewer, client.session

    assert recent_only(request).status_code == 302


# -- the operations


@pytest.fixture
def ana(belvo: Any) -> User:
    make.synced()
    return make.agent()


@pytest.fixture
def desk(ana: User) -> Client:
    ana.set_password(PASSWORD)
    ana.save()
    return client_of(ana)


@pytest.mark.parametrize("action", ["credentials", "delete"])
def test_a_password_or_a_deletion_asks_before_a_draft_is_opened(desk: Client, ana: User, action: str) -> None:
    account = make.account_at(make.PLAIN, status="invalid")
    people.proved(desk, ana, "password", "mfa", ago_s=301)

    response = desk.post(f"/linked-accounts/{account.pk}/operations/{action}/", headers=HTMX)

    assert (response.status_code, response["HX-Retarget"]) == (403, "#messages")
    assert not Operation.objects.exists()


def test_what_carries_no_secret_and_can_be_taken_back_does_not_ask(desk: Client, ana: User) -> None:
    account = make.account_at(make.PLAIN)
    people.proved(desk, ana, "password", "mfa", ago_s=301)

    assert desk.post(f"/linked-accounts/{account.pk}/operations/refresh/", headers=HTMX).status_code == 200


def test_each_action_asks_or_not_as_was_decided_for_it(remote: Any) -> None:
    person = make.agent()
    person.set_password(PASSWORD)
    person.save()
    desk = client_of(person)
    people.proved(desk, person, "password", "mfa", ago_s=301)
    decided = {
        (slug, action): words for slug, action, *words in (line.split() for line in ACTIONS.splitlines() if line)
    }
    for slug in {slug for slug, _ in decided}:
        make.listed(slug)
        assert {action.name for action in registry.pure(slug).actions} == {name for s, name in decided if s == slug}

    looked_at = set()
    for (slug, action), (word, *condition) in decided.items():
        for is_secret, account in of_both_kinds(slug, action):
            asks = word == "asks" and (is_secret or not condition)
            response = desk.post(f"/linked-accounts/{account.pk}/operations/{action}/", headers=HTMX)
            assert ("confirm that it is you" in words(response)) == asks, (slug, action, is_secret)
            looked_at.add((slug, action, asks))

    assert {place[:2] for place in looked_at} == decided.keys()
    assert {("flxpoint", "configs", True), ("flxpoint", "configs", False)} <= looked_at


def of_both_kinds(slug: str, action: str) -> list[tuple[bool, LinkedAccount]]:
    """Return one account whose form for the action has a field for a secret, and one whose form has none."""
    provider, found = registry.pure(slug), {}
    for account in LinkedAccount.objects.filter(integration=slug).order_by("remote_id"):
        fields = provider.fields(action, account.to_snapshot(), snapshots.schema_of(account))
        found.setdefault(any(field.secret for field in fields), account)
    return list(found.items())


def test_to_ask_a_second_person_asks_whatever_it_is_about(desk: Client, ana: User, settings: Any) -> None:
    settings.APPROVALS = ["webhook_host"]
    draft = opened(desk, make.account_at(make.PLAIN), "settings")
    people.proved(desk, ana, "password", "mfa", ago_s=301)

    response = applied(desk, draft, digest="", asks="on", reason="They moved their shop.")

    assert response.status_code == 403 and "Confirm in a new tab" in words(response)
    assert not Approval.objects.exists() and Operation.objects.get().state == State.DRAFT


def test_a_password_asks_also_when_one_begins_again(desk: Client, ana: User) -> None:
    refused = opened(desk, make.account_at(make.PLAIN, status="invalid"), "credentials")
    people.proved(desk, ana, "password", "mfa", ago_s=301)

    response = desk.post(f"/operations/{refused.pk}/again/", headers=HTMX)

    assert (response.status_code, response["HX-Retarget"]) == (403, "#messages")
    assert Operation.objects.get() == refused
    people.proved(desk, ana, "password", "mfa", ago_s=1)
    assert desk.post(f"/operations/{refused.pk}/again/", headers=HTMX).status_code == 200


@pytest.mark.parametrize("htmx", [True, False])
def test_proof_that_goes_stale_while_typing_loses_nothing(desk: Client, ana: User, belvo: Any, htmx: bool) -> None:
    draft = opened(desk, make.account_at(make.PLAIN, status="invalid"), "credentials")
    digest = digest_in(typed(desk, draft, username="ana", password=CANARY))
    people.proved(desk, ana, "password", "mfa", ago_s=301)

    response = applied(desk, draft, digest=digest, htmx=htmx, username="ana", password=CANARY)

    draft.refresh_from_db()
    assert (response.status_code, draft.state) == (403, State.DRAFT)
    assert "Confirm in a new tab" in words(response) and CANARY not in response.content.decode()
    assert response.get("HX-Retarget") == ("#operation-plan" if htmx else None)
    assert not belvo.effects()
    people.proved(desk, ana, "password", "mfa", ago_s=1)
    again = applied(desk, draft, digest=digest_in(response), username="ana", password=CANARY)
    assert again.status_code == 200
    assert make.settled(draft).state == State.DONE
