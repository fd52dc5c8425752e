"""Light, dark, system: a cookie, drawn by the server."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

pytestmark = [pytest.mark.django_db, pytest.mark.once]


@pytest.mark.parametrize("theme", ["light", "dark", "system"])
def test_the_page_is_drawn_in_the_chosen_theme(client: Client, theme: str) -> None:
    response = client.post(reverse("theme"), {"theme": theme, "next": "/account/login/"})

    assert response["Location"] == "/account/login/"
    assert response.cookies["theme"]["httponly"]
    assert f'data-theme="{theme}"' in client.get(reverse("account_login")).content.decode()


def test_nobody_chose_yet(client: Client) -> None:
    assert 'data-theme="system"' in client.get(reverse("account_login")).content.decode()


@pytest.mark.parametrize("theme", ['"><script>', "neon", "", "\x00"])
def test_a_theme_that_does_not_exist_changes_nothing(client: Client, theme: str) -> None:
    response = client.post(reverse("theme"), {"theme": theme})

    assert "theme" not in response.cookies


def test_a_forged_cookie_is_not_drawn(client: Client) -> None:
    client.cookies["theme"] = 'x"onload="alert(1)'

    assert 'data-theme="system"' in client.get(reverse("account_login")).content.decode()


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example", "javascript:alert(1)", ""])
def test_it_never_leads_elsewhere(client: Client, back: str) -> None:
    assert client.post(reverse("theme"), {"theme": "dark", "next": back})["Location"] == "/"


def test_a_get_changes_nothing(client: Client) -> None:
    assert client.get(reverse("theme")).status_code == 405
