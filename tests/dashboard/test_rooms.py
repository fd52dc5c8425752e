"""The MFA room: codes right, wrong, late and twice, leaving it, and beginning again."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from dashboard.models import ApiCall, AuditEntry, Operation
from dashboard.models.operation import State
from dashboard.services import executor, operations
from dashboard.services.audit import AuditUnavailable
from dashboard.services.results import Busy, Nothing, OpenRefused, RoomClosed, Started
from providers.attention import Attention
from providers.sandbox import Fault
from providers.secrets import Secret

from . import factories as make


@pytest.fixture
def ana(belvo: Any) -> Any:
    make.synced()
    return make.agent()


@pytest.fixture
def room(belvo: Any, ana: Any) -> Operation:
    """Return an operation that waits for a numeric code."""
    found = make.repaired(make.account_at(make.ASKS_FOR_NUMBER), ana)
    assert found.state == State.AWAITING_TOKEN, found.outcome
    return found


def codes_sent(belvo: Any) -> int:
    return ApiCall.objects.filter(method="PATCH").count()


def answered(operation: Operation, code: str, ana: Any) -> Operation:
    result = operations.answer(operation, Secret(code), actor=ana)
    assert isinstance(result, Started), result
    return make.settled(operation)


def test_a_challenge_parks_the_operation_and_asks_for_the_code(room: Operation) -> None:
    challenge = operations.challenge_of(room)

    assert challenge is not None
    assert challenge.kind == "numeric"
    assert challenge.value
    assert challenge.expects_input
    assert room.account.attention == Attention.NEEDS_CODE
    assert room.outcome["type"] == "needs_token"
    assert room.is_holding


def test_the_end_of_the_room_is_the_remotes_own(room: Operation) -> None:
    challenge = operations.challenge_of(room)

    assert challenge is not None and challenge.received_at is not None and challenge.expires_at is not None
    assert challenge.expires_at == room.sealed_until
    left_s = (challenge.expires_at - timezone.now()).total_seconds()
    assert 0 < left_s <= (challenge.expires_at - challenge.received_at).total_seconds()


def test_the_challenge_rests_encrypted_and_only_in_its_own_row(belvo: Any, ana: Any, room: Operation) -> None:
    challenge = operations.challenge_of(room)
    assert challenge is not None
    other = make.draft(make.account_at(make.PLAIN), ana)

    other.sealed, other.sealed_until = room.sealed, room.sealed_until

    assert str(challenge.session.reveal()).encode() not in bytes(room.sealed)
    assert operations.challenge_of(other) is None


def test_the_right_code_ends_in_a_verified_receipt(belvo: Any, ana: Any, room: Operation) -> None:
    done = answered(room, make.GOOD_CODE, ana)

    assert done.state == State.DONE
    assert done.receipt["verdict"] == "verified_healthy"
    assert done.tokens_sent == 1
    assert done.account.attention == Attention.HEALTHY
    assert done.sealed is None and done.sealed_until is None


def test_a_code_is_on_record_as_sent_and_never_as_such(belvo: Any, ana: Any, room: Operation) -> None:
    answered(room, make.GOOD_CODE, ana)

    entry = AuditEntry.objects.get(action="operation.token")
    assert entry.kind == "intent"
    assert json.loads(entry.body)["attempt"] == 1
    assert make.GOOD_CODE not in entry.body


def test_a_wrong_code_keeps_the_room_open_with_a_new_challenge(belvo: Any, ana: Any, room: Operation) -> None:
    before = operations.challenge_of(room)

    again = answered(room, "999999", ana)

    after = operations.challenge_of(again)
    assert again.state == State.AWAITING_TOKEN
    assert before is not None and after is not None
    assert before.session.reveal() != after.session.reveal()
    assert "not accepted" in again.outcome["sentence"]
    assert again.tokens_sent == 1
    assert answered(again, make.GOOD_CODE, ana).state == State.DONE


def test_a_room_without_input_is_answered_without_a_code(belvo: Any, ana: Any) -> None:
    belvo.approve_after_s = 0.0
    room = make.repaired(make.account_at(make.PLAIN), ana, password="mfa-app")
    challenge = operations.challenge_of(room)
    assert challenge is not None and not challenge.expects_input

    result = operations.answer(room, None, actor=ana)

    assert isinstance(result, Started)
    assert make.settled(room).state == State.DONE


def test_without_a_code_where_one_is_expected_nothing_is_sent(belvo: Any, ana: Any, room: Operation) -> None:
    assert isinstance(operations.answer(room, None, actor=ana), Nothing)
    assert isinstance(operations.answer(room, Secret(""), actor=ana), Nothing)
    assert codes_sent(belvo) == 0


def test_a_code_typed_for_an_earlier_challenge_is_not_sent_to_the_next(belvo: Any, ana: Any, room: Operation) -> None:
    again = answered(room, "999999", ana)

    result = operations.answer(again, Secret("123123"), actor=ana, attempt=0)

    assert isinstance(result, RoomClosed)
    assert codes_sent(belvo) == 1
    assert make.settled(again, State.AWAITING_TOKEN).tokens_sent == 1


@pytest.mark.parametrize("left_s", [2.0, 0.5, 0.0, -60.0])
def test_nothing_is_sent_in_the_last_two_seconds_or_after(belvo: Any, ana: Any, room: Operation, left_s: float) -> None:
    assert room.sealed_until is not None

    with time_machine.travel(room.sealed_until - timedelta(seconds=left_s), tick=False):
        result = operations.answer(room, Secret(make.GOOD_CODE), actor=ana)

    room.refresh_from_db()
    assert isinstance(result, RoomClosed)
    assert codes_sent(belvo) == 0
    assert room.state == State.EXPIRED
    assert room.sealed is None
    assert not room.is_holding
    assert room.account.headline != "A code is awaited now."


def test_rooms_are_closed_when_their_time_is_over(belvo: Any, ana: Any, room: Operation) -> None:
    assert room.sealed_until is not None

    assert operations.expire_rooms() == 0
    with time_machine.travel(room.sealed_until + timedelta(seconds=1), tick=False):
        assert operations.expire_rooms() == 1
        assert operations.expire_rooms() == 0

    room.refresh_from_db()
    assert room.state == State.EXPIRED
    assert room.sealed is None
    assert AuditEntry.objects.filter(operation_id=str(room.pk), result="expired").count() == 1
    assert operations.challenge_of(room) is None


def test_a_handover_is_wiped_when_its_time_is_over(belvo: Any, ana: Any) -> None:
    done = make.repaired(make.account_at(make.PLAIN), ana, action="repair_link")
    assert done.sealed_until is not None

    with time_machine.travel(done.sealed_until + timedelta(seconds=1), tick=False):
        operations.expire_rooms()

    done.refresh_from_db()
    assert done.state == State.DONE
    assert done.sealed is None


def test_a_code_that_came_too_late_for_the_remote_ends_refused(belvo: Any, ana: Any, room: Operation) -> None:
    belvo.clock.advance(86_400)

    refused = answered(room, make.GOOD_CODE, ana)

    assert refused.state == State.REFUSED
    assert refused.outcome["remote_code"] == "session_expired"
    assert not refused.is_holding


def test_a_lost_answer_to_a_code_is_settled_by_reading_back(belvo: Any, ana: Any, room: Operation) -> None:
    belvo.faults.add(Fault("apply_then_cut", method="PATCH"))

    done = answered(room, make.GOOD_CODE, ana)

    assert done.state == State.DONE
    assert done.receipt["verdict"] == "verified_healthy"
    assert codes_sent(belvo) == 1


def test_a_full_process_leaves_the_room_open(belvo: Any, ana: Any, room: Operation) -> None:
    slots = []
    while (slot := executor.reserve()) is not None:
        slots.append(slot)

    result = operations.answer(room, Secret(make.GOOD_CODE), actor=ana)
    for slot in slots:
        slot.release()

    assert isinstance(result, Busy)
    assert answered(room, make.GOOD_CODE, ana).state == State.DONE


def test_without_an_audit_entry_no_code_is_sent(belvo: Any, ana: Any, room: Operation, settings: Any) -> None:
    keys, settings.AUDIT_KEYS = settings.AUDIT_KEYS, []

    with pytest.raises(AuditUnavailable):
        operations.answer(room, Secret(make.GOOD_CODE), actor=ana)

    settings.AUDIT_KEYS = keys
    assert codes_sent(belvo) == 0
    assert answered(room, make.GOOD_CODE, ana).state == State.DONE


def test_leaving_the_room_wipes_it_and_frees_the_account(belvo: Any, ana: Any, room: Operation) -> None:
    assert operations.cancel(room, actor=ana)

    room.refresh_from_db()
    assert room.state == State.CANCELLED
    assert room.sealed is None
    assert operations.current_of(room.account) is None
    assert AuditEntry.objects.filter(operation_id=str(room.pk), action="operation.cancelled").count() == 1
    assert isinstance(operations.answer(room, Secret(make.GOOD_CODE), actor=ana), RoomClosed)
    assert codes_sent(belvo) == 0


def test_what_is_over_cannot_be_cancelled(belvo: Any, ana: Any) -> None:
    done = make.repaired(make.account_at(make.PLAIN), ana)

    assert not operations.cancel(done, actor=ana)
    assert Operation.objects.get(pk=done.pk).state == State.DONE


def test_beginning_again_leaves_the_room_and_names_what_went_before(belvo: Any, ana: Any, room: Operation) -> None:
    again = operations.begin_again(room, actor=ana)

    assert isinstance(again, Operation)
    assert again.state == State.DRAFT
    assert again.previous == room
    assert again.action == room.action
    room.refresh_from_db()
    assert room.state == State.CANCELLED


def test_beginning_again_after_the_time_is_over_needs_no_task_to_have_run(
    belvo: Any, ana: Any, room: Operation
) -> None:
    assert room.sealed_until is not None

    with time_machine.travel(room.sealed_until + timedelta(seconds=1), tick=False):
        again = operations.begin_again(room, actor=ana)

    room.refresh_from_db()
    assert isinstance(again, Operation)
    assert room.state == State.EXPIRED


def test_beginning_again_keeps_what_was_typed_except_secrets(belvo: Any, ana: Any) -> None:
    belvo.faults.add(Fault("answer", method="PATCH", status=500, body="{}"))
    account = make.account_at(make.PLAIN)
    belvo.faults.add(Fault("answer", method="PATCH", status=400, body='[{"code": "invalid_choice"}]'))
    first = make.repaired(account, ana, action="settings", values={"stale_in": "30d"})
    if first.state == State.UNKNOWN:
        Operation.objects.filter(pk=first.pk).update(closed_at=timezone.now())

    again = operations.begin_again(first, actor=ana)

    assert isinstance(again, Operation)
    assert again.values == {"stale_in": "30d"}


def test_what_is_still_under_way_cannot_be_begun_again(belvo: Any, ana: Any) -> None:
    belvo.slow_s = 1.0
    running = make.started(make.account_at(make.PLAIN), ana, password="slow")

    assert isinstance(operations.begin_again(running, actor=ana), OpenRefused)
    assert make.settled(running).state == State.DONE
