"""Signing in with a second factor, from the first time on, and being signed out again."""

from __future__ import annotations

import base64
import json
import re
import time
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from allauth.usersessions.models import UserSession
from django.conf import settings as django_settings
from django.contrib.auth.models import Group
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client

from dashboard.crypto import CannotUnseal
from dashboard.models import AuditEntry, LastStep, User
from dashboard.services.audit import verify
from tests import people

from . import factories as make
from .pages import HTMX, words

pytestmark = pytest.mark.django_db
PASSWORD = "a long password of mine"
LOGIN, CODE, CONFIRM = "/account/login/", "/account/login/code/", "/account/confirm/"


@pytest.fixture
def ana() -> User:
    return people.member("agent", email="ana@desk.example", password=PASSWORD)


@pytest.fixture
def door() -> Client:
    """A browser that nobody has signed in with yet."""
    return Client(HTTP_USER_AGENT="Browser/1.0")


def give_password(client: Client, user: User, password: str = PASSWORD, **more: Any) -> Any:
    return client.post(LOGIN, {"login": user.email, "password": password, **more})


def code_of(seed: str, *, steps: int = 0) -> str:
    """Return the code of now; once one was used, of that step or of `steps` later, however slow the machine is."""
    used = LastStep.objects.first()
    return format_hotp_value(hotp_value(seed, (used.step if used else int(time.time()) // 30) + steps))


def enrol(client: Client) -> str:
    """Set up an authenticator app as a person does and return its seed."""
    seed = re.search(r'id="seed">([A-Z2-7]+)<', client.get("/account/app/add/").content.decode())
    assert seed
    assert client.post("/account/app/add/", {"code": code_of(seed[1])}).status_code == 302
    return seed[1]


def actions() -> list[str]:
    return list(AuditEntry.objects.order_by("seq").values_list("action", flat=True))


# -- the first time


def test_the_first_sign_in_leads_to_a_second_factor_and_nowhere_else(door: Client, ana: User) -> None:
    give_password(door, ana)

    for path in ("/", "/linked-accounts/", "/customers/", "/account/", "/account/sessions/", "/account/password/"):
        assert door.get(path)["Location"] == "/account/second-factor/", path
    assert "One more thing" in words(door.get("/account/second-factor/"))
    assert door.get("/account/app/add/").status_code == 200
    assert door.get("/account/passkeys/add/").status_code == 200
    assert door.post("/theme/", {"theme": "dark"}).status_code == 302
    poll = door.get("/linked-accounts/table/", headers=HTMX)
    assert (poll.status_code, poll["HX-Redirect"]) == (204, "/account/second-factor/")
    assert door.post("/account/logout/").status_code == 302


def test_after_setting_up_an_app_the_session_is_whole(door: Client, ana: User) -> None:
    give_password(door, ana)

    enrol(door)

    codes = door.get("/account/recovery-codes/")
    assert len(re.findall(r"<li><code>\d{8}</code>", codes.content.decode())) == 10
    assert "no-store" in codes["Cache-Control"]
    assert not re.search(r"<code>\d{8}</code>", door.get("/account/recovery-codes/").content.decode())
    assert door.get("/linked-accounts/").status_code == 200
    assert {"factor.added", "factor.codes_made"} <= set(actions())


def test_a_wrong_first_code_sets_up_nothing_and_keeps_the_seed(door: Client, ana: User) -> None:
    give_password(door, ana)
    seed = re.search(r'id="seed">([A-Z2-7]+)<', door.get("/account/app/add/").content.decode())
    assert seed

    wrong = door.post("/account/app/add/", {"code": "000000"})

    assert seed[1] in wrong.content.decode()
    assert not Authenticator.objects.exists()
    assert door.post("/account/app/add/", {"code": code_of(seed[1])}).status_code == 302


def test_without_the_requirement_a_password_is_enough_and_every_page_says_so(
    door: Client, ana: User, settings: Any
) -> None:
    settings.SECOND_FACTOR = "off"
    assert "SECOND_FACTOR is off" in words(door.get(LOGIN))

    give_password(door, ana)

    assert "SECOND_FACTOR is off" in words(door.get("/linked-accounts/"))


# -- every other time


@pytest.fixture
def seed(door: Client, ana: User) -> str:
    """The seed of Ana's authenticator app; she has signed out and the code she set it up with is over."""
    give_password(door, ana)
    seed = enrol(door)
    door.post("/account/logout/")
    return seed


def test_a_password_alone_opens_nothing(door: Client, ana: User, seed: str) -> None:
    assert give_password(door, ana)["Location"] == CODE

    assert door.get("/linked-accounts/")["Location"].startswith(LOGIN)


def test_the_code_of_the_set_up_does_not_work_again_and_the_next_one_does_once(
    door: Client, ana: User, seed: str
) -> None:
    give_password(door, ana, next="/customers/")
    assert "Incorrect code" in words(door.post(CODE, {"code": code_of(seed)}))
    following = code_of(seed, steps=1)

    assert door.post(CODE, {"code": following})["Location"] == "/customers/"

    assert door.get("/customers/").status_code == 200
    door.post("/account/logout/")
    give_password(door, ana)
    assert door.post(CODE, {"code": following}).status_code == 200
    assert actions().count("factor.used") == 1 and actions().count("factor.failed") == 2


def test_a_recovery_code_works_once(door: Client, ana: User, seed: str) -> None:
    codes = Authenticator.objects.get(type="recovery_codes").wrap().generate_codes()

    give_password(door, ana)
    assert door.post(CODE, {"code": codes[3]}).status_code == 302
    door.post("/account/logout/")
    give_password(door, ana)
    assert door.post(CODE, {"code": codes[3]}).status_code == 200

    assert Authenticator.objects.get(type="recovery_codes").wrap().get_unused_codes() == codes[:3] + codes[4:]


@pytest.mark.parametrize("code", ["", "\0", "1" * 5000, "١٢٣٤٥٦", "\ufffd", "' OR 1"])
def test_no_code_is_a_mistake_of_ours(door: Client, ana: User, seed: str, code: str) -> None:
    give_password(door, ana)

    assert door.post(CODE, {"code": code}).status_code == 200


def test_a_session_from_before_the_factor_is_asked_for_it(door: Client, ana: User, seed: str) -> None:
    door.force_login(ana)
    people.proved(door, ana, "password")

    asked = door.get("/linked-accounts/?q=ana")

    assert asked["Location"] == "/account/confirm/code/?next=%2Flinked-accounts%2F%3Fq%3Dana"
    assert door.get("/account/confirm/")["Location"].startswith("/account/confirm/code/")
    door.post(asked["Location"], {"code": code_of(seed, steps=1)})
    assert door.get("/linked-accounts/").status_code == 200


# -- what rests in the database


def test_seeds_rest_encrypted(ana: User, seed: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT data FROM mfa_authenticator ORDER BY type")
        raw = " ".join(str(row[0]) for row in cursor.fetchall())

    recovery = Authenticator.objects.get(type="recovery_codes")
    from allauth.mfa.utils import decrypt

    assert seed not in raw and decrypt(Authenticator.objects.get(type="totp").data["secret"]) == seed
    assert decrypt(recovery.data["seed"]) not in raw


def test_passwords_rest_as_argon2(door: Client, ana: User) -> None:
    new = "another long password of mine"
    door.force_login(ana)
    door.post("/account/password/", {"oldpassword": PASSWORD, "password1": new, "password2": new})

    with connection.cursor() as cursor:
        cursor.execute("SELECT password FROM dashboard_user WHERE id = %s", [ana.pk])
        [raw] = cursor.fetchone()

    assert raw.startswith("argon2$argon2id$") and new not in raw
    ana.refresh_from_db()
    assert ana.check_password(new)


def test_a_seed_moved_to_another_person_opens_for_nobody(ana: User, seed: str) -> None:
    from allauth.mfa.utils import decrypt

    other = people.member("viewer")
    Authenticator.objects.filter(type="totp").update(user=other)

    with pytest.raises(CannotUnseal):
        decrypt(Authenticator.objects.get(type="totp").data["secret"])


def test_a_seed_that_waits_in_the_session_is_encrypted(door: Client, ana: User) -> None:
    give_password(door, ana)
    seed = re.search(r'id="seed">([A-Z2-7]+)<', door.get("/account/app/add/").content.decode())
    assert seed

    held = json.dumps(dict(door.session.items()))

    assert seed[1] not in held and base64.b32decode(seed[1]).hex() not in held


def test_neither_codes_nor_seeds_are_in_the_audit_log(door: Client, ana: User, seed: str) -> None:
    codes = Authenticator.objects.get(type="recovery_codes").wrap().generate_codes()
    give_password(door, ana)
    used = code_of(seed, steps=1)
    door.post(CODE, {"code": used})

    bodies = " ".join(AuditEntry.objects.values_list("body", flat=True))

    assert not [secret for secret in (seed, used, PASSWORD, *codes) if secret in bodies]
    assert verify().ok


def test_a_factor_that_cannot_be_recorded_is_not_added(door: Client, ana: User, settings: Any) -> None:
    give_password(door, ana)
    seed = re.search(r'id="seed">([A-Z2-7]+)<', door.get("/account/app/add/").content.decode())
    assert seed
    settings.AUDIT_KEYS = []

    assert door.post("/account/app/add/", {"code": code_of(seed[1])}).status_code == 503

    assert not Authenticator.objects.exists()


# -- keys of sessions


@pytest.mark.parametrize("proof", ["password", "code"])
def test_the_key_of_a_session_changes_at_every_proof_and_at_the_way_out(
    door: Client, ana: User, seed: str, proof: str
) -> None:
    def key() -> str:
        return door.cookies["sessionid"].value if "sessionid" in door.cookies else ""

    codes = Authenticator.objects.get(type="recovery_codes").wrap().generate_codes()
    door.cookies.clear()
    door.session.save()
    seen = [key()]  # somebody else may have put it there and wait for it to be signed in
    give_password(door, ana)
    seen.append(key())
    door.post(CODE, {"code": codes[0]})
    seen.append(key())
    if proof == "password":
        door.post(CONFIRM, {"password": PASSWORD})
    else:
        door.post("/account/confirm/code/", {"code": codes[1]})
    seen.append(key())
    assert actions()[-1] == "session.confirmed"
    assert UserSession.objects.get(user=ana).session_key == key()
    door.post("/account/logout/")
    seen.append(key())

    assert "" not in seen[:-1] and len(set(seen)) == len(seen), seen
    assert not Session.objects.filter(session_key__in=seen).exists(), "no key opens anything any more"


# -- the time of a session is over


def test_a_session_ends_when_nobody_was_there(door: Client, ana: User) -> None:
    with time_machine.travel("2026-01-01T10:00:00Z", tick=False) as clock:
        door.force_login(ana)
        clock.shift(899)
        assert door.get("/customers/").status_code == 200
        clock.shift(899)
        assert door.get("/customers/").status_code == 200
        clock.shift(900)

        over = door.get("/customers/?page=2")

    assert over["Location"] == "/account/login/?next=%2Fcustomers%2F%3Fpage%3D2&why=idle"
    assert "nobody was there for 15 minutes" in words(door.get(over["Location"]))
    last = AuditEntry.objects.latest("seq")
    assert (last.action, json.loads(last.body)["because"]) == ("session.signed_out", "idle")


def test_both_times_are_settings(door: Client, ana: User, settings: Any) -> None:
    settings.SESSION_IDLE_S, settings.SESSION_MAX_S = 60, 100
    with time_machine.travel("2026-01-01T10:00:00Z", tick=False) as clock:
        ends = []
        for steps in ((61,), (50, 49, 1)):
            door.force_login(ana)
            for seconds in steps:
                clock.shift(seconds)
                last = door.get("/customers/")
            ends.append(last["Location"].partition("why=")[2])

    assert ends == ["idle", "old"]


def test_pages_that_ask_by_themselves_keep_no_session_alive(door: Client, ana: User, emulator: Any) -> None:
    poll = f"/linked-accounts/{make.mirrored().pk}/live/"
    with time_machine.travel("2026-01-01T10:00:00Z", tick=False) as clock:
        door.force_login(ana)
        for _ in range(14):
            clock.shift(60)
            assert door.get(poll, headers=HTMX).status_code == 200
        clock.shift(60)

        over = door.get(poll, headers=HTMX)

    assert over.status_code == 204
    assert over["HX-Redirect"].startswith(LOGIN) and over["HX-Redirect"].endswith("why=idle")


def test_no_session_lasts_longer_than_a_working_day(door: Client, ana: User) -> None:
    with time_machine.travel("2026-01-01T08:00:00Z", tick=False) as clock:
        door.force_login(ana)
        for _ in range(12 * 6 - 1):
            clock.shift(600)
            assert door.get("/account/confirmed/").status_code == 200
        clock.shift(600)

        over = door.get("/customers/")

    assert over["Location"].endswith("why=old")
    assert "12 hours" in words(door.get(over["Location"]))


# -- what bites on the next request


def test_a_role_taken_away_bites_on_the_next_request(door: Client, ana: User) -> None:
    door.force_login(ana)
    assert door.get("/customers/new/").status_code == 200

    ana.groups.set(Group.objects.filter(name="viewer"))

    assert door.get("/customers/new/").status_code == 403


def test_an_account_switched_off_bites_on_the_next_request(door: Client, ana: User) -> None:
    door.force_login(ana)

    User.objects.filter(pk=ana.pk).update(is_active=False)

    over = door.get("/customers/")
    assert over["Location"].startswith(LOGIN)
    assert "Your session has ended" in words(door.get(over["Location"]))


def test_a_changed_password_ends_every_other_session_on_the_next_request(door: Client, ana: User) -> None:
    other = Client()
    other.force_login(ana)
    door.force_login(ana)
    new = "another long password of mine"

    door.post("/account/password/", {"oldpassword": PASSWORD, "password1": new, "password2": new})

    assert door.get("/customers/").status_code == 200
    assert other.get("/customers/")["Location"].startswith(LOGIN)
    assert "password.changed" in actions()


def test_signing_out_everywhere_ends_the_others_and_keeps_this_one(door: Client, ana: User, seed: str) -> None:
    other = Client()
    for number, client in enumerate((door, other)):
        give_password(client, ana)
        codes = Authenticator.objects.get(type="recovery_codes").wrap().generate_codes()
        client.post(CODE, {"code": codes[number]})
    assert "Sign out everywhere else" in words(door.get("/account/sessions/"))

    door.post("/account/sessions/")

    assert door.get("/customers/").status_code == 200
    assert other.get("/customers/")["Location"].startswith(LOGIN)
    ended = AuditEntry.objects.get(action="session.ended")
    assert json.loads(ended.body)["sessions"] == 1


# -- fresh proof


@pytest.mark.parametrize(
    "path", ["app/remove/", "recovery-codes/make/", "recovery-codes/", "passkeys/add/", "password/"]
)
def test_what_changes_how_somebody_signs_in_asks_for_fresh_proof(door: Client, ana: User, seed: str, path: str) -> None:
    door.force_login(ana)
    people.proved(door, ana, "password", "mfa", ago_s=301)

    assert door.get(f"/account/{path}")["Location"] == f"/account/confirm/?next=%2Faccount%2F{path.replace('/', '%2F')}"
    assert door.post(f"/account/{path}", {"oldpassword": PASSWORD}).status_code == 403
    door.post(CONFIRM, {"password": PASSWORD})
    assert door.get(f"/account/{path}").status_code == 200
    assert "session.confirmed" in actions()
    assert "account_reauthentication_state" not in door.session


def test_an_app_is_removed_on_record_and_with_its_recovery_codes(door: Client, ana: User, seed: str) -> None:
    door.force_login(ana)

    assert door.post("/account/app/remove/").status_code == 302

    assert not Authenticator.objects.exists()
    assert actions().count("factor.removed") == 2
    people.proved(door, ana, "password")
    assert door.get("/customers/")["Location"] == "/account/second-factor/"


def test_somebody_elses_passkey_cannot_be_touched(door: Client, ana: User) -> None:
    other = people.member("viewer")
    theirs = Authenticator.objects.create(user=other, type="webauthn", data={"name": "Key", "credential": {}})
    door.force_login(ana)

    for path in ("remove", "rename"):
        assert door.get(f"/account/passkeys/{theirs.pk}/{path}/").status_code == 404
    assert Authenticator.objects.filter(pk=theirs.pk).exists()


def test_no_setting_of_the_door_is_open_by_mistake() -> None:
    assert django_settings.SECOND_FACTOR == "required"
    assert not django_settings.SSO_COUNTS_AS_SECOND_FACTOR
    assert not django_settings.ACCOUNT_SESSION_REMEMBER
