"""The limit on guessing as people meet it: at each form five tries, and after that not even the right one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from dashboard.models import AuditEntry, User
from tests import people

from .pages import words
from .test_sign_in import CODE, CONFIRM, LOGIN, PASSWORD, code_of, enrol, give_password

pytestmark = pytest.mark.django_db
OTHER = "another long password of mine"
TOO_MANY = "Too many failed login attempts"


@pytest.fixture
def ana() -> User:
    return people.member("agent", email="ana@desk.example", password=PASSWORD)


@pytest.fixture
def door() -> Client:
    return Client()


@pytest.fixture
def seed(door: Client, ana: User) -> str:
    give_password(door, ana)
    seed = enrol(door)
    door.post("/account/logout/")
    return seed


def told() -> list[str]:
    entries = AuditEntry.objects.filter(action="session.throttled", kind="denied")
    return list(entries.values_list("target_id", flat=True))


def test_after_five_wrong_passwords_the_right_one_waits_five_minutes(door: Client, ana: User) -> None:
    bea = people.member("agent", email="bea@desk.example", password=PASSWORD)
    for _ in range(5):
        assert "not correct" in words(give_password(door, ana, "wrong"))

    for _ in range(2):
        assert TOO_MANY in words(give_password(door, ana))

    assert told() == [str(ana.pk)], "on record once, and whose account it is"
    assert give_password(Client(), bea).status_code == 302, "it is the limit of one account"
    with time_machine.travel(timezone.now() + timedelta(minutes=5, seconds=1)):
        assert give_password(door, ana).status_code == 302


def test_right_passwords_take_nothing_back_from_the_wrong_ones(door: Client, ana: User) -> None:
    for _ in range(4):
        give_password(door, ana, "wrong")
    assert give_password(Client(), ana).status_code == 302
    give_password(door, ana, "wrong")

    assert TOO_MANY in words(give_password(door, ana))


def test_one_place_does_not_try_one_password_on_everybody(door: Client, ana: User) -> None:
    for number in range(10):
        door.post(LOGIN, {"login": f"somebody{number}@desk.example", "password": "wrong"})

    assert TOO_MANY in words(give_password(door, ana))


def sign_in_code(door: Client, code: str) -> Any:
    return door.post(CODE, {"code": code})


def confirm_code(door: Client, code: str) -> Any:
    return door.post("/account/confirm/code/", {"code": code})


@pytest.mark.parametrize("give", [sign_in_code, confirm_code])
def test_after_five_wrong_codes_the_right_one_waits(
    door: Client, ana: User, seed: str, give: Callable[[Client, str], Any]
) -> None:
    if give is confirm_code:
        door.force_login(ana)
    else:
        give_password(door, ana)
    for _ in range(5):
        assert "Incorrect code" in words(give(door, "000000"))

    assert TOO_MANY in words(give(door, code_of(seed, steps=1)))

    assert told() == [str(ana.pk)]


def test_confirming_is_no_place_to_guess_a_password(door: Client, ana: User) -> None:
    door.force_login(ana)
    people.proved(door, ana, "password", "mfa", ago_s=301)
    for _ in range(5):
        door.post(CONFIRM, {"password": "wrong"})

    assert TOO_MANY in words(door.post(CONFIRM, {"password": PASSWORD}))

    assert not AuditEntry.objects.filter(action="session.confirmed").exists()
    assert told() == [str(ana.pk)]


def test_changing_a_password_is_no_place_to_guess_it(door: Client, ana: User) -> None:
    give_password(Client(), ana, "wrong")
    door.force_login(ana)
    for _ in range(4):
        door.post("/account/password/", {"oldpassword": "wrong", "password1": OTHER, "password2": OTHER})

    said = door.post("/account/password/", {"oldpassword": PASSWORD, "password1": OTHER, "password2": OTHER})

    ana.refresh_from_db()
    assert TOO_MANY in words(said) and ana.check_password(PASSWORD)


# -- nothing to ask for


@pytest.mark.parametrize("path", [CONFIRM, "/account/confirm/code/", "/account/confirm/passkey/"])
def test_who_has_neither_password_nor_factor_proves_nothing_at_the_question_itself(
    door: Client, settings: Any, path: str
) -> None:
    settings.SSO_COUNTS_AS_SECOND_FACTOR = True
    door.force_login(people.member("viewer"))
    people.proved(door, User.objects.get(), "socialaccount")
    before = door.session["account_authentication_methods"]

    for answer in (door.get(path), door.post(path, {"password": "", "code": ""})):
        assert answer.status_code == 403

    assert door.session["account_authentication_methods"] == before
    assert not AuditEntry.objects.filter(action="session.confirmed").exists()
    assert AuditEntry.objects.filter(action="access.denied", kind="denied").count() == 2
