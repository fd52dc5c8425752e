"""Staff as admins manage them: invited, given roles under four eyes, kept out; each on record, nobody on their own."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client, RequestFactory
from django.urls import reverse

from dashboard.models import Approval, AuditEntry, Invitation, User
from dashboard.request_log import RequestLogMiddleware, drop_request_objects
from dashboard.services import access_review, approvals, invitations, staff
from dashboard.services.approvals import Decided, NotDecided
from tests import people

pytestmark = pytest.mark.django_db
PASSWORD = "a long password of mine"
INVITE = {"name": "Nina New", "email": "Nina@desk.example", "roles": ["agent"], "reason": "Starts on Monday"}


@pytest.fixture
def admin() -> User:
    return people.member("admin")


@pytest.fixture
def desk(client: Client, admin: User) -> Client:
    client.force_login(admin)
    return client


def address_in(response: Any) -> str:
    return str(response.content.decode().split('id="invitation-address">')[1].split("<")[0])


def invited(desk: Client) -> tuple[User, str]:
    response = desk.post(reverse("staff-create"), INVITE)
    assert response.status_code == 201
    return User.objects.get(email="nina@desk.example"), address_in(response)


def last_entry(action: str) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads(AuditEntry.objects.filter(action=action).latest("seq").body)
    return facts


def test_an_invited_person_chooses_a_password_and_signs_in(desk: Client) -> None:
    person, address = invited(desk)
    guest = Client()

    assert guest.get(address).status_code == guest.get(address).status_code == 200, "looking uses nothing up"
    joined = guest.post(address, {"password1": PASSWORD, "password2": PASSWORD})

    assert joined["Location"] == reverse("account_login")
    person.refresh_from_db()
    assert person.check_password(PASSWORD)
    assert guest.get(address).status_code == guest.post(address, {"password1": PASSWORD}).status_code == 410
    assert [entry.action for entry in AuditEntry.objects.filter(action__startswith="staff.").order_by("seq")] == [
        "staff.invited",
        "staff.roles_changed",
        "staff.joined",
    ]


def test_the_key_of_a_link_is_kept_nowhere(desk: Client) -> None:
    _, address = invited(desk)
    key = address.rstrip("/").rpartition("/")[2]

    kept = [
        *Invitation.objects.values_list("key_digest", flat=True),
        *AuditEntry.objects.values_list("body", flat=True),
    ]

    assert not any(key in text for text in kept)
    assert (
        key
        not in desk.get(reverse("staff-detail", args=[User.objects.get(email="nina@desk.example").pk])).content.decode()
    )


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        ("short", "short", "12 characters"),
        (PASSWORD, PASSWORD + "x", "not the same password"),
        ("nina@desk.example", "nina@desk.example", "too similar"),
        ("", "", "required"),
    ],
)
def test_a_password_that_does_not_do_is_told_and_never_shown(desk: Client, first: str, second: str, said: str) -> None:
    _, address = invited(desk)

    response = Client().post(address, {"password1": first, "password2": second})

    assert response.status_code == 422
    assert said in response.content.decode()
    assert not first or f'value="{first}"' not in response.content.decode().replace('name="username" value', "")


@pytest.mark.parametrize(
    "wrong", [{"email": "no address"}, {"name": " \u202e "}, {"roles": []}, {"roles": ["king"]}, {"reason": ""}]
)
def test_what_is_wrong_with_an_invitation_is_told_and_nobody_is_added(desk: Client, wrong: dict[str, Any]) -> None:
    response = desk.post(reverse("staff-create"), INVITE | wrong)

    assert response.status_code == 422
    assert not User.objects.filter(email="nina@desk.example").exists()


def test_an_address_belongs_to_one_person(desk: Client) -> None:
    invited(desk)

    response = desk.post(reverse("staff-create"), INVITE | {"email": "NINA@desk.example"})

    assert response.status_code == 422
    assert "has this address already" in response.content.decode()


def test_roles_wait_for_a_second_person(desk: Client, settings: Any) -> None:
    settings.APPROVALS = ["roles"]
    person, _ = invited(desk)
    assert staff.find("").get(pk=person.pk).groups.count() == 0, "an admin alone makes no agent"
    pending = Approval.objects.get()

    answer = approvals.approve(pending, actor=people.member("approver"))

    assert isinstance(answer, Decided)
    assert [group.name for group in person.groups.all()] == ["agent"]
    changed = last_entry("staff.roles_changed")
    assert changed["approval"] == str(pending.pk)
    [change] = changed["changes"]
    assert (change["field"], change["before"], change["after"]) == ("roles", "none", "agent")
    auditor = Client()
    auditor.force_login(people.member("auditor"))
    seq = AuditEntry.objects.get(action="staff.roles_changed").seq
    assert f'id="entry-{seq}"' in auditor.get("/audit/", {"q": "field:roles after:agent"}).content.decode()


def test_nobody_approves_roles_of_their_own(desk: Client, settings: Any) -> None:
    settings.APPROVALS = ["roles"]
    approver = people.member("approver")
    desk.post(reverse("staff-set-roles", args=[approver.pk]), {"roles": ["approver", "admin"], "reason": "promoted"})

    answer = approvals.approve(Approval.objects.get(), actor=approver)

    assert isinstance(answer, NotDecided) and "your own roles" in answer.why
    assert [group.name for group in approver.groups.all()] == ["approver"]


def test_roles_that_changed_meanwhile_void_the_request(desk: Client, settings: Any) -> None:
    settings.APPROVALS = ["roles"]
    person, _ = invited(desk)
    User.objects.filter(pk=person.pk).update(is_active=False)

    assert isinstance(approvals.approve(Approval.objects.get(), actor=people.member("approver")), NotDecided)
    assert Approval.objects.get().state == "void"


def test_nobody_changes_or_disables_themselves(desk: Client, admin: User) -> None:
    people.member("admin", email="other@desk.example")

    for name, data in [("staff-set-roles", {"roles": ["agent"], "reason": "x"}), ("staff-disable", {})]:
        assert desk.post(reverse(name, args=[admin.pk]), data).status_code == 409

    admin.refresh_from_db()
    assert admin.is_active and [group.name for group in admin.groups.all()] == ["admin"]


def test_the_last_admin_stays(admin: User) -> None:
    other = people.member("admin", email="other@desk.example")
    staff.disable(admin, actor=other)

    with pytest.raises(staff.CannotChange, match="last administrator"):
        staff.disable(other, actor=admin)


def test_a_disabled_person_is_out_at_once_and_so_is_the_link(desk: Client) -> None:
    person, address = invited(desk)
    there = Client()
    there.force_login(person)
    assert there.get("/customers/").status_code == 200

    desk.post(reverse("staff-disable", args=[person.pk]))

    assert there.get("/customers/").status_code == 302
    assert Client().get(address).status_code == 410
    desk.post(reverse("staff-enable", args=[person.pk]))
    assert there.get("/customers/").status_code == 302, "the old session does not come back to life"


def test_a_new_link_ends_the_one_before(desk: Client) -> None:
    person, address = invited(desk)

    again = address_in(desk.post(reverse("staff-link", args=[person.pk])))

    assert Client().get(address).status_code == 410
    assert Client().get(again).status_code == 200
    assert invitations.find("x" * 40) is invitations.find("\x00") is None


def test_a_lost_phone_is_reset_with_everything_it_opened(desk: Client) -> None:
    from allauth.mfa.models import Authenticator

    person = people.member("agent")
    url = reverse("staff-reset-factor", args=[person.pk])
    assert desk.post(url, {"reason": "rang, known voice"}).status_code == 409
    Authenticator.objects.create(user=person, type="totp", data={})

    assert desk.post(url).status_code == 422
    assert desk.post(url, {"reason": "rang, known voice"}).status_code == 302

    assert not Authenticator.objects.filter(user=person).exists()
    assert last_entry("staff.factor_reset")["removed"] == "totp"


def test_one_admin_alone_does_not_take_over_an_approver(desk: Client, settings: Any) -> None:
    from allauth.mfa.models import Authenticator

    settings.APPROVALS = ["second_factor"]
    approver = people.member("approver")
    Authenticator.objects.create(user=approver, type="totp", data={})

    desk.post(reverse("staff-reset-factor", args=[approver.pk]), {"reason": "so that I can be them"})

    assert Authenticator.objects.filter(user=approver).exists()
    second = people.member("approver", email="second@desk.example")
    assert isinstance(approvals.approve(Approval.objects.get(), actor=second), Decided)
    assert not Authenticator.objects.filter(user=approver).exists()


@pytest.mark.parametrize(
    "path", ["/staff/99999999999999999999/", "/staff/?q=%00%ff", "/staff/?after=x", "/invitation/%00/"]
)
def test_garbage_is_no_mistake_of_ours(desk: Client, path: str) -> None:
    assert desk.get(path).status_code in (200, 404, 410)


def test_the_list_shows_who_can_do_what(desk: Client) -> None:
    people.member("agent", name="Ágnes <b>Long</b>")

    html = desk.get(reverse("staff-list"), {"q": "long"}).content.decode()

    assert "Ágnes &lt;b&gt;Long&lt;/b&gt;" in html and "agent" in html and "Invited" in html
    assert "Nobody matches" in desk.get(reverse("staff-list"), {"q": "zzz"}).content.decode()


def test_the_access_review_tells_what_was_never_used(desk: Client, admin: User) -> None:
    agent = people.member("agent")
    worker = Client()
    worker.force_login(agent)
    worker.post(reverse("customer-create"), {"reference": "cust-1", "name": "=1+1", "email": ""})

    page = desk.get(reverse("access-review")).content.decode()
    lines = b"".join(desk.get(reverse("access-review-file")).streaming_content).decode().splitlines()

    assert "repair linked accounts: <strong>never</strong>" in page
    mine = {line.split(",")[5]: line.split(",")[6] for line in lines if "agent@desk" in line}
    assert mine["repair_linkedaccount"] == "never" and mine["change_customer"] != "never"
    assert AuditEntry.objects.filter(action="staff.reviewed", actor_id=str(admin.pk)).count() == 2


def test_what_is_blank_in_the_access_review_stays_blank() -> None:
    User.objects.create_user("blank@desk.example", None, name="")

    lines = list(access_review.as_csv())

    assert lines[1] == ",blank@desk.example,active,no,none,,,never\r\n"


def test_the_key_of_a_link_is_in_no_log() -> None:
    request = RequestFactory().get("/invitation/the-key/")
    theirs = {"event": "Gone: /repair/the-key/"}

    assert RequestLogMiddleware.format_request(request) == "GET /invitation/…/"
    assert drop_request_objects(None, "warning", theirs) == {"event": "Gone: /repair/…/"}


def test_auditors_may_read_the_access_review_and_nothing_else_there(client: Client) -> None:
    client.force_login(people.member("auditor"))

    assert client.get(reverse("access-review")).status_code == 200
    assert client.get(reverse("staff-list")).status_code == 403


def test_the_first_admin_is_made_on_the_server(capsys: Any) -> None:
    call_command("make_staff", "Olga@desk.example", "--role", "admin", "--role", "approver")

    said = capsys.readouterr().out
    person = User.objects.get(email="olga@desk.example")
    assert sorted(group.name for group in person.groups.all()) == ["admin", "approver"]
    assert Client().get(said.split()[-1]).status_code == 200
    assert AuditEntry.objects.get(action="staff.roles_changed").actor == "Somebody on the server"
    with pytest.raises(CommandError, match="no e-mail address"):
        call_command("make_staff", "olga", "--role", "admin")


def test_the_server_takes_the_role_from_the_last_admin_only_if_that_is_meant(capsys: Any) -> None:
    call_command("make_staff", "olga@desk.example", "--role", "admin")
    person = User.objects.get(email="olga@desk.example")
    link = Invitation.objects.get(user=person)
    entries = AuditEntry.objects.count()

    with pytest.raises(CommandError, match=r"olga@desk\.example is the last administrator"):
        call_command("make_staff", "olga@desk.example", "--role", "approver")
    assert [group.name for group in person.groups.all()] == ["admin"]
    assert Invitation.objects.get(user=person) == link and AuditEntry.objects.count() == entries

    call_command("make_staff", "olga@desk.example", "--role", "approver", "--leave-no-admin")
    assert [group.name for group in person.groups.all()] == ["approver"]

    call_command("make_staff", "olga@desk.example", "--role", "admin")
    call_command("make_staff", "paul@desk.example", "--role", "admin")
    call_command("make_staff", "olga@desk.example", "--role", "agent")
    assert [group.name for group in person.groups.all()] == ["agent"], "another one is left"
