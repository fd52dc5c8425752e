"""What cannot be put on record is not done: no write reaches a remote, pages stay readable, nothing is to be mended."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from dashboard.models import AuditEntry, Customer, LinkedAccount, Operation, User
from dashboard.models.operation import State
from dashboard.services import operations, reading_back
from dashboard.services.audit import AuditUnavailable, verify
from tests import people
from tests.emulator import Emulator

from . import factories as make
from . import outages, presses
from .outages import OUTAGES
from .pages import client_of, words
from .presses import Press

pytestmark = pytest.mark.django_db(transaction=True)


@dataclass
class Desk:
    agent: Client
    auditor: Client
    admin: Client
    ready: dict[str, Press]
    remote: Emulator

    @property
    def asked(self) -> int:
        """How many requests all remotes have got."""
        return sum(one["count"] for sandbox in self.remote.sandboxes.values() for one in sandbox.requests())


@pytest.fixture
def desk(remote: Emulator, settings: Any) -> Desk:
    settings.APPROVALS = ["delete", "roles"]
    for integration in remote.sandboxes:
        make.listed(integration)
    ana = make.agent()
    agent, approver, auditor, admin = (
        client_of(ana),
        *(client_of(people.member(role)) for role in ("approver", "auditor", "admin")),
    )
    ready = {
        **sent_by_one(agent, ana, remote),
        **presses.of_two_people(agent, approver, healthy_links()[2:]),
        **presses.of_admins(admin, approver),
        **presses.of_customers(agent, admin),
        "own password": presses.of_oneself(),
        "export": presses.export(auditor),
    }
    return Desk(agent, auditor, admin, ready, remote)


def sent_by_one(agent: Client, ana: User, remote: Emulator) -> dict[str, Press]:
    """Return one write of each sort that one person sends."""
    healthy = healthy_links()
    record = LinkedAccount.objects.get(integration="linkar", remote_id="apidemo/ACCOUNTS/AC%2A1006")
    other = LinkedAccount.objects.filter(integration="linkar", attention="healthy").exclude(pk=record.pk).first()
    assert other is not None
    feed = LinkedAccount.objects.filter(integration="flxpoint", schema_key="csv_xlsx").order_by("remote_id")[0]
    bad, kept = make.account_at(make.PLAIN, status="invalid"), make.account_at(make.PLAIN, status="valid", kept=True)
    write = presses.operation
    return {
        "credentials": write(agent, bad, "credentials", password="Canary0passw0rd"),
        "refresh": write(agent, kept, "refresh", redacts=False),
        "webhook": write(agent, healthy[0], "settings", webhook="https://hooks.example/new"),
        "test webhook": write(agent, healthy[1], "test_webhook", redacts=False),
        "repair link": write(agent, broken_link(remote), "repair_link", redacts=False),
        "record": write(agent, record, "edit", NAME="Mine & Sons"),
        "look-up": write(agent, other, "look", redacts=False),
        "new account": write(agent, feed, "create", **{"connection.name": "Entirely new feed"}),
        "token": presses.room(ana),
    }


def healthy_links() -> list[LinkedAccount]:
    links = LinkedAccount.objects.filter(integration="moneykit", attention="healthy").order_by("remote_id")
    return [link for link in links if link.body["webhook"] and "env:sandbox" in link.tags]


def broken_link(remote: Emulator) -> LinkedAccount:
    plain = [link.id for link in remote.moneykit.world.links.values() if not link.case]
    links = LinkedAccount.objects.filter(integration="moneykit", remote_id__in=plain, status="error")
    return links.filter(attention="needs_reconnect").order_by("remote_id")[0]


# What is wrong with a key or a sink is so on every database.
OF_THE_DATABASE = ("locked", "read only", "read-only role", "full", "trigger dropped")


@pytest.mark.parametrize(
    "outage", [pytest.param(each, marks=[] if each in OF_THE_DATABASE else pytest.mark.once) for each in OUTAGES]
)
def test_nothing_is_done_that_cannot_be_put_on_record(desk: Desk, outage: str, request: pytest.FixtureRequest) -> None:
    """Each write is pressed as htmx or as a plain form in turn, with `--long` as both."""
    held_back = {name: each for name, each in desk.ready.items() if is_held_back(each, outage)}
    for client in {id(each.client): each.client for each in desk.ready.values()}.values():
        seen_long_ago(client)

    with OUTAGES[outage]():
        entries, asked = AuditEntry.objects.count(), desk.asked
        is_long = request.config.getoption("--long")
        for at, (name, each) in enumerate(held_back.items()):
            for htmx in (True, False) if is_long else (at % 2 == 0,):
                answer = each.pressed(htmx=htmx)
                assert answer.status_code == 503, (name, htmx, words(answer)[:1500])
                assert tells_why(words(answer)), (name, words(answer)[:1500])
                assert ("<html" in answer.content.decode()) is not htmx, name
            assert not each.has_happened(), name
        assert (AuditEntry.objects.count(), desk.asked) == (entries, asked)
        assert reads_that_fail(desk) == {}

    # Nothing was mended but the cause.
    assert [name for name, each in held_back.items() if not each.comes_through()] == []
    assert verify().ok


def seen_long_ago(client: Client) -> None:
    """Let the next page be one that would note that the person is there."""
    session = client.session
    session["seen_at"] = time.time() - 120
    session.save()


def is_held_back(each: Press, outage: str) -> bool:
    if outage == "redactor broken":
        # What needs no redaction goes on.
        return each.redacts
    # What is wrong with the log can be reviewed and exported.
    return not (each.is_about_the_log and outage in ("trigger dropped", "anchors overdue"))


def tells_why(page: str) -> bool:
    """A page that is not of an operation does not know, where the database went away, what was being done."""
    return "Nothing was sent" in page or "The database does not answer" in page


def reads_that_fail(desk: Desk) -> dict[str, int]:
    """Return the pages that cannot be read now."""
    account = desk.ready["webhook"].operation.account_id
    customer = Customer.objects.get(reference="c-1")
    pages = ["/linked-accounts/", f"/linked-accounts/{account}/", f"/linked-accounts/{account}/?tab=history"]
    pages += [f"/operations/{each.operation.pk}/" for each in desk.ready.values() if each.operation]
    pages += ["/customers/", f"/customers/{customer.pk}/", "/approvals/", "/account/"]
    answers = {page: desk.agent.get(page).status_code for page in pages}
    answers |= {page: desk.auditor.get(page).status_code for page in ("/audit/", "/audit/1/", "/audit/exports/")}
    answers |= {page: desk.admin.get(page).status_code for page in ("/staff/", "/staff/review/")}
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
