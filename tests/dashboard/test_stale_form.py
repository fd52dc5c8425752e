"""A form that was opened before somebody else's change: what nobody touched in it must not undo that change."""

from __future__ import annotations

from typing import Any

import pytest

from dashboard.models import LinkedAccount, Operation
from dashboard.models.operation import State
from dashboard.registry import pure
from dashboard.services import operations, snapshots
from dashboard.services.results import PlanChanged, Started

from . import factories as make


@pytest.fixture
def ana(remote: Any) -> Any:
    make.synced("linkar")
    return make.agent()


@pytest.fixture
def draft(remote: Any, ana: Any) -> Operation:
    return make.draft(LinkedAccount.objects.get(remote_id="apidemo/ACCOUNTS/AC%2A1006"), ana, "edit")


def whole_form(draft: Operation, **typed: str) -> dict[str, Any]:
    """Return all that the form sends: what was typed, and every other field as it was shown."""
    account = draft.account
    fields = pure("linkar").fields("edit", account.to_snapshot(), snapshots.schema_of(account))
    return {field.name: field.initial for field in fields if not field.secret} | typed


def meanwhile(remote: Any, draft: Operation, number: int, value: str) -> None:
    """Let somebody else change an attribute, and our mirror hear of it."""
    remote.sandboxes["linkar"].change("ACCOUNTS", "AC*1006", {number: value})
    make.synced("linkar")
    draft.refresh_from_db()


def test_a_field_that_nobody_touched_is_theirs(remote: Any, ana: Any, draft: Operation) -> None:
    typed = whole_form(draft, NAME="Mine")
    agreed = operations.preview(draft, typed, frozenset()).plan
    meanwhile(remote, draft, 5, "their phone")

    late = operations.start(draft, typed, {}, digest=agreed.digest if agreed else "", actor=ana)
    assert isinstance(late, PlanChanged)
    plan = late.preview.plan
    assert plan is not None and [change.field for change in plan.changes] == ["NAME"]
    begun = operations.start(draft, typed, {}, digest=plan.digest, actor=ana)

    assert isinstance(begun, Started)
    assert make.settled(begun.operation).state == State.DONE
    record = (remote.sandboxes["linkar"].world.find("ACCOUNTS", "AC*1006") or "").split("\xfe")
    assert (record[1], record[4]) == ("Mine", "their phone")


def test_a_field_that_both_changed_is_shown_against_theirs(remote: Any, ana: Any, draft: Operation) -> None:
    typed = whole_form(draft, PHONE="my phone")
    meanwhile(remote, draft, 5, "their phone")

    plan = operations.preview(draft, typed, frozenset()).plan

    assert plan is not None
    assert [(change.before, change.after) for change in plan.changes] == [("their phone", "my phone")]
