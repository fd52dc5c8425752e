"""Signing in, out, and failing to, on record."""

import json

import pytest
from django.contrib.auth import authenticate, login, logout, user_login_failed
from django.contrib.auth.models import AnonymousUser, Group
from django.contrib.sessions.backends.db import SessionStore
from django.test import RequestFactory

from dashboard.models import AuditEntry, User
from dashboard.services.audit import verify

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery staple"


@pytest.fixture
def maria():
    user = User.objects.create_user("maria@desk.example", PASSWORD, name="Maria")
    user.groups.add(Group.objects.get(name="agent"))
    return user


def _request():
    request = RequestFactory().post("/account/login/", HTTP_USER_AGENT="Browser/1.0")
    request.session = SessionStore()
    request.user = AnonymousUser()
    return request


def _last():
    return AuditEntry.objects.latest("seq")


def test_signing_in_is_on_record(maria):
    login(_request(), authenticate(_request(), email=maria.email, password=PASSWORD))

    entry = _last()
    assert (entry.kind, entry.action) == ("event", "session.signed_in")
    assert (entry.actor_id, entry.actor, entry.role) == (str(maria.pk), "Maria <maria@desk.example>", "agent")
    assert json.loads(entry.body) == {"address": "127.0.0.1", "browser": "Browser/1.0"}


def test_signing_out_is_on_record(maria):
    request = _request()
    login(request, maria)
    logout(request)

    assert (_last().action, _last().actor_id) == ("session.signed_out", str(maria.pk))


def test_signing_out_without_being_signed_in_is_not():
    logout(_request())

    assert not AuditEntry.objects.exists()


def test_a_failed_sign_in_keeps_the_address_masked_and_names_whose_it_is(maria):
    assert authenticate(_request(), email="MARIA@desk.example", password="wrong-password-1") is None

    entry = _last()
    assert (entry.kind, entry.action, entry.actor) == ("denied", "session.failed", "Not signed in")
    assert (entry.target_id, entry.target) == (str(maria.pk), "maria@desk.example")
    assert json.loads(entry.body)["tried"] == "M•••@d•••"
    assert "wrong-password-1" not in entry.body


@pytest.mark.parametrize(
    "typed",
    [
        "Hunter2-Hunter2",
        "P@ssw0rd-2026",
        "x\0y@z.example",
        "x" * 10_000,
        "\ud800@x.example",
        "",
        "\u202eevil@x.example",
    ],
)
def test_what_was_typed_in_the_wrong_box_is_not_kept(typed):
    user_login_failed.send(__name__, credentials={"email": typed, "password": "*****"}, request=_request())

    entry = _last()
    assert (entry.action, entry.target) == ("session.failed", "")
    assert len(json.loads(entry.body)["tried"]) <= 9
    assert verify().ok


def test_a_log_that_cannot_be_written_does_not_lock_people_out(maria, settings, transactional_db):
    settings.AUDIT_KEYS = []
    request = _request()

    login(request, maria)

    assert request.session["_auth_user_id"] == str(maria.pk)
    assert not AuditEntry.objects.exists()
