"""Single sign-on lets in whom somebody has invited, by an address the other side has verified, and nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount
from django.test import Client

from dashboard.models import AuditEntry, User
from tests import people

from .oidc_server import CLIENT_ID, CLIENT_SECRET, OidcServer, running
from .pages import words

pytestmark = [pytest.mark.django_db, pytest.mark.once]
ANA = {"sub": "42", "email": "Ana@desk.example", "email_verified": True, "name": "Ana"}


@pytest.fixture
def oidc(settings: Any) -> Iterator[OidcServer]:
    with running() as server:
        app = {
            "provider_id": "sso",
            "name": "Our login",
            "client_id": CLIENT_ID,
            "secret": CLIENT_SECRET,
            "settings": {"server_url": server.url},
        }
        settings.OIDC_URL, settings.OIDC_NAME = server.url, "Our login"
        settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [app]}}
        yield server


@pytest.fixture
def ana() -> User:
    return people.member("agent", email="ana@desk.example")


def come(client: Client, oidc: OidcServer, **person: Any) -> Any:
    """Press the button, agree at the other side, come back."""
    oidc.person = {**ANA, **person}
    left = client.post("/account/sso/start/?next=/customers/")
    assert left["Location"].startswith(f"{oidc.url}/authorize?")
    return client.get("/account/sso/callback/", oidc.answer_to(left["Location"]))


def test_who_was_invited_comes_in_and_is_asked_for_a_second_factor(client: Client, oidc: OidcServer, ana: User) -> None:
    assert "Our login" in words(client.get("/account/login/"))

    assert come(client, oidc)["Location"] == "/customers/"

    assert client.get("/customers/")["Location"] == "/account/second-factor/"
    assert client.get("/account/app/add/").status_code == 200
    tied = SocialAccount.objects.get()
    assert (tied.user, tied.uid, tied.extra_data) == (ana, "42", {})
    assert AuditEntry.objects.filter(action="sso.connected", actor_id=str(ana.pk)).count() == 1


def test_by_setting_it_counts_as_a_second_factor(client: Client, oidc: OidcServer, ana: User, settings: Any) -> None:
    settings.SSO_COUNTS_AS_SECOND_FACTOR = True

    come(client, oidc)

    assert client.get("/customers/").status_code == 200
    refused = client.get("/account/password/")
    assert refused.status_code == 403 and "neither a password nor a second factor" in words(refused)


@pytest.mark.parametrize(
    "person",
    [
        {"email": "stranger@desk.example"},
        {"email_verified": False},
        {"email_verified": "true"},
        {"email": None},
        {"email": "ana@desk.example\0"},
    ],
)
def test_nobody_else_comes_in(client: Client, oidc: OidcServer, ana: User, person: dict[str, Any]) -> None:
    answer = come(client, oidc, **person)

    assert "Ask an administrator to invite you" in words(client.get(answer["Location"]))
    assert client.get("/customers/")["Location"].startswith("/account/login/")
    assert not SocialAccount.objects.exists() and User.objects.count() == 1


def test_who_was_switched_off_stays_out_though_tied_before(client: Client, oidc: OidcServer, ana: User) -> None:
    come(client, oidc)
    client.logout()
    User.objects.update(is_active=False)

    come(client, oidc)

    assert client.get("/customers/")["Location"].startswith("/account/login/")


def test_an_address_that_changes_hands_does_not_move_the_account(client: Client, oidc: OidcServer, ana: User) -> None:
    come(client, oidc)
    client.logout()
    ben = people.member("viewer", email="ben@desk.example")

    come(client, oidc, email="ben@desk.example")

    assert client.session["_auth_user_id"] == str(ana.pk) != str(ben.pk)


def test_a_code_or_state_of_somebody_else_is_refused(client: Client, oidc: OidcServer, ana: User) -> None:
    oidc.person = ANA
    left = client.post("/account/sso/start/")
    brought = oidc.answer_to(left["Location"])

    for wrong in ({"state": "other"}, {"code": "other"}):
        answer = client.get("/account/sso/callback/", {**brought, **wrong}, follow=True)
        assert answer.status_code == 200 and "Single sign-on did not answer" in words(answer)
    assert client.get("/customers/")["Location"].startswith("/account/login/")


def test_without_a_server_there_is_no_such_way(client: Client) -> None:
    assert client.get("/account/sso/start/").status_code == 404
