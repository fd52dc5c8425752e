"""A plan with a secret is approved without it; the requester types it afterwards, and that plan is sent once."""

from __future__ import annotations

from typing import Any

import pytest

from dashboard import registry
from dashboard.models import Approval, AuditEntry, LinkedAccount, Operation, User
from dashboard.models.operation import State
from dashboard.services import approvals, operations, snapshots
from dashboard.services.results import InvalidValues, NotApproved, Started, Waiting
from providers.fields import AuditClass
from providers.secrets import Secret
from tests import people

from . import factories as make
from .pages import HTMX, client_of, words

CANARY = "Canary-0f-a-key"
NEW = "https://orders.newcomer.example/v1"


@pytest.fixture
def ana(remote: Any, settings: Any) -> User:
    settings.APPROVALS = ["webhook_host"]
    make.listed("flxpoint")
    return make.agent()


@pytest.fixture
def bea(ana: User) -> User:
    return people.member("approver", email="bea@desk.example", name="Bea Prado")


@pytest.fixture
def waiting(ana: User) -> Operation:
    account, address, secret = endpoint()
    draft = make.draft(account, ana, "configs")
    plan = operations.preview(draft, {address: NEW}, frozenset({secret})).plan
    assert plan is not None and plan.secret_names == (secret,)
    answer = operations.ask(
        draft, {address: NEW}, frozenset({secret}), digest=plan.digest, actor=ana, reason="They moved their shop."
    )
    assert isinstance(answer, Waiting), answer
    return Operation.objects.get(pk=draft.pk)


def endpoint() -> tuple[LinkedAccount, str, str]:
    """Return a connection that has an address and a secret, and the names of both."""
    for account in LinkedAccount.objects.filter(integration="flxpoint").order_by("remote_id"):
        if account.title.startswith("Case"):
            continue
        schema = snapshots.schema_of(account)
        fields = registry.pure("flxpoint").fields("configs", account.to_snapshot(), schema)
        addresses = [f.name for f in fields if f.audit == AuditClass.URL and f.editable and "://" in str(f.initial)]
        secrets = [f.name for f in fields if f.secret and f.editable]
        if addresses and secrets:
            return account, addresses[0], secrets[0]
    raise AssertionError("no connection has both")


def sent(remote: Any) -> int:
    return len(remote.sandboxes["flxpoint"].effects())


def approval_of(operation: Operation) -> Approval:
    return Approval.objects.get(subject_id=str(operation.pk))


def send(operation: Operation, actor: User, **secrets: str) -> Any:
    typed = {name: Secret(value) for name, value in secrets.items()}
    return operations.start(operation, {}, typed, digest=operation.plan_digest, actor=actor)


def test_it_is_approved_first_and_sent_with_the_secret_once(
    waiting: Operation, ana: User, bea: User, remote: Any
) -> None:
    [secret] = waiting.secret_names
    assert isinstance(send(waiting, ana, **{secret: CANARY}), NotApproved), "nobody has agreed yet"

    approvals.approve(approval_of(waiting), actor=bea)
    assert approval_of(waiting).state == "approved" and sent(remote) == 0
    assert isinstance(send(waiting, ana), InvalidValues), "without its secret it is another plan"
    assert isinstance(send(waiting, bea, **{secret: CANARY}), NotApproved), "it was approved for somebody else"
    first, second = send(waiting, ana, **{secret: CANARY}), send(waiting, ana, **{secret: CANARY})

    assert isinstance(first, Started) and not isinstance(second, Started | NotApproved)
    assert make.settled(waiting).state == State.DONE
    assert approval_of(waiting).state == "used" and sent(remote) == 1
    entries = AuditEntry.objects.filter(operation_id=str(waiting.pk)).order_by("seq")
    assert [entry.action for entry in entries][:4] == [
        "approval.requested",
        "approval.approved",
        "approval.used",
        "operation.intent",
    ]
    assert not any(CANARY in entry.body for entry in entries)


def test_a_target_that_changed_after_the_approval_voids_it(
    waiting: Operation, ana: User, bea: User, remote: Any
) -> None:
    [secret] = waiting.secret_names
    approvals.approve(approval_of(waiting), actor=bea)
    account = waiting.account
    # Its owner is another one now.
    LinkedAccount.objects.filter(pk=account.pk).update(external_id="somebody-else")

    assert isinstance(send(waiting, ana, **{secret: CANARY}), NotApproved)
    assert approval_of(waiting).state == "void" and sent(remote) == 0
    assert Operation.objects.get(pk=waiting.pk).state == State.CANCELLED


def test_an_edit_after_the_approval_voids_it(waiting: Operation, ana: User, bea: User, remote: Any) -> None:
    [secret] = waiting.secret_names
    approvals.approve(approval_of(waiting), actor=bea)

    edited = operations.begin_again(waiting, actor=ana)

    assert isinstance(edited, Operation) and edited.previous_id == waiting.pk
    assert approval_of(waiting).state == "void" and "has edited" in approval_of(waiting).result
    for operation in (waiting, edited):
        fresh = Operation.objects.get(pk=operation.pk)
        assert not isinstance(send(fresh, ana, **{secret: CANARY}), Started)
    assert sent(remote) == 0


def test_the_screens_say_it_in_words_and_take_only_the_secret(
    waiting: Operation, ana: User, bea: User, remote: Any
) -> None:
    [secret] = waiting.secret_names
    [address] = waiting.values.keys() & {endpoint()[1]}
    approver, desk = client_of(bea), client_of(ana)
    response = approver.post(f"/approvals/{approval_of(waiting).pk}/approve/", follow=True)
    assert "Approved. The secret is typed next." in words(response)

    page = desk.get(f"/operations/{waiting.pk}/")
    assert "Bea Prado" in words(page) and "Send what was approved" in words(page)
    assert f'name="field-{secret}"' in page.content.decode()
    assert f'name="field-{address}"' not in page.content.decode()
    assert "Send what was approved" not in words(approver.get(f"/operations/{waiting.pk}/"))

    missing = desk.post(f"/operations/{waiting.pk}/apply/", {f"field-{secret}": ""}, headers=HTMX)
    assert missing.status_code == 422 and sent(remote) == 0
    typed = {f"field-{secret}": CANARY, f"field-{address}": "https://evil.example/"}
    response = desk.post(f"/operations/{waiting.pk}/apply/", typed, headers=HTMX)

    assert "under way" in words(response) and CANARY not in response.content.decode()
    assert make.settled(waiting).state == State.DONE
    assert Operation.objects.get(pk=waiting.pk).values[address] == NEW


def test_going_on_alone_still_asks_for_the_secret(waiting: Operation, ana: User, remote: Any) -> None:
    [secret] = waiting.secret_names
    approvals.go_alone(approval_of(waiting), actor=ana, reason="Nobody answers, orders are being lost.")
    assert approval_of(waiting).state == "approved" and sent(remote) == 0

    assert isinstance(send(waiting, ana, **{secret: CANARY}), Started)
    assert make.settled(waiting).state == State.DONE
    assert approval_of(waiting).is_broken_glass and sent(remote) == 1
