"""Two of everything at the same moment: one send, one winner, and nobody left in doubt."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connections

from dashboard.models import ApiCall, AuditEntry, Operation
from dashboard.models.operation import State
from dashboard.services import operations
from dashboard.services.results import AlreadySent, Held, RoomClosed, Started
from providers.secrets import Secret

from . import factories as make

ROUNDS = 5


@pytest.fixture
def ana(belvo: Any) -> Any:
    belvo.rate_limit = None
    make.synced()
    return make.agent()


def at_once(*jobs: Callable[[], Any]) -> list[Any]:
    """Do all jobs at the same moment, each in a thread and on a connection of its own."""
    gate = threading.Barrier(len(jobs))
    results: list[Any] = [None] * len(jobs)

    def work(place: int, job: Callable[[], Any]) -> None:
        try:
            gate.wait(10)
            results[place] = job()
        except Exception as error:
            results[place] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=pair) for pair in enumerate(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return results


def kinds(results: list[Any]) -> list[str]:
    return sorted(type(result).__name__ for result in results)


def test_the_same_draft_started_by_many_threads_is_sent_once(belvo: Any, ana: Any) -> None:
    for number in range(ROUNDS):
        draft = make.draft(make.account_at(make.PLAIN), ana)
        plan = operations.preview(draft, {}, frozenset({"password"})).plan
        assert plan is not None
        digest = plan.digest

        def begin(draft: Operation = draft, digest: str = digest) -> Any:
            return operations.start(draft, {}, {"password": Secret("abc")}, digest=digest, actor=ana)

        results = at_once(begin, begin, begin, begin)

        assert make.settled(draft).state == State.DONE
        assert kinds(results) == ["AlreadySent", "AlreadySent", "AlreadySent", "Started"]
        assert len(belvo.effects()) == ApiCall.objects.filter(method="PUT").count() == number + 1
        assert AuditEntry.objects.filter(action="operation.intent").count() == number + 1


def test_two_agents_on_one_account_are_one_started_and_one_told_by_whom(belvo: Any, ana: Any) -> None:
    belvo.slow_s = 0.5
    bo = make.agent("Bo Lind", "bo@desk.example")
    for _ in range(ROUNDS):
        account = make.account_at(make.PLAIN)
        people = {"Ana Souza": (ana, make.draft(account, ana)), "Bo Lind": (bo, make.draft(account, bo))}
        before = ApiCall.objects.filter(method="PUT").count()

        results = at_once(
            *(
                lambda who=who, draft=draft: make.start(draft, who, values={}, secrets={"password": Secret("slow")})
                for who, draft in people.values()
            )
        )

        (winner,) = [result for result in results if isinstance(result, Started)]
        (loser,) = [result for result in results if isinstance(result, Held)]
        assert loser.by == winner.operation.actor_text
        assert loser.operation == winner.operation
        make.settled(winner.operation)
        assert ApiCall.objects.filter(method="PUT").count() == before + 1
        drafts = {draft.pk for _, draft in people.values()} - {winner.operation.pk}
        assert Operation.objects.get(pk=drafts.pop()).state == State.DRAFT


def test_a_code_sent_twice_at_once_reaches_the_remote_once(belvo: Any, ana: Any) -> None:
    for number in range(ROUNDS):
        room = make.repaired(make.account_at(make.ASKS_FOR_NUMBER), ana)

        def answer(room: Operation = room) -> Any:
            return operations.answer(room, Secret(make.GOOD_CODE), actor=ana, attempt=0)

        results = at_once(answer, answer, answer)

        assert make.settled(room).state == State.DONE
        assert ApiCall.objects.filter(method="PATCH").count() == number + 1
        assert AuditEntry.objects.filter(action="operation.token").count() == number + 1
        first = [result for result in results if isinstance(result, Started) and not result.repeated]
        assert len(first) == 1
        assert all(isinstance(result, Started | RoomClosed) for result in results)


def test_answering_and_leaving_at_once_is_one_or_the_other(belvo: Any, ana: Any) -> None:
    for _ in range(ROUNDS):
        room = make.repaired(make.account_at(make.ASKS_FOR_NUMBER), ana)
        before = ApiCall.objects.filter(method="PATCH").count()

        answered, cancelled = at_once(
            lambda room=room: operations.answer(room, Secret(make.GOOD_CODE), actor=ana),
            lambda room=room: operations.cancel(room, actor=ana),
        )

        state = make.settled(room).state
        sent = ApiCall.objects.filter(method="PATCH").count() - before
        assert (state, sent, cancelled) in ((State.DONE, 1, False), (State.CANCELLED, 0, True))
        assert isinstance(answered, Started) == (state == State.DONE)


def test_many_workers_abandon_an_orphan_once(belvo: Any, ana: Any) -> None:
    draft = make.draft(make.account_at(make.PLAIN), ana)
    Operation.objects.filter(pk=draft.pk).update(
        state=State.RUNNING, sent_at=make.long_ago(), beat_at=make.long_ago(), before=_before(draft)
    )

    results = at_once(operations.find_orphans, operations.find_orphans, operations.find_orphans)

    assert sorted(results) == [0, 0, 1]
    assert AuditEntry.objects.filter(operation_id=str(draft.pk), result="unknown").count() == 1


def test_a_second_click_after_the_first_is_told_that_it_was_sent(belvo: Any, ana: Any) -> None:
    belvo.slow_s = 0.5
    draft = make.draft(make.account_at(make.PLAIN), ana)
    assert isinstance(make.start(draft, ana, values={}, secrets={"password": Secret("slow")}), Started)

    again = operations.start(draft, {}, {"password": Secret("slow")}, digest=draft.plan_digest, actor=ana)

    assert isinstance(again, AlreadySent)
    assert again.operation.state == State.RUNNING


def _before(draft: Operation) -> dict[str, Any]:
    from dashboard.services import snapshots

    return snapshots.to_json(draft.account.to_snapshot())
