"""The screens of a write: form, plan, progress, room, receipt, and every reason why nothing was sent."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
import time_machine
from django.utils import timezone

from dashboard.models import Operation
from dashboard.models.operation import State
from dashboard.services import executor, operations
from providers.sandbox import Fault
from tests import people

from . import factories as make
from .pages import HTMX, applied, client_of, digest_in, has, opened, typed, words

CANARY = "Canary0passw0rd"


@pytest.fixture
def ana(belvo: Any) -> Any:
    make.synced()
    return make.agent()


@pytest.fixture
def desk(ana: Any) -> Any:
    return client_of(ana)


@pytest.fixture
def account(ana: Any) -> Any:
    return make.account_at(make.PLAIN, status="invalid")


@pytest.fixture
def room(ana: Any) -> Operation:
    return make.repaired(make.account_at(make.ASKS_FOR_NUMBER), ana)


def sent(belvo: Any, method: str = "PUT") -> int:
    return sum(effect["method"] == method for effect in belvo.effects())


def status_of(client: Any, operation: Operation, since: str = "") -> Any:
    return client.get(f"/operations/{operation.pk}/status/?since={since}", headers=HTMX)


# -- draft and plan


def test_the_button_makes_a_draft_in_the_page_and_sends_nothing(desk: Any, account: Any, belvo: Any) -> None:
    response = desk.post(f"/linked-accounts/{account.pk}/operations/credentials/", headers=HTMX)

    assert response.status_code == 200
    assert has(response, "operation-panel") and has(response, "operation-plan")
    assert "<html" not in response.content.decode()
    assert Operation.objects.get(account=account).state == State.DRAFT
    assert sent(belvo) == 0


def test_without_htmx_the_button_leads_to_the_operations_page(desk: Any, account: Any) -> None:
    response = desk.post(f"/linked-accounts/{account.pk}/operations/credentials/", follow=True)

    assert response.redirect_chain[0][0] == f"/operations/{Operation.objects.get(account=account).pk}/"
    assert "Update credentials" in words(response) and "Nothing is sent yet" in words(response)


def test_a_get_makes_no_draft(desk: Any, account: Any) -> None:
    response = desk.get(f"/linked-accounts/{account.pk}/operations/credentials/")

    assert (response.status_code, response["Location"]) == (302, f"/linked-accounts/{account.pk}/")
    assert desk.delete(f"/linked-accounts/{account.pk}/operations/credentials/").status_code == 405
    assert not Operation.objects.exists()


def test_what_makes_no_sense_now_says_why(desk: Any, account: Any) -> None:
    response = desk.post(f"/linked-accounts/{account.pk}/operations/refresh/", headers=HTMX)

    assert response.status_code == 409
    assert "Belvo refreshes no invalid link" in words(response) and "Nothing was sent" in words(response)


@pytest.mark.parametrize("action", ["no-such-action", "x" * 50])
def test_an_unknown_action_is_refused_in_words(desk: Any, account: Any, action: str) -> None:
    for headers in (HTMX, {}):
        response = desk.post(f"/linked-accounts/{account.pk}/operations/{action}/", headers=headers)
        assert response.status_code == 409
        assert "has no such action" in words(response)


def test_the_plan_says_that_a_new_password_is_given_and_not_which(desk: Any, account: Any) -> None:
    draft = opened(desk, account, "credentials")

    response = typed(desk, draft, password=CANARY)

    assert has(response, "operation-plan") and not has(response, "operation-panel")
    assert "a new one is given" in words(response)
    assert CANARY not in response.content.decode()
    assert "disabled" not in response.content.decode()


def test_a_plan_of_nothing_cannot_be_applied(desk: Any, account: Any) -> None:
    response = typed(desk, opened(desk, account, "credentials"))

    assert "Nothing yet" in words(response)
    assert re.search(r"data-apply\s+disabled", response.content.decode())


def test_a_setting_shows_before_after_and_what_it_costs(desk: Any, belvo: Any) -> None:
    account = make.account_at(make.PLAIN, status="valid", kept=True)
    draft = opened(desk, account, "settings")

    mode = "single" if account.body["access_mode"] == "recurrent" else "recurrent"
    response = typed(desk, draft, access_mode=mode, stale_in="30")

    assert "Keep data for (days)" in words(response) and "30 days" in words(response)
    assert "Belvo will delete data earlier" in words(response)


def test_what_does_not_fit_is_said_in_the_plan_while_typing(desk: Any, account: Any) -> None:
    response = typed(desk, opened(desk, account, "credentials"), password="not/allowed")

    assert "1 y 16 caracteres" in words(response)


def test_reviewing_without_javascript_shows_the_plan_and_asks_for_the_secret_again(desk: Any, account: Any) -> None:
    draft = opened(desk, account, "credentials")

    response = typed(desk, draft, htmx=False, password=CANARY)

    assert response.status_code == 200 and "<html" in response.content.decode()
    assert "a new one is given" in words(response)
    assert CANARY not in response.content.decode()
    assert 'type="password"' in response.content.decode()


# -- apply


def test_apply_sends_once_and_ends_in_a_receipt(desk: Any, account: Any, belvo: Any) -> None:
    draft = opened(desk, account, "credentials")

    response = applied(desk, draft, password=CANARY)

    assert "Sent, waiting for Belvo" in words(response)
    assert make.settled(draft).state == State.DONE
    receipt = status_of(desk, draft)
    assert "Done, and it works" in words(receipt) and "Verified healthy at" in words(receipt)
    assert receipt["HX-Trigger"] == "account-changed"
    assert CANARY not in receipt.content.decode()
    assert sent(belvo) == 1


def test_without_javascript_apply_leads_to_the_operations_page(desk: Any, account: Any, belvo: Any) -> None:
    draft = opened(desk, account, "credentials")
    digest = digest_in(typed(desk, draft, htmx=False, password=CANARY))

    response = applied(desk, draft, htmx=False, digest=digest, password=CANARY)

    assert (response.status_code, response["Location"]) == (302, f"/operations/{draft.pk}/")
    make.settled(draft)
    assert "Verified healthy at" in words(desk.get(f"/operations/{draft.pk}/"))


def test_a_second_click_shows_the_present_state_and_sends_nothing(desk: Any, account: Any, belvo: Any) -> None:
    draft = opened(desk, account, "credentials")
    digest = digest_in(typed(desk, draft, password=CANARY))
    applied(desk, draft, digest=digest, password=CANARY)

    again = applied(desk, draft, digest=digest, password=CANARY)
    make.settled(draft)
    later = applied(desk, draft, digest=digest, password=CANARY)

    assert again.status_code == later.status_code == 200
    assert "Verified healthy at" in words(later)
    assert sent(belvo) == 1


@pytest.mark.parametrize("digest", ["", "0" * 64, "x" * 10_240])
def test_another_plan_than_the_one_seen_is_shown_instead_of_sent(
    desk: Any, account: Any, belvo: Any, digest: str
) -> None:
    draft = opened(desk, account, "credentials")

    response = applied(desk, draft, digest=digest, password=CANARY)

    assert response.status_code == 409
    assert response["HX-Retarget"] == "#operation-plan"
    assert "The plan is not the one you saw" in words(response)
    assert digest_in(response) and sent(belvo) == 0
    assert Operation.objects.get(pk=draft.pk).state == State.DRAFT


def test_the_plan_shown_instead_can_be_applied(desk: Any, account: Any) -> None:
    draft = opened(desk, account, "credentials")
    shown = applied(desk, draft, digest="stale", password=CANARY)

    applied(desk, draft, digest=digest_in(shown), password=CANARY)

    assert make.settled(draft).state == State.DONE


def test_a_missing_password_is_told_at_its_field_and_morphed_in(desk: Any, account: Any, belvo: Any) -> None:
    draft = opened(desk, account, "credentials")

    response = applied(desk, draft, digest="", password="")

    assert response.status_code == 422
    assert response["HX-Reswap"] == "outerMorph"
    assert 'aria-invalid="true"' in response.content.decode() and "is needed" in words(response)
    assert sent(belvo) == 0


@pytest.mark.parametrize("password", ["a\0b", "x" * 10_240, "\u202e", "\ud800"])
def test_odd_passwords_get_a_clear_answer(desk: Any, account: Any, belvo: Any, password: str) -> None:
    draft = opened(desk, account, "credentials")

    body = urlencode({"digest": "", "field-password": password.encode("utf-8", "surrogatepass")})
    form = "application/x-www-form-urlencoded"
    response = desk.post(f"/operations/{draft.pk}/apply/", body, content_type=form, headers=HTMX)

    assert response.status_code in (409, 422)
    assert sent(belvo) == 0


def test_nothing_typed_is_nothing_sent(desk: Any, belvo: Any) -> None:
    account = make.account_at(make.PLAIN, status="valid")
    draft = opened(desk, account, "settings")
    body = account.body
    same = {
        "access_mode": body["access_mode"] or "",
        "stale_in": (body.get("stale_in") or "").removesuffix("d"),
        "fetch_resources": body.get("fetch_resources") or [],
    }

    response = applied(desk, draft, digest="", **same)

    assert response.status_code == 422
    assert "There is nothing to send" in words(response)


def test_who_holds_the_account_is_named(desk: Any, belvo: Any) -> None:
    account = make.account_at(make.ASKS_FOR_NUMBER)
    draft = opened(desk, account, "credentials")
    holder = make.repaired(account, make.agent("Bruno Dias", "bruno@desk.example"))

    response = applied(desk, draft, password="good1")

    assert response.status_code == 409
    assert "Bruno Dias is working on this now" in words(response)
    assert f"/operations/{holder.pk}/" in response.content.decode()
    assert sent(belvo) == 0 or Operation.objects.get(pk=draft.pk).state == State.DRAFT


def test_a_full_executor_says_busy_and_sends_nothing(desk: Any, account: Any, belvo: Any, settings: Any) -> None:
    draft = opened(desk, account, "credentials")
    slots = [slot for slot in (executor.reserve() for _ in range(settings.EXECUTOR_THREADS)) if slot]
    try:
        response = applied(desk, draft, password=CANARY)
    finally:
        for slot in slots:
            slot.release()

    assert response.status_code == 503
    assert "Linkdesk is busy" in words(response)
    assert Operation.objects.get(pk=draft.pk).state == State.DRAFT


@pytest.mark.parametrize("verb", ["preview", "apply", "token", "cancel", "again"])
def test_coming_back_to_a_forms_address_leads_to_the_operation(desk: Any, account: Any, verb: str) -> None:
    draft = opened(desk, account, "credentials")

    response = desk.get(f"/operations/{draft.pk}/{verb}/")

    assert (response.status_code, response["Location"]) == (302, f"/operations/{draft.pk}/")
    assert Operation.objects.get(pk=draft.pk).state == State.DRAFT


# -- roles, strangers, bad addresses


@pytest.mark.parametrize("role", ["viewer", "auditor", "admin"])
def test_who_may_not_repair_sees_no_action_and_is_refused(room: Operation, belvo: Any, role: str) -> None:
    client = client_of(people.member(role))
    account = make.account_at(make.PLAIN, status="invalid")

    page = client.get(f"/operations/{room.pk}/")
    detail = client.get(f"/linked-accounts/{account.pk}/")
    denied = [
        client.post(f"/linked-accounts/{account.pk}/operations/credentials/"),
        *[client.post(f"/operations/{room.pk}/{verb}/") for verb in ("preview", "apply", "token", "cancel", "again")],
    ]

    assert page.status_code == detail.status_code == 200
    assert "/token/" not in page.content.decode() and "/operations/credentials/" not in detail.content.decode()
    challenge = operations.challenge_of(room)
    assert challenge is not None and challenge.value not in page.content.decode()
    assert [response.status_code for response in denied] == [403] * 6
    assert Operation.objects.get(pk=room.pk).state == State.AWAITING_TOKEN


@pytest.mark.parametrize("verb", ["", "status/"])
def test_an_unknown_operation_is_not_found(desk: Any, verb: str) -> None:
    unknown = "00000000-0000-4000-8000-000000000000"

    assert desk.get(f"/operations/{unknown}/{verb}").status_code == 404
    assert desk.post(f"/operations/{unknown}/apply/").status_code == 404
    assert desk.get(f"/linked-accounts/{unknown}/").status_code == 404
    assert desk.get("/operations/not-an-id/").status_code == 404


def test_pages_with_a_secret_form_are_kept_by_no_cache(desk: Any, account: Any) -> None:
    draft = opened(desk, account, "credentials")

    for response in (desk.get(f"/operations/{draft.pk}/"), typed(desk, draft, password=CANARY)):
        assert "no-store" in response["Cache-Control"]


# -- progress


def test_the_poll_is_silent_while_nothing_changes(desk: Any, room: Operation) -> None:
    response = status_of(desk, room, since=f"{room.version}.{room.state}")

    assert (response.status_code, response.content) == (204, b"")


def test_a_status_address_opened_by_hand_leads_to_the_page(desk: Any, room: Operation) -> None:
    assert desk.get(f"/operations/{room.pk}/status/")["Location"] == f"/operations/{room.pk}/"


# -- the room


def test_the_room_says_who_what_and_how_long(desk: Any, room: Operation) -> None:
    challenge = operations.challenge_of(room)
    assert challenge is not None

    page = desk.get(f"/linked-accounts/{room.account_id}/")

    assert has(page, "mfa-room")
    assert challenge.instructions in words(page) and challenge.value in words(page)
    assert 'autocomplete="one-time-code"' in page.content.decode() and 'inputmode="numeric"' in page.content.decode()
    assert re.search(r'data-countdown="7\d\d"', page.content.decode())
    assert "No code was sent yet" in words(page)


def test_a_room_that_another_tab_answered_does_not_stay(desk: Any, room: Operation) -> None:
    page = desk.get(f"/operations/{room.pk}/")
    asked = re.search(r'hx-get="([^"]*status[^"]*)"[^>]*hx-trigger="every 5s"', page.content.decode())
    assert asked and desk.get(asked[1], headers=HTMX).status_code == 204

    answer(desk, room, make.GOOD_CODE)
    make.settled(room)

    assert "Verified healthy" in words(desk.get(asked[1], headers=HTMX))


def test_a_room_without_a_code_speaks_of_none(ana: Any, desk: Any) -> None:
    room = make.repaired(make.account_at("rohan_mx_retail"), ana)

    assert "The institution was not asked yet" in words(desk.get(f"/operations/{room.pk}/"))
    assert "code was sent" not in words(desk.get(f"/operations/{room.pk}/"))


def answer(client: Any, room: Operation, code: str, **more: str) -> Any:
    data = {"code": code, "attempt": str(room.tokens_sent), **more}
    return client.post(f"/operations/{room.pk}/token/", data, headers=HTMX)


def test_the_right_code_ends_in_the_receipt(desk: Any, room: Operation) -> None:
    answer(desk, room, "111 111")

    assert make.settled(room).state == State.DONE
    assert "Verified healthy" in words(status_of(desk, room))
    assert "1 code sent" in words(status_of(desk, room))


def test_a_wrong_code_keeps_the_room_with_the_new_challenge(desk: Any, room: Operation) -> None:
    before = operations.challenge_of(room)
    answer(desk, room, "999999")
    after = operations.challenge_of(make.settled(room))
    assert before is not None and after is not None

    page = status_of(desk, room)

    assert has(page, "mfa-room") and "did not accept that code" in words(page)
    assert after.value in words(page) and after.value != before.value
    assert "999999" not in page.content.decode()


@pytest.mark.parametrize(("code", "sentence"), [("12a", "Use digits only."), ("", "Type the code"), ("1\0", "NUL")])
def test_a_code_that_cannot_be_right_is_not_sent(desk: Any, room: Operation, code: str, sentence: str) -> None:
    response = answer(desk, room, code)

    assert response.status_code == 422
    assert sentence in words(response) and has(response, "mfa-room")
    assert Operation.objects.get(pk=room.pk).tokens_sent == 0


def test_a_code_typed_for_an_earlier_challenge_is_not_sent(desk: Any, room: Operation) -> None:
    answer(desk, room, "999999")
    make.settled(room)

    response = answer(desk, room, "111111", attempt="0")

    assert response.status_code == 410
    assert "typed for an earlier challenge" in words(response)
    assert Operation.objects.get(pk=room.pk).tokens_sent == 1


def test_a_code_for_a_room_that_is_closed_is_gone(desk: Any, room: Operation) -> None:
    desk.post(f"/operations/{room.pk}/cancel/", headers=HTMX)

    response = answer(desk, room, "111111")

    assert response.status_code == 410
    assert "Cancelled" in words(response)


def test_a_lost_session_is_told_and_begins_again_with_the_password(desk: Any, room: Operation) -> None:
    answer(desk, room, "222222")
    assert make.settled(room).state == State.REFUSED

    card = status_of(desk, room)
    again = desk.post(f"/operations/{room.pk}/again/", headers=HTMX)

    assert has(card, "outcome-card") and "begin again" in words(card).lower()
    assert has(again, "operation-form") and "Secrets were not kept" in words(again)
    assert Operation.objects.filter(previous=room, state=State.DRAFT).exists()


def test_beginning_again_leaves_the_room(desk: Any, room: Operation) -> None:
    response = desk.post(f"/operations/{room.pk}/again/", headers=HTMX)

    assert has(response, "operation-form")
    assert Operation.objects.get(pk=room.pk).state == State.CANCELLED


# -- what did not work


@pytest.mark.parametrize(
    ("password", "heading", "who"),
    [
        ("wrong", "Refused", "The customer"),
        ("locked", "Refused", "The customer"),
        ("our_keys", "The provider refuses our keys", "An administrator of Linkdesk"),
        ("inactive", "Refused", "The provider"),
    ],
)
def test_each_failure_says_what_whether_and_who(desk: Any, account: Any, password: str, heading: str, who: str) -> None:
    draft = opened(desk, account, "credentials")
    applied(desk, draft, password=password)
    make.settled(draft)

    card = status_of(desk, draft)

    assert has(card, "outcome-card")
    assert heading in words(card) and f"Who must act {who}" in words(card)
    assert "othing was" in words(card)
    assert f'data-copy="{Operation.objects.get(pk=draft.pk).outcome["request_id"]}"' in card.content.decode()


def test_a_field_error_is_told_once_and_by_its_label(desk: Any, account: Any) -> None:
    draft = opened(desk, account, "credentials")
    applied(desk, draft, password="validation_error")
    make.settled(draft)
    again = opened(desk, account, "credentials")
    applied(desk, again, password="invalid")
    make.settled(again)

    whole, single = words(status_of(desk, draft)), words(status_of(desk, again))

    assert (
        whole.count("does not have the form that the institution expects") == 1 and "Belvo says: Bad request" in whole
    )
    assert "senha : Belvo does not accept this value" in single


def test_only_refused_keys_are_called_a_matter_of_keys(desk: Any, account: Any) -> None:
    draft = opened(desk, account, "credentials")
    applied(desk, draft, password="invalid_period")
    make.settled(draft)

    card = words(status_of(desk, draft))

    assert "Who must act An administrator of Linkdesk Next This is a fault of Linkdesk" in card


def test_field_errors_of_the_remote_stand_at_their_fields_in_a_new_draft(desk: Any, account: Any) -> None:
    draft = opened(desk, account, "credentials")
    applied(desk, draft, password="two_errors")
    assert make.settled(draft).outcome["type"] == "field_errors"

    response = desk.post(f"/operations/{draft.pk}/again/", headers=HTMX)

    assert 'aria-invalid="true"' in response.content.decode()
    assert "Invalid format" in words(response)


def test_an_answer_that_never_came_is_told_as_not_known(desk: Any, account: Any, belvo: Any) -> None:
    belvo.faults.add(Fault("apply_then_cut", "PUT"))
    belvo.faults.add(Fault("answer", "GET", times=20))
    draft = opened(desk, account, "credentials")
    applied(desk, draft, password=CANARY)
    assert make.settled(draft).state == State.UNKNOWN

    card = status_of(desk, draft)

    assert words(card).count("We do not know whether") == 1
    assert "We do not know whether the password was changed. Checking now." in words(card)
    assert "every 3s" in card.content.decode() and "/again/" not in card.content.decode()
    assert sent(belvo) == 1


@pytest.mark.parametrize("password", ["unexpected", "no_service", "proxy_error"])
def test_after_a_5xx_both_cards_say_until_when_the_account_is_held(desk: Any, account: Any, password: str) -> None:
    draft = opened(desk, account, "credentials")
    applied(desk, draft, password=password)
    unknown = make.settled(draft)
    until = timezone.localtime(unknown.sent_at + timedelta(seconds=310))

    told = f"Linkdesk checks until {until:%H:%M %Z} at the latest; nothing else can be started"

    assert unknown.state == State.UNKNOWN
    assert told in words(status_of(desk, draft))
    page = words(desk.get(f"/linked-accounts/{account.pk}/"))
    assert page.count(told) == 2


def test_a_check_that_is_overdue_says_whom_to_tell(desk: Any, account: Any) -> None:
    draft = opened(desk, account, "credentials")
    applied(desk, draft, password="unexpected")
    unknown = make.settled(draft)

    with time_machine.travel(unknown.sent_at + timedelta(minutes=10)):
        card = words(status_of(desk, draft))

    assert "The last check is due." in card and "tell an administrator" in card


def test_a_password_that_the_provider_repeats_is_not_shown(desk: Any, account: Any) -> None:
    draft = opened(desk, account, "credentials")
    applied(desk, draft, password="echoCANARY9")
    make.settled(draft)

    pages = [
        status_of(desk, draft),
        *[desk.get(f"/linked-accounts/{account.pk}/?tab={t}") for t in ("calls", "history")],
    ]

    assert all("CANARY9" not in page.content.decode() for page in pages)


# -- deleting, handing over, looking up


def test_deleting_wants_the_name(desk: Any, belvo: Any) -> None:
    account = make.account_at(make.PLAIN, status="valid")
    draft = opened(desk, account, "delete")

    for name in ("", "something else"):
        response = applied(desk, draft, confirm_name=name)
        assert response.status_code == 422
        assert "name" in words(response) and sent(belvo, "DELETE") == 0

    applied(desk, draft, confirm_name=f" {account.title} ", reason="asked for by the customer")
    found = make.settled(draft)
    assert (found.state, found.reason) == (State.ACCEPTED, "asked for by the customer")
    assert "Accepted, not finished yet" in words(status_of(desk, draft))


def test_a_repair_link_is_shown_to_its_maker_only(desk: Any, belvo: Any) -> None:
    account = make.account_at(make.PLAIN, status="valid")
    draft = opened(desk, account, "repair_link")
    applied(desk, draft, locale="es")
    make.settled(draft)
    colleague = client_of(make.agent("Bruno Dias", "bruno@desk.example"))

    mine, theirs = status_of(desk, draft), colleague.get(f"/operations/{draft.pk}/")

    assert has(mine, "handover") and "access_token" in mine.content.decode()
    assert not has(theirs, "handover") and "access_token" not in theirs.content.decode()
    assert "no-store" in mine["Cache-Control"]


def test_consents_are_shown_and_the_document_number_is_not_kept(desk: Any, belvo: Any) -> None:
    account = make.account_at("ofmockbank_br_retail", status="valid")
    draft = opened(desk, account, "consents")

    applied(desk, draft, user_document="76109277673")
    found = make.settled(draft)

    assert found.state == State.DONE
    assert "<table" in status_of(desk, draft).content.decode()
    kept = f"{found.values}{found.plan}{found.outcome}{found.receipt}"
    assert "76109277673" not in kept + desk.get(f"/operations/{draft.pk}/").content.decode()


def test_no_page_has_inline_style_or_script(desk: Any, room: Operation) -> None:
    draft = opened(desk, make.account_at(make.PLAIN, status="invalid"), "credentials")
    pages = [desk.get(f"/operations/{room.pk}/"), desk.get(f"/operations/{draft.pk}/")]
    pages += [
        desk.get(f"/linked-accounts/{room.account_id}/?tab={t}") for t in ("overview", "settings", "calls", "history")
    ]

    for page in pages:
        assert not re.search(r"\sstyle=|<script(?![^>]*\bsrc=)|\son\w+=|hx-on|js:", page.content.decode())
