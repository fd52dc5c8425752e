"""An act for one person or two: done at once or asked for, and done as it was agreed to."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from dashboard import roles
from dashboard.models import Approval, AuditEntry, User
from dashboard.services import approval_rows, approvals
from dashboard.services.approvals import CannotPerform, Decided, NotDecided
from dashboard.services.audit import Actor, Kind, Target, record
from dashboard.services.second_person import Act, By
from tests import people

pytestmark = pytest.mark.django_db


class Painting(Act):
    """A wall is painted, unless it has that colour."""

    name = "painting"
    permission = roles.REPAIR
    waiting = "Somebody has asked to paint this wall."

    def __init__(self) -> None:
        self.colour = "white"

    def basis_of(self, subject_id: str) -> str:
        return self.colour

    def do(self, subject_id: str, payload: Mapping[str, Any], by: By) -> str:
        if payload["colour"] == self.colour:
            raise CannotPerform("It has this colour.")
        self.colour = payload["colour"]
        about = {"reason": by.reason, "approver": str(by.approver or "")}
        record(Kind.EVENT, "test.painted", actor=Actor.of(by.actor), facts=about, approval=by.approval)
        return f"It is {self.colour} now."


@pytest.fixture
def painting(settings: Any) -> Iterator[Painting]:
    settings.APPROVALS = ["painting"]
    made = Painting()
    approvals.register(made.name, made)
    yield made
    del approval_rows._performers[made.name]


@pytest.fixture
def agent() -> User:
    return people.member("agent")


def ask(painting: Painting, agent: User, colour: str = "red") -> Approval | None:
    shown = [{"label": "Colour", "before": painting.colour, "after": colour}]
    return painting.ask(
        "7",
        {"colour": colour},
        target=Target("7", "Wall 7"),
        summary="Paint wall 7",
        shown=shown,
        actor=agent,
        reason="It is shabby.",
    )


def told(action: str) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(AuditEntry.objects.get(action=action).body)
    return body


def test_one_person_does_it_at_once_where_the_settings_say_so(painting: Painting, agent: User, settings: Any) -> None:
    settings.APPROVALS = []

    assert ask(painting, agent) is None

    assert painting.colour == "red"
    assert not Approval.objects.exists()
    assert "approval" not in told("test.painted")


def test_a_second_person_is_asked_and_it_is_done_in_the_name_of_the_first(painting: Painting, agent: User) -> None:
    asked = ask(painting, agent)
    assert asked is not None and painting.colour == "white"

    answer = approvals.approve(asked, actor=people.member("approver"))

    assert isinstance(answer, Decided) and answer.approval.result == "It is red now."
    assert AuditEntry.objects.get(action="test.painted").actor_id == str(agent.pk)
    painted = told("test.painted")
    assert painted["approval"] == str(asked.pk) and painted["reason"] == "It is shabby."
    assert "Approver Person" in painted["approver"]


def test_what_is_asked_for_already_is_not_asked_for_twice(painting: Painting, agent: User) -> None:
    ask(painting, agent)

    with pytest.raises(CannotPerform, match="asked to paint"):
        ask(painting, agent, "blue")

    assert Approval.objects.count() == 1


def test_who_was_as_quick_is_told_the_same(painting: Painting, agent: User, monkeypatch: pytest.MonkeyPatch) -> None:
    ask(painting, agent)
    monkeypatch.setattr(approvals, "pending_of", lambda *subject: None)  # as another transaction sees it

    with pytest.raises(CannotPerform, match="asked to paint"):
        ask(painting, agent, "blue")

    assert AuditEntry.objects.filter(action="approval.requested").count() == 1


@pytest.mark.parametrize("other", [{"payload": {"colour": "black"}}, {"subject_id": "8"}])
def test_nothing_else_is_done_than_was_agreed_to(painting: Painting, agent: User, other: dict[str, Any]) -> None:
    asked = ask(painting, agent)
    Approval.objects.update(**other)

    answer = approvals.approve(asked or Approval(), actor=people.member("approver"))

    assert isinstance(answer, NotDecided) and "not what was asked for" in answer.why
    assert painting.colour == "white"


def test_what_changed_meanwhile_ends_the_request(painting: Painting, agent: User) -> None:
    asked = ask(painting, agent)
    painting.colour = "green"

    assert isinstance(approvals.approve(asked or Approval(), actor=people.member("approver")), NotDecided)
    assert Approval.objects.get().state == "void" and painting.colour == "green"
