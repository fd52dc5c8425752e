"""What cannot be put on record is not done: no write reaches a remote, pages stay readable, nothing is to be mended."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from dashboard.models import AuditEntry, Customer, LinkedAccount, Operation
from dashboard.models.operation import State
from dashboard.services import customers, operations, reading_back
from dashboard.services.audit import SYSTEM, AuditUnavailable, verify
from tests import people
from tests.emulator import Emulator

from . import factories as make
from . import outages
from .outages import OUTAGES
from .pages import HTMX, client_of, digest_in, words

pytestmark = pytest.mark.django_db(transaction=True)

ENDS = (State.DONE, State.ACCEPTED, State.REFUSED, State.FAILED, State.UNKNOWN)


@dataclass
class Ready:
    """One write that would be sent with the next press: `address` and `data` are that press."""

    operation: Operation
    address: str
    data: dict[str, Any]
    changes: bool

    def pressed(self, client: Client, *, htmx: bool) -> Any:
        return client.post(self.address, self.data, headers=HTMX if htmx else {})


@dataclass
class Desk:
    agent: Client
    auditor: Client
    ready: dict[str, Ready]
    customer: Customer
    remote: Emulator

    @property
    def asked(self) -> int:
        """How many requests all remotes have got."""
        return sum(one["count"] for sandbox in self.remote.sandboxes.values() for one in sandbox.requests())


@pytest.fixture
def desk(remote: Emulator) -> Desk:
    for integration in remote.sandboxes:
        make.listed(integration)
    ana = make.agent()
    agent, auditor = client_of(ana), client_of(people.member("auditor"))
    customer = customers.create({"reference": "c-1", "name": "Jo", "email": "jo@mail.example"}, actor=SYSTEM)
    links = LinkedAccount.objects.filter(integration="moneykit").order_by("remote_id")
    healthy = [
        link for link in links.filter(attention="healthy") if link.body["webhook"] and "env:sandbox" in link.tags
    ]
    plain = [link.id for link in remote.moneykit.world.links.values() if not link.case]
    broken = links.filter(remote_id__in=plain, status="error", attention="needs_reconnect")[0]
    record = LinkedAccount.objects.get(integration="linkar", remote_id="apidemo/ACCOUNTS/AC%2A1006")
    other = LinkedAccount.objects.filter(integration="linkar", attention="healthy").exclude(pk=record.pk).first()
    assert other is not None
    feed = LinkedAccount.objects.filter(integration="flxpoint", schema_key="csv_xlsx").order_by("remote_id")[0]
    ready = {
        "credentials": press(
            agent, make.account_at(make.PLAIN, status="invalid"), "credentials", password="Canary0passw0rd"
        ),
        "refresh": press(agent, make.account_at(make.PLAIN, status="valid", kept=True), "refresh", changes=False),
        "webhook": press(agent, healthy[0], "settings", webhook="https://hooks.example/new"),
        "test webhook": press(agent, healthy[1], "test_webhook", changes=False),
        "repair link": press(agent, broken, "repair_link", changes=False),
        "record": press(agent, record, "edit", NAME="Mine & Sons"),
        "look-up": press(agent, other, "look", changes=False),
        "new account": press(agent, feed, "create", **{"connection.name": "Entirely new feed"}),
        "token": room(ana),
    }
    return Desk(agent, auditor, ready, customer, remote)


def press(client: Client, account: LinkedAccount, action: str, *, changes: bool = True, **fields: Any) -> Ready:
    """Open a draft, fill its form as it comes and with `fields`, and look at the plan."""
    page = client.post(f"/linked-accounts/{account.pk}/operations/{action}/", follow=True)
    draft = Operation.objects.filter(account=account, action=action).latest("created_at")
    data = as_it_comes(page.context["form"]) | {f"field-{name}": value for name, value in fields.items()}
    seen = client.post(f"/operations/{draft.pk}/preview/", data, headers=HTMX)
    return Ready(draft, f"/operations/{draft.pk}/apply/", {**data, "digest": digest_in(seen)}, changes)


def as_it_comes(form: Any) -> dict[str, Any]:
    """Return what a browser would send of an untouched form; what is required and empty gets a value."""
    entered = {}
    for name, source in form.sources.items():
        value = form[name].value()
        if source.required and not source.secret and value in (None, ""):
            value = source.choices[0].value if source.choices else "value-1"
        if value not in (None, False):
            entered[form[name].html_name] = value
    return entered


def room(ana: Any) -> Ready:
    waiting = make.repaired(make.account_at(make.ASKS_FOR_NUMBER), ana)
    assert waiting.state == State.AWAITING_TOKEN
    return Ready(waiting, f"/operations/{waiting.pk}/token/", {"code": make.GOOD_CODE, "attempt": "0"}, False)


@pytest.mark.parametrize("outage", OUTAGES)
def test_nothing_is_sent_that_cannot_be_put_on_record(desk: Desk, outage: str) -> None:
    # What needs no redaction is not kept from being done by a broken redactor.
    refused = {name: each for name, each in desk.ready.items() if outage != "redactor broken" or each.changes}

    with OUTAGES[outage]():
        entries, asked = AuditEntry.objects.count(), desk.asked
        for name, each in refused.items():
            for htmx in (True, False):
                answer = each.pressed(desk.agent, htmx=htmx)
                assert answer.status_code == 503, (name, htmx, words(answer)[:1500])
                assert "Nothing was sent" in words(answer), name
                assert ("<html" in answer.content.decode()) is not htmx, name
            now = Operation.objects.get(pk=each.operation.pk)
            assert (now.state, now.version) == (each.operation.state, now.version), name
        assert (AuditEntry.objects.count(), desk.asked) == (entries, asked)
        is_changed = change_customer(desk).status_code == 302
        assert Customer.objects.filter(name="Joe").exists() is is_changed
        assert reads_that_fail(desk) == {}

    for name, each in refused.items():
        assert each.pressed(desk.agent, htmx=True).status_code == 200, name
        settled = make.settled(each.operation, *ENDS)
        # Belvo takes a refresh and answers later.
        assert settled.state in (State.DONE, State.ACCEPTED), (name, settled.outcome)
    assert verify().ok


def change_customer(desk: Desk) -> Any:
    data = {"reference": "c-1", "name": "Joe", "email": "jo@mail.example"}
    answer = desk.agent.post(f"/customers/{desk.customer.pk}/edit/", data)
    assert answer.status_code in (302, 503), words(answer)
    return answer


def reads_that_fail(desk: Desk) -> dict[str, int]:
    """Return the pages that cannot be read now."""
    account = desk.ready["webhook"].operation.account_id
    pages = ["/linked-accounts/", f"/linked-accounts/{account}/", f"/linked-accounts/{account}/?tab=history"]
    pages += [f"/operations/{each.operation.pk}/" for each in desk.ready.values()]
    pages += ["/customers/", f"/customers/{desk.customer.pk}/"]
    answers = {page: desk.agent.get(page).status_code for page in pages}
    answers |= {page: desk.auditor.get(page).status_code for page in ("/audit/", "/audit/1/")}
    return {page: status for page, status in answers.items() if status != 200}


def test_a_page_does_not_wait_for_a_log_that_somebody_holds_for_good(desk: Desk) -> None:
    """PostgreSQL only: its strongest lock keeps readers out as well; SQLite's readers wait for nobody."""
    with outages.held_for_good():
        began = time.monotonic()
        account = desk.agent.get(f"/linked-accounts/{desk.ready['webhook'].operation.account_id}/")
        log = desk.auditor.get("/audit/")

    assert (account.status_code, log.status_code) == (200, 503)
    assert "does not answer" in words(log)
    assert time.monotonic() - began < 5
    assert desk.auditor.get("/audit/").status_code == 200


def test_one_orphan_that_cannot_be_put_on_record_keeps_no_other_from_being_found(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    orphans = [desk.ready[name].operation for name in ("credentials", "webhook")]
    for orphan in orphans:
        Operation.objects.get(pk=orphan.pk).move(State.RUNNING, beat_at=None, sent_at=timezone.now())
    told = reading_back.record_reconciled

    def breaks_for_one(operation: Operation, *rest: Any) -> None:
        if operation.pk == orphans[0].pk:
            raise AuditUnavailable
        told(operation, *rest)

    monkeypatch.setattr(reading_back, "record_reconciled", breaks_for_one)

    assert operations.find_orphans() == 1
    assert [Operation.objects.get(pk=orphan.pk).state for orphan in orphans] == [State.RUNNING, State.UNKNOWN]
