"""The screens of a second person: asking, deciding, looking back, going on alone, and who may see what."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from dashboard.models import Approval, AuditEntry, AuditReview, LinkedAccount, Operation, User
from dashboard.models.operation import State
from dashboard.services import approvals, operations
from tests import people

from . import factories as make
from .pages import HTMX, applied, client_of, digest_in, opened, typed, words

WHY = "The customer asked for it."


@pytest.fixture
def ana(belvo: Any, settings: Any) -> User:
    settings.APPROVALS = ["delete", "webhook_host"]
    make.synced()
    return make.agent()


@pytest.fixture
def bea(ana: User) -> User:
    return people.member("approver", email="bea@desk.example", name="Bea Prado")


@pytest.fixture
def link(ana: User) -> LinkedAccount:
    return make.account_at(make.PLAIN, status="valid")


@pytest.fixture
def asked(ana: User, link: LinkedAccount) -> Approval:
    draft = opened(client_of(ana), link, "delete")
    press_ask(client_of(ana), draft)
    return Approval.objects.get()


def press_ask(client: Any, draft: Operation, **more: Any) -> Any:
    fields = {"confirm_name": draft.account.title, "reason": WHY, "ticket": "T-7", "asks": "delete", **more}
    return applied(client, draft, digest=draft.plan_digest, **fields)


def test_the_form_says_that_it_needs_a_second_person_before_anything_is_pressed(ana: User, link: LinkedAccount) -> None:
    response = client_of(ana).post(f"/linked-accounts/{link.pk}/operations/delete/", headers=HTMX)

    assert "This needs a second person" in words(response) and "Ask for approval" in words(response)
    assert response.content.decode().count('name="reason"') == 1 and 'name="ticket"' in response.content.decode()


def test_asking_needs_a_reason_and_keeps_what_was_typed(ana: User, link: LinkedAccount) -> None:
    desk = client_of(ana)
    draft = opened(desk, link, "delete")

    response = press_ask(desk, draft, reason="  ")

    assert response.status_code == 422 and "Say why" in words(response)
    assert "T-7" in response.content.decode() and not Approval.objects.exists()
    assert "NUL" in words(press_ask(desk, draft, reason="a\0b"))


def test_a_page_from_before_it_was_needed_sends_nothing(ana: User, link: LinkedAccount, settings: Any) -> None:
    settings.APPROVALS = []
    desk = client_of(ana)
    draft = opened(desk, link, "delete")
    settings.APPROVALS = ["delete"]

    response = applied(desk, draft, digest=draft.plan_digest, confirm_name=link.title)

    assert response.status_code == 409 and "This needs a second person" in words(response)
    assert 'name="asks"' in response.content.decode()
    assert Operation.objects.get(pk=draft.pk).state == State.DRAFT


def test_the_requester_sees_it_wait_and_the_account_says_so(ana: User, asked: Approval, bea: User) -> None:
    desk = client_of(ana)

    page = desk.get(f"/operations/{asked.subject_id}/")
    account = desk.get(f"/linked-accounts/{asked.target_id}/")

    for response in (page, account):
        assert "waits for a second person" in words(response) and "Bea Prado" in words(response)
        assert WHY in words(response) and "will be removed" in words(response)


def test_the_approver_sees_the_same_diff_and_approves_with_two_presses(
    ana: User, asked: Approval, bea: User, belvo: Any
) -> None:
    desk = client_of(bea)
    home = desk.get("/linked-accounts/")
    assert re.search(r'href="/approvals/".*?1<span class="vh"> waiting for you', home.content.decode(), re.DOTALL)

    page = desk.get("/approvals/")
    assert "Waiting for you" in words(page) and WHY in words(page) and "T-7" in words(page)
    assert diff_of(page) == diff_of(client_of(ana).get(f"/operations/{asked.subject_id}/"))
    response = desk.post(f"/approvals/{asked.pk}/approve/", follow=True)

    assert "it is carried out now" in words(response) and "Bea Prado" in words(response)
    make.settled(Operation.objects.get(pk=asked.subject_id))
    later = desk.get(f"/approvals/{asked.pk}/")
    assert "Approved and done" in words(later) and asked.digest in words(later)


def diff_of(response: Any) -> str:
    found = re.search(r'<table class="diff">.*?</table>', response.content.decode(), re.DOTALL)
    assert found
    return found[0]


def test_ones_own_request_has_no_button_and_is_refused(asked: Approval, bea: User, belvo: Any) -> None:
    Approval.objects.update(requester=bea)
    desk = client_of(bea)

    assert "/approve/" not in desk.get("/approvals/").content.decode()
    assert "/approve/" not in desk.get(f"/approvals/{asked.pk}/").content.decode()
    response = desk.post(f"/approvals/{asked.pk}/approve/", follow=True)

    assert approvals.OWN in words(response) and Approval.objects.get().state == "open"


def test_declining_says_why(ana: User, asked: Approval, bea: User) -> None:
    desk = client_of(bea)

    empty = desk.post(f"/approvals/{asked.pk}/decline/")
    desk.post(f"/approvals/{asked.pk}/decline/", {"note": "Wrong customer."})

    assert empty.status_code == 422 and "Say why" in words(empty)
    page = client_of(ana).get(f"/operations/{asked.subject_id}/")
    assert "Declined" in words(page) and "Wrong customer." in words(page) and "Nothing was sent" in words(page)


def test_a_changed_target_is_told_on_every_page_and_offers_no_approval(ana: User, asked: Approval, bea: User) -> None:
    LinkedAccount.objects.filter(pk=asked.target_id).update(status="unconfirmed")

    for person, path in (
        (bea, "/approvals/"),
        (bea, f"/approvals/{asked.pk}/"),
        (ana, f"/operations/{asked.subject_id}/"),
    ):
        response = client_of(person).get(path)
        assert "has changed since it was asked" in words(response), path
        assert "/approve/" not in response.content.decode()


@pytest.mark.parametrize("role", ["viewer", "agent", "auditor", "admin", "approver"])
def test_who_may_see_and_do_what(asked: Approval, role: str) -> None:
    person = people.member(role, email="other@desk.example")
    desk = client_of(person)
    sees, decides = role in ("auditor", "approver"), role == "approver"

    assert desk.get("/approvals/").status_code == (403 if role == "viewer" else 200)
    assert desk.get(f"/approvals/{asked.pk}/").status_code == (200 if sees else 404)
    if not decides:
        for verb in ("approve", "decline"):
            assert desk.post(f"/approvals/{asked.pk}/{verb}/", {"note": "no"}).status_code == 403
    assert desk.post(f"/approvals/{asked.pk}/withdraw/").status_code == (302 if sees else 404)
    assert desk.post(f"/approvals/{asked.pk}/alone/").status_code == (302 if sees else 404)
    assert Approval.objects.get().state == "open"


@pytest.mark.parametrize("verb", ["approve", "alone"])
def test_a_stale_proof_of_the_person_is_asked_for_again(asked: Approval, ana: User, bea: User, verb: str) -> None:
    person = bea if verb == "approve" else ana
    person.set_password("correct-horse-battery-lamp")
    person.save()
    desk = client_of(person)
    people.proved(desk, person, "password", "mfa", ago_s=900)

    response = desk.post(f"/approvals/{asked.pk}/{verb}/", {"reason": "x" * 30, "is_sure": "on"})

    assert response.status_code == 403 and "confirm that it is you" in words(response)
    assert Approval.objects.get().state == "open"


def test_requests_are_found_by_person_target_ticket_reason_and_id(asked: Approval, ana: User) -> None:
    desk = client_of(ana)

    for text in ("souza", "T-7", "asked for", str(asked.pk), asked.subject_id, asked.target_id, "belvo"):
        assert f"/approvals/{asked.pk}/" in desk.get("/approvals/", {"q": text}).content.decode(), text
    for query in ({"q": "nobody"}, {"state": "declined"}, {"state": "alone"}):
        assert "No request matches" in words(desk.get("/approvals/", query)), query
    for odd in ({"q": "\0" * 5}, {"state": "x"}, {"after": "x"}, {"before": "bnVsbA"}, {"q": "9" * 500}):
        assert desk.get("/approvals/", odd).status_code == 200, odd


def test_going_on_alone_is_asked_twice_and_everybody_concerned_is_told(
    asked: Approval, ana: User, bea: User, belvo: Any
) -> None:
    desk = client_of(ana)
    page = desk.get(f"/approvals/{asked.pk}/alone/")
    assert "nobody can be reached" in words(page)

    thin = desk.post(f"/approvals/{asked.pk}/alone/", {"reason": "urgent", "is_sure": "on"})
    unsure = desk.post(f"/approvals/{asked.pk}/alone/", {"reason": "Nobody answers and it burns."})
    assert thin.status_code == unsure.status_code == 422 and Approval.objects.get().state == "open"
    desk.post(f"/approvals/{asked.pk}/alone/", {"reason": "Nobody answers and it burns.", "is_sure": "on"})

    make.settled(Operation.objects.get(pk=asked.subject_id))
    loud = f"Ana Souza <ana@desk.example> went on alone: {asked.summary}"
    told = {role: people.member(role, email=f"{role}@other.example") for role in people.ROLES}
    for role, person in told.items():
        found = loud in words(client_of(person).get("/linked-accounts/"))
        assert found == (role in ("approver", "auditor", "admin")), role
    assert "Done by one person alone" in words(client_of(bea).get("/approvals/", {"state": "alone"}))
    entry = AuditEntry.objects.get(action="approval.broken_glass")
    review = AuditReview.objects.create(seq=entry.seq, at=timezone.now(), action=entry.action, rank=1, is_urgent=True)
    assert loud in words(client_of(bea).get("/linked-accounts/"))
    AuditReview.objects.filter(pk=review.pk).update(state="reviewed")
    assert loud not in words(client_of(bea).get("/linked-accounts/"))
    AuditReview.objects.filter(pk=review.pk).update(state="flagged")
    with time_machine.travel(timezone.now() + timedelta(hours=25), tick=False):
        assert loud not in words(client_of(bea).get("/linked-accounts/"))


def test_a_poll_is_silent_until_somebody_decides(ana: User, asked: Approval, bea: User) -> None:
    desk = client_of(ana)
    page = desk.get(f"/operations/{asked.subject_id}/").content.decode()
    found = re.search(r'hx-get="([^"]*status[^"]*)"', page)
    assert found and desk.get(found[1], headers=HTMX).status_code == 204

    approvals.decline(asked, actor=bea, note="No.")

    assert "Declined" in words(desk.get(found[1], headers=HTMX))


def test_every_step_is_an_entry_that_carries_the_request(asked: Approval, bea: User, belvo: Any) -> None:
    client_of(bea).post(f"/approvals/{asked.pk}/approve/")
    make.settled(Operation.objects.get(pk=asked.subject_id))

    auditor = client_of(people.member("auditor"))
    found = words(auditor.get("/audit/", {"q": f"approval:{asked.pk}"}))

    for step in ("Asked for a second person", "Approved what another person asked for", "Meant to send a change"):
        assert step in found
    assert AuditEntry.objects.filter(body__contains=str(asked.pk)).count() >= 4


def test_a_withdrawn_request_can_be_asked_for_again(ana: User, asked: Approval) -> None:
    desk = client_of(ana)

    response = desk.post(f"/operations/{asked.subject_id}/cancel/", headers=HTMX)
    assert "Withdrawn" in words(response) and "Ask again" in words(response)
    again = desk.post(f"/operations/{asked.subject_id}/again/", headers=HTMX)

    assert "Ask for approval" in words(again)
    assert operations.waiting_of(LinkedAccount.objects.get(pk=asked.target_id)) is None


def test_while_typing_the_reason_survives_a_new_plan(belvo: Any, ana: User, link: LinkedAccount) -> None:
    desk = client_of(ana)
    draft = opened(desk, link, "delete")

    response = typed(desk, draft, reason="half a sent")

    assert digest_in(response) and "half a sent" in response.content.decode()
