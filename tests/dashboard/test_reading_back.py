"""Operations without an answer: read back, settled on evidence, and never sent again."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from dashboard.models import ApiCall, AuditEntry, LinkedAccount, Operation
from dashboard.models.operation import State
from dashboard.services import operations, reading_back, settling
from dashboard.services.settling import settle
from providers.attention import Attention
from providers.errors import NO_ANSWER
from providers.outcomes import Ok, Refused, Unavailable
from providers.sandbox import Fault

from . import factories as make


@pytest.fixture
def ana(belvo: Any) -> Any:
    make.synced()
    return make.agent()


@pytest.fixture
def unknown(belvo: Any, ana: Any) -> Operation:
    """Return an operation whose answer was lost, and of which nothing is to be seen: the connection was cut at once."""
    belvo.faults.add(Fault("cut", method="PUT"))
    found = make.repaired(make.account_at(make.PLAIN, status="invalid"), ana)
    assert found.state == State.UNKNOWN, found.outcome
    return found


def puts(belvo: Any) -> int:
    return ApiCall.objects.filter(method="PUT").count()


def sent_at(operation: Operation) -> datetime:
    assert operation.sent_at is not None
    return operation.sent_at


def outcome_entry(operation: Operation) -> dict[str, Any]:
    entry = AuditEntry.objects.filter(operation_id=str(operation.pk), action="operation.outcome").latest("seq")
    return {"result": entry.result, "actor": entry.actor, **json.loads(entry.body)}


# -- unknown


def test_a_lost_answer_is_an_unknown_and_says_so(belvo: Any, unknown: Operation) -> None:
    assert unknown.outcome["type"] == "unavailable"
    assert unknown.outcome["maybe_applied"] is True
    assert unknown.outcome["sentence"].endswith("We do not know whether anything was changed. Checking now.")
    assert unknown.is_holding
    assert outcome_entry(unknown)["result"] == "unknown"
    assert unknown.check_at is not None


def test_a_write_that_took_effect_unseen_is_done_on_the_evidence(belvo: Any, ana: Any) -> None:
    belvo.faults.add(Fault("apply_then_cut", method="PUT"))

    done = make.repaired(make.account_at(make.PLAIN, status="invalid"), ana)

    assert done.state == State.DONE
    assert done.receipt["verdict"] == "verified_healthy"
    assert puts(belvo) == 1


def test_a_write_that_takes_effect_later_is_found_later(belvo: Any, unknown: Operation) -> None:
    link = belvo.world.links[unknown.account.remote_id]
    assert operations.check_back(unknown.pk).state == State.UNKNOWN
    link.body |= {"status": "valid", "last_accessed_at": (timezone.now() + timedelta(seconds=1)).isoformat()}

    settled = operations.check_back(unknown.pk)

    assert settled.state == State.DONE
    assert settled.receipt["verdict"] == "verified_healthy"
    assert settled.account.attention == Attention.HEALTHY
    assert not settled.is_holding
    entry = outcome_entry(settled)
    assert entry["source"] == "reconcile"
    assert entry["actor"] == "Linkdesk"
    assert puts(belvo) == 1


def test_looks_are_spaced_until_the_remotes_time_is_over(belvo: Any, unknown: Operation) -> None:
    looked_after_s = []
    operation = unknown
    while operation.closed_at is None:
        assert operation.check_at is not None
        looked_after_s.append(round((operation.check_at - sent_at(operation)).total_seconds()))
        with time_machine.travel(operation.check_at, tick=False):
            operation = operations.check_back(operation.pk)

    # The first look is 30 s after the settling, which a busy machine does later than the sending.
    assert 30 <= looked_after_s[0] <= 60
    assert looked_after_s[1:] == [120, 240, 310]


def test_without_evidence_it_is_closed_as_not_verifiable_with_a_next_step(belvo: Any, unknown: Operation) -> None:
    with time_machine.travel(sent_at(unknown) + timedelta(seconds=311), tick=False):
        closed = operations.check_back(unknown.pk)

    assert closed.state == State.UNKNOWN
    assert closed.closed_at is not None
    assert closed.receipt["verdict"] == "not_verifiable"
    assert closed.outcome["next_step"] == reading_back.NEXT_STEP
    assert not closed.is_holding
    assert operations.current_of(closed.account) is None


def test_what_is_closed_is_not_looked_at_again(belvo: Any, unknown: Operation) -> None:
    with time_machine.travel(sent_at(unknown) + timedelta(seconds=311), tick=False):
        closed = operations.check_back(unknown.pk)
    before = ApiCall.objects.count()

    assert operations.check_back(unknown.pk).version == closed.version
    assert ApiCall.objects.count() == before


def test_a_remote_that_cannot_be_asked_is_no_evidence(belvo: Any, unknown: Operation) -> None:
    belvo.faults.add(Fault("answer", method="GET", times=50, status=503))

    assert operations.check_back(unknown.pk).state == State.UNKNOWN
    with time_machine.travel(sent_at(unknown) + timedelta(seconds=311), tick=False):
        closed = operations.check_back(unknown.pk)

    assert closed.receipt["verdict"] == "not_verifiable"
    assert "could not be asked" in closed.receipt["sentence"]


def test_a_link_that_is_gone_ends_the_unknown(belvo: Any, unknown: Operation) -> None:
    belvo.world.links.pop(unknown.account.remote_id)

    failed = operations.check_back(unknown.pk)

    assert failed.state == State.FAILED
    assert LinkedAccount.objects.get(pk=failed.account_id).is_gone


def test_a_no_is_final_only_when_the_remote_can_no_longer_be_at_work(belvo: Any, ana: Any) -> None:
    belvo.faults.add(Fault("cut", method="PATCH"))
    account = make.account_at(make.PLAIN, status="invalid")
    operation = make.repaired(account, ana, action="settings", values={"stale_in": "30d"})
    assert operation.state == State.UNKNOWN

    assert operations.check_back(operation.pk).state == State.UNKNOWN
    with time_machine.travel(sent_at(operation) + timedelta(seconds=311), tick=False):
        failed = operations.check_back(operation.pk)

    assert failed.state == State.FAILED
    assert failed.receipt["sentence"].startswith("Not done")


def test_only_what_is_due_is_looked_at(belvo: Any, unknown: Operation) -> None:
    assert operations.check_due() == 0
    assert unknown.check_at is not None

    with time_machine.travel(unknown.check_at, tick=False):
        assert operations.check_due() == 1
        assert operations.check_due() == 0


# -- accepted


def test_an_accepted_refresh_is_done_when_the_link_was_used_since(belvo: Any, ana: Any) -> None:
    accepted = make.repaired(make.account_at(make.PLAIN, status="valid", kept=True), ana, action="refresh")
    assert accepted.state == State.ACCEPTED, accepted.outcome
    assert accepted.check_at is not None
    assert operations.check_back(accepted.pk).state == State.ACCEPTED
    belvo.clock.advance(belvo.refresh_after_s + 1)

    done = operations.check_back(accepted.pk)

    assert done.state == State.DONE, done.outcome
    assert done.receipt["verdict"] == "verified_healthy"


def test_an_accepted_delete_is_done_when_the_link_is_gone(belvo: Any, ana: Any) -> None:
    accepted = make.repaired(make.account_at(make.PLAIN), ana, action="delete")
    assert accepted.state == State.ACCEPTED
    assert accepted.is_holding
    still_there = operations.check_back(accepted.pk)
    assert still_there.state == State.ACCEPTED
    belvo.clock.advance(60)

    done = operations.check_back(accepted.pk)

    assert done.state == State.DONE
    assert done.receipt["verdict"] == "deleted"
    account = LinkedAccount.objects.get(pk=done.account_id)
    assert account.is_gone
    assert account.attention == Attention.ENDED


def test_an_accepted_delete_that_never_happens_is_not_verifiable(belvo: Any, ana: Any) -> None:
    belvo.delete_after_s = 86_400.0
    operation = make.repaired(make.account_at(make.PLAIN), ana, action="delete")
    looked_after_s = []
    while operation.closed_at is None:
        assert operation.check_at is not None
        looked_after_s.append(round((operation.check_at - sent_at(operation)).total_seconds()))
        with time_machine.travel(operation.check_at, tick=False):
            operation = operations.check_back(operation.pk)

    assert looked_after_s == [30, 120, 600]
    assert operation.state == State.UNKNOWN
    assert operation.receipt["verdict"] == "not_verifiable"


# -- orphans


def orphaned(operation: Operation, **columns: Any) -> Operation:
    """Leave an operation as a process that was killed leaves it."""
    made = Operation.objects.create(
        **{
            name: getattr(operation, name)
            for name in ("account", "integration", "action", "actor", "actor_text", "plan", "before")
        },
        state=State.RUNNING,
        executor="dead:1:0",
        beat_at=timezone.now() - timedelta(seconds=31),
        sent_at=timezone.now() - timedelta(seconds=40),
        **columns,
    )
    return made


def test_a_running_row_without_a_beat_becomes_unknown_and_is_read_back(belvo: Any, ana: Any) -> None:
    done = make.repaired(make.account_at(make.PLAIN, status="invalid"), ana)
    orphan = orphaned(done)

    assert operations.find_orphans() == 1

    orphan.refresh_from_db()
    assert orphan.state == State.UNKNOWN
    assert orphan.outcome["rule"] == "interrupted"
    assert outcome_entry(orphan)["source"] == "reconcile"
    assert operations.check_due() == 1
    assert Operation.objects.get(pk=orphan.pk).state == State.DONE
    assert puts(belvo) == 1


def test_a_row_that_beats_is_left_alone(belvo: Any, ana: Any) -> None:
    belvo.slow_s = 1.0
    running = make.started(make.account_at(make.PLAIN), ana, password="slow")

    assert operations.find_orphans() == 0
    assert make.settled(running).state == State.DONE


# -- answers that come late


def test_a_late_success_still_settles_an_unknown(belvo: Any, ana: Any, unknown: Operation) -> None:
    belvo.world.links[unknown.account.remote_id].body["status"] = "valid"

    settle(unknown.pk, Ok(None), settling_provider())

    assert Operation.objects.get(pk=unknown.pk).state == State.DONE


def test_a_late_refusal_of_an_unknown_is_a_failure_that_changed_nothing(belvo: Any, unknown: Operation) -> None:
    settle(unknown.pk, Refused(NO_ANSWER), settling_provider())

    failed = Operation.objects.get(pk=unknown.pk)
    assert failed.state == State.FAILED
    assert failed.outcome["type"] == "refused"


def test_an_answer_after_the_end_is_on_record_and_changes_nothing(belvo: Any, ana: Any) -> None:
    done = make.repaired(make.account_at(make.PLAIN), ana)

    settle(done.pk, Unavailable(NO_ANSWER, maybe_applied=True), settling_provider())

    after = Operation.objects.get(pk=done.pk)
    assert (after.state, after.version, after.receipt) == (State.DONE, done.version, done.receipt)
    assert outcome_entry(done)["late"] is True


def settling_provider() -> Any:
    from dashboard.registry import provider_for

    return provider_for("belvo")


def test_a_busy_database_is_waited_for_before_an_answer_is_lost() -> None:
    assert sum(settling.TRY_AGAIN_AFTER_S) >= 2
