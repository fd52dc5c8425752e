"""Erasing a customer: everything that says who it was goes, the log and its proof stay."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from dashboard import roles
from dashboard.models import (
    ApiCall,
    Approval,
    AuditEntry,
    AuditExport,
    Customer,
    ErasedCustomer,
    KnownName,
    LinkedAccount,
    Operation,
    SavedQuery,
    User,
)
from dashboard.models.operation import State
from dashboard.services import approvals, customers, erasure, known_names, mirror, operations
from dashboard.services.audit import SYSTEM, Actor, AuditUnavailable, verify
from dashboard.services.customer_import import import_customers
from dashboard.services.erasure import CannotErase
from dashboard.services.erasure_texts import Texts, is_telling
from providers.answers import Snapshot
from tests import canary, people

from . import accounts, audit_samples
from . import factories as make

pytestmark = pytest.mark.django_db(transaction=True)

# Each is in no other row of the tests' world.
MARIA = {"reference": "REF-0x77-maria", "name": "María Quiñónez Álvarez", "email": "maria.q@correo.example"}
BEFORE = {"reference": "REF-old-1234", "name": "María Quiñónez Soltera", "email": "old.maria@correo.example"}
EVERY_TEXT = (*MARIA.values(), *BEFORE.values())
WHY = "Asked for by letter, ticket 4711."


@pytest.fixture(autouse=True)
def _nothing_is_known() -> None:
    known_names._written.clear()


@pytest.fixture
def admin() -> User:
    return people.member("admin", email="adm@desk.example", name="Adam Min")


@pytest.fixture
def maria() -> Customer:
    customer = customers.create(BEFORE, actor=SYSTEM)
    customers.change(customer, MARIA, actor=SYSTEM)
    return customer


def ended(owner: Customer, **columns: Any) -> LinkedAccount:
    return accounts.account(owner, gone_at=timezone.now(), **columns)


def erase(customer: Customer, admin: User, reason: str = WHY) -> Approval | None:
    return erasure.ask(customer, actor=admin, reason=reason)


def columns_of_all_tables() -> dict[str, bytes]:
    """Return the raw content of every column of every table."""
    found = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            names = [column[0] for column in cursor.description]
            for at, row in enumerate(cursor.fetchall()):
                for name, cell in zip(names, row, strict=True):
                    is_raw = isinstance(cell, bytes | memoryview)
                    found[f"{table}.{name} {at}"] = bytes(cell) if is_raw else as_text(cell).encode()
    return found


def as_text(cell: Any) -> str:
    return cell if isinstance(cell, str) else json.dumps(cell, default=str, ensure_ascii=False)


def places(*texts: str) -> list[str]:
    """Return where a text stands, in any form and case."""
    spelled = {each for text in texts for each in (text, text.casefold(), text.upper())}
    return canary.places_with(spelled, columns_of_all_tables())


def told(action: str = "customer.erased") -> dict[str, Any]:
    facts: dict[str, Any] = json.loads(AuditEntry.objects.filter(action=action).latest("seq").body)
    return facts


def a_life(maria: Customer) -> LinkedAccount:
    """Let the customer stand wherever a customer can stand."""
    account = ended(
        maria,
        title=f"Cuenta de {MARIA['name']}",
        body={"owner": {"name": MARIA["name"], "mail": [MARIA["email"]]}},
        tags=[MARIA["reference"]],
        cause_evidence={"remote_message": f"no {MARIA['email']}"},
        explanation=MARIA["name"],
    )
    ana = people.member("agent")
    columns: dict[str, Any] = {"integration": "belvo", "actor": ana, "actor_text": "Ana", "account": account}
    done = Operation.objects.create(
        **columns, action="settings", state=State.DONE, sent_at=timezone.now(), started_at=timezone.now(),
        settled_at=timezone.now(), reason=f"{MARIA['name']} rang", values={"external_id": MARIA["reference"]},
        plan={"changes": [{"label": "External id", "before": BEFORE["reference"], "after": MARIA["reference"]}]},
        before={"external_id": BEFORE["reference"]}, outcome={"type": "ok", "remote_message": MARIA["email"]},
        receipt={"verdict": "confirmed", "sentence": f"{MARIA['name']} is done"}, sealed=b"sealed",
        sealed_until=timezone.now(),
    )  # fmt: skip
    Operation.objects.create(**columns, action="settings", values={"external_id": MARIA["reference"]})
    Approval.objects.create(
        subject="operation", subject_id=str(done.pk), action="settings", target_id=str(account.pk), target="belvo: x",
        summary=f"Change {MARIA['name']}", payload={"a": MARIA["email"]}, shown=[{"after": MARIA["reference"]}],
        digest="d", state="used", requester=ana, requester_text="Ana", reason=MARIA["name"], note=MARIA["email"],
        expires_at=timezone.now(),
    )  # fmt: skip
    call = {"integration": "belvo", "method": "GET", "path_template": "/links/", "duration_ms": 5}
    ApiCall.objects.create(**call, account=account, path="/links/1", response_body=MARIA["name"])
    ApiCall.objects.create(
        **call, path=f"/links/?external_id={MARIA['reference']}", response_body=json.dumps([MARIA, {"name": "other"}])
    )
    return account


def test_no_column_of_any_table_says_who_it_was_and_the_chain_verifies(maria: Customer, admin: User) -> None:
    a_life(maria)
    other = ended(accounts.customer("Other"))
    Operation.objects.create(
        account=other, integration="belvo", action="settings", state=State.FAILED, actor_text="Ana",
        reason=f"mixed up with {MARIA['name']}", outcome={"type": "refused", "remote_message": MARIA["reference"]},
    )  # fmt: skip
    SavedQuery.objects.create(owner_text="Ivo", name="hers", text=f"target:{MARIA['reference']}")
    AuditExport.objects.create(
        form="csv", filters={"target": MARIA["email"]}, words=f"target “{MARIA['email']}”", last_seq=1, asked_by="Ivo"
    )
    seen = places(*EVERY_TEXT)
    assert len(seen) > 25, "the world does not hold what is to be erased"

    assert erase(maria, admin) is None

    assert places(*EVERY_TEXT) == []
    assert verify().ok


def test_over_a_real_provider_from_the_first_sync_to_the_last_call(belvo: Any, admin: User) -> None:
    make.synced()
    account = make.account_at(make.PLAIN, status="valid")
    reference = account.external_id
    maria = customers.create({**MARIA, "reference": reference}, actor=SYSTEM)
    ana = make.agent()
    make.repaired(account, ana)
    own = list(LinkedAccount.objects.filter(customer=maria))
    with pytest.raises(CannotErase, match="still at Belvo"):
        erase(maria, admin)
    for each in own:
        accepted = make.repaired(each, ana, action="delete")
        belvo.clock.advance(belvo.delete_after_s)
        assert operations.check_back(accepted.pk).state == State.DONE
    assert places(reference, MARIA["name"])

    erase(maria, admin)

    assert places(reference, MARIA["name"], MARIA["email"]) == []
    assert verify().ok
    make.synced()
    assert places(reference, MARIA["name"], MARIA["email"]) == []


def test_the_entry_tells_how_much_and_not_who(maria: Customer, admin: User) -> None:
    account = a_life(maria)

    erase(maria, admin)

    facts = told()
    wanted = {"accounts": 1, "operations": 2, "sealed": 1, "approvals": 1, "calls": 2, "queries": 0, "elsewhere": 0}
    assert wanted.items() <= facts.items() and facts["reason"] == WHY and facts["names"] >= 6
    erased = ErasedCustomer.objects.get()
    entry = AuditEntry.objects.get(action="customer.erased")
    assert (erased.pk, entry.target_id) == (maria.pk, str(maria.pk))
    assert entry.target == f"Customer {erased.pseudonym}" and "Adam Min" in erased.erased_by
    assert LinkedAccount.objects.get(pk=account.pk).attention == "ended"
    assert not KnownName.objects.exclude(sealed=None).exists()
    assert Operation.objects.get(state=State.DONE).outcome["type"] == "ok"
    assert Operation.objects.filter(state=State.EXPIRED).count() == 1, "the draft"


def test_an_account_of_a_former_reference_goes_too(maria: Customer, admin: User) -> None:
    left = accounts.account(external_id=BEFORE["reference"], gone_at=timezone.now())
    taken = ended(accounts.customer("Other"), external_id=BEFORE["email"])

    erase(maria, admin)

    assert LinkedAccount.objects.get(pk=left.pk).external_id == ""
    assert LinkedAccount.objects.get(pk=taken.pk).external_id == BEFORE["email"], "somebody else's now"


def test_nothing_is_erased_that_cannot_be_put_on_record(maria: Customer, admin: User) -> None:
    a_life(maria)
    before = places(*EVERY_TEXT)
    audit_samples.run("ALTER TABLE dashboard_auditterm RENAME TO away")

    with pytest.raises(AuditUnavailable):
        erase(maria, admin)

    audit_samples.run("ALTER TABLE away RENAME TO dashboard_auditterm")
    assert places(*EVERY_TEXT) == before and not ErasedCustomer.objects.exists()


def test_a_sync_keeps_no_list_of_everybody(belvo: Any) -> None:
    make.synced()
    external_id = make.account_at(make.PLAIN).external_id

    lists = ApiCall.objects.filter(account=None)

    assert lists.exists() and not lists.exclude(response_body="").exists()
    assert [name for name in places(external_id) if "apicall" in name] == []


def test_what_is_somebody_elses_stays(maria: Customer, admin: User) -> None:
    a_life(maria)
    ines = customers.create({"reference": "REF-0x77-mariana", "name": MARIA["name"], "email": ""}, actor=SYSTEM)
    theirs = ended(ines, body={"owner": "REF-0x77-mariana"})
    call = ApiCall.objects.create(
        integration="belvo", method="GET", path_template="/x", path="/x", duration_ms=1, response_body=ines.reference
    )

    erase(maria, admin)

    call.refresh_from_db()
    assert call.response_body == ines.reference, "a longer reference that begins alike"
    assert LinkedAccount.objects.get(pk=theirs.pk).body == {"owner": "REF-0x77-mariana"}
    kept = {known_names.original_of(row) for row in KnownName.objects.filter(target_id=str(ines.pk))}
    assert kept == {ines.reference, MARIA["name"]}


def test_a_change_under_way_has_to_end_first(maria: Customer, admin: User) -> None:
    account = ended(maria)
    Operation.objects.create(account=account, integration="belvo", action="x", state=State.UNKNOWN, actor_text="Ana")

    with pytest.raises(CannotErase, match="1 change is under way"):
        erase(maria, admin)

    assert Customer.objects.filter(pk=maria.pk).exists() and not ErasedCustomer.objects.exists()


@pytest.mark.parametrize("reason", ["A letter of maría quiñónez álvarez came", "see ref-0x77-MARIA in the shop please"])
def test_a_reason_that_names_the_customer_never_gets_into_the_log(maria: Customer, admin: User, reason: str) -> None:
    with pytest.raises(CannotErase, match="names the customer") as caught:
        erase(maria, admin, reason)

    assert caught.value.field == "reason" and not AuditEntry.objects.filter(action="customer.erased").exists()


def test_a_short_reason_is_refused(maria: Customer, admin: User) -> None:
    with pytest.raises(CannotErase, match="20 characters"):
        erase(maria, admin, "because")


# -- a second person


@pytest.fixture
def asked(maria: Customer, admin: User, settings: Any) -> Approval:
    settings.APPROVALS = ["erasure"]
    a_life(maria)
    approval = erase(maria, admin)
    assert approval is not None and Customer.objects.filter(pk=maria.pk).exists()
    return approval


def test_a_second_person_agrees_and_it_is_done_once(asked: Approval, maria: Customer, admin: User) -> None:
    with pytest.raises(approvals.CannotPerform, match="waits for a second person"):
        erase(maria, admin)
    assert places(*EVERY_TEXT)

    answer = approvals.approve(asked, actor=people.member("approver"))

    assert isinstance(answer, approvals.Decided) and answer.approval.state == "used"
    assert told()["approval"] == str(asked.pk)
    assert places(*EVERY_TEXT) == [] and verify().ok


def test_an_admin_does_not_decide_alone(asked: Approval, maria: Customer, admin: User) -> None:
    both = User.objects.get(pk=admin.pk)
    both.groups.add(*roles.groups(["approver"]))

    for answer in (approvals.approve(asked, actor=both), approvals.go_alone(asked, actor=admin, reason=WHY)):
        assert isinstance(answer, approvals.NotDecided)
    assert Customer.objects.filter(pk=maria.pk).exists()


@pytest.mark.parametrize(
    "meanwhile",
    [
        lambda maria: customers.change(maria, {**MARIA, "email": "new@correo.example"}, actor=SYSTEM),
        ended,
    ],
    ids=["another address", "another account"],
)
def test_it_is_void_when_the_customer_is_another_one(asked: Approval, maria: Customer, meanwhile: Any) -> None:
    meanwhile(maria)

    answer = approvals.approve(asked, actor=people.member("approver"))

    assert isinstance(answer, approvals.NotDecided) and Approval.objects.get(pk=asked.pk).state == "void"
    assert Customer.objects.filter(pk=maria.pk).exists()


def test_a_note_that_names_the_customer_erases_nothing(asked: Approval, maria: Customer) -> None:
    answer = approvals.approve(asked, actor=people.member("approver"), note=f"yes, {MARIA['name']}")

    assert isinstance(answer, approvals.NotDecided) and "The note names the customer" in answer.why
    assert Customer.objects.filter(pk=maria.pk).exists()
    assert not AuditEntry.objects.filter(action="approval.approved").exists()


def test_the_request_itself_tells_nobody_who_it_is(asked: Approval) -> None:
    kept = json.dumps([asked.payload, asked.shown, asked.summary, asked.target, asked.basis, asked.digest])

    assert not any(text in kept for text in EVERY_TEXT)
    assert asked.summary == f"Erase customer {asked.target.removeprefix('Customer ')}"


# -- coming back


def test_an_imported_reference_is_a_new_customer_and_on_record(maria: Customer, admin: User) -> None:
    erase(maria, admin)

    imported = import_customers(f"reference,name\n{MARIA['reference']},{MARIA['name']}\nnew,New\n".encode())

    assert (imported.created, imported.erased_before) == (2, 1)
    assert Customer.objects.get(reference=MARIA["reference"]).pk != maria.pk
    assert told("customers.imported")["erased_before"] == 1
    assert told("customers.imported")["customers"] == [ErasedCustomer.objects.get().pseudonym]


def test_a_customer_added_by_hand_again_is_on_record(maria: Customer, admin: User) -> None:
    erase(maria, admin)

    customers.create(MARIA, actor=Actor.of(admin))
    customers.create({**MARIA, "reference": "never-seen"}, actor=Actor.of(admin))

    created = AuditEntry.objects.filter(action="customer.created").order_by("-seq")[:2]
    assert [json.loads(entry.body).get("erased_before") for entry in created] == [None, True]


def test_an_account_that_brings_the_reference_back_is_on_record_once(
    maria: Customer, admin: User, emulator: Any
) -> None:
    account = ended(maria, remote_id="link-1")
    erase(maria, admin)
    again = Snapshot(remote_id="link-1", status="valid", body={"x": 1}, external_id=MARIA["reference"])

    for status in ("valid", "invalid"):
        mirror.mirror("belvo", Snapshot(**{**_fields(again), "status": status}))

    entry = AuditEntry.objects.get(action="customer.returned")
    assert entry.target_id == str(account.pk) and MARIA["reference"] not in entry.body + entry.target
    assert LinkedAccount.objects.get(pk=account.pk).customer is None


def _fields(snapshot: Snapshot) -> dict[str, Any]:
    return {name: getattr(snapshot, name) for name in ("remote_id", "status", "body", "external_id")}


def test_an_edit_that_comes_too_late_brings_nobody_back(maria: Customer, admin: User) -> None:
    late = Customer.objects.get(pk=maria.pk)
    erase(maria, admin)

    with pytest.raises(customers.NotThere):
        customers.change(late, {**MARIA, "name": "Late"}, actor=SYSTEM)

    assert not Customer.objects.exists()


# -- texts


@pytest.mark.parametrize(
    ("text", "is_id", "wanted"),
    [("Maria", False, False), ("Maria Silva", False, True), ("C-12", False, True), ("MAR", True, False),
     ("MARI", True, True), ("12", True, False), ("Aurelianus", False, True)],
)  # fmt: skip
def test_only_what_means_one_person_is_looked_for_everywhere(text: str, is_id: bool, wanted: bool) -> None:
    assert is_telling(text, is_id=is_id) is wanted


def test_texts_are_found_in_every_spelling_and_not_within_other_words() -> None:
    texts = Texts(["Núñez & Co", "AB-12"])

    for found in ("x NÚÑEZ & CO y", json.dumps("Núñez & Co"), "q=N%C3%BA%C3%B1ez%20%26%20Co&", "ab-12", {"ab-12": 1}):
        assert texts.are_in(found), found
    for other in ("AB-123", "XAB-12", "", None, 12, {}):
        assert not texts.are_in(other), other
    assert texts.taken_out_of({"a": ["AB-12!", 1]}) == {"a": ["[erased]!", 1]}
    assert not Texts([]).are_in("anything") and Texts([""]).taken_out_of("a") == "a"
