"""The audit log on screen: filters, pages, an entry, the chain verified on demand."""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from dashboard.models import AuditEntry
from dashboard.models.audit import Kind
from dashboard.services import audit
from dashboard.services.audit import SYSTEM, Actor, Target
from dashboard.services.audit_search import list_page
from dashboard.triggers import install_triggers
from tests import people
from tests.dashboard import accounts

pytestmark = pytest.mark.django_db
ANA = Actor("1", "Ana Souza <ana@desk.example>", "agent")
OPERATION = str(uuid.UUID(int=5))


@pytest.fixture
def auditor(client: Client) -> Client:
    client.force_login(people.member("auditor"))
    return client


@pytest.fixture
def entries() -> list[AuditEntry]:
    account = accounts.account(accounts.customer(reference="cust-42"), remote_id="remote-one")
    changes = [
        {"field": "access_mode", "class": "public", "label": "Access mode", "before": "recurrent", "after": "single"},
        {"field": "password", "class": "never"},
        {
            "field": "user",
            "class": "personal",
            "label": "User",
            "before": None,
            "after": {"masked": "m•••", "pseudonym": "ab12"},
        },
        {"field": "key", "class": "secret", "label": "Private key", "change": "set"},
    ]
    return [
        audit.record(Kind.INTENT, "operation.intent", actor=ANA, target=Target.of(account), integration="belvo",
                     operation_id=OPERATION, facts={"changes": changes, "reason": "on the phone"}),
        audit.record(Kind.OUTCOME, "operation.outcome", actor=ANA, target=Target.of(account), integration="belvo",
                     operation_id=OPERATION, result="refused", facts={"request_id": "req-777"}),
        audit.record(Kind.EVENT, "customer.changed", actor=ANA, target=Target.of(account.customer)),  # type: ignore[arg-type]
        audit.record(Kind.SYSTEM, "sync.complete", actor=SYSTEM, result="complete", facts={"seen": 120}),
    ]  # fmt: skip


def shown(client: Client, **query: str) -> list[int]:
    response = client.get(reverse("audit-entry-list"), query)
    assert response.status_code == 200
    return [int(seq) for seq in re.findall(r'id="entry-(\d+)"', response.content.decode())]


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ({}, [4, 3, 2, 1]),
        ({"kind": "intent"}, [1]),
        ({"action": "sync.complete"}, [4]),
        ({"actor": "ana@desk"}, [3, 2, 1]),
        ({"actor": "agent"}, [3, 2, 1]),
        ({"target": "remote-one"}, [2, 1]),
        ({"target": "cust-42"}, [3]),
        ({"q": "req-777"}, [2]),
        ({"q": "ANA intent"}, [1]),
        ({"q": OPERATION}, [2, 1]),
        ({"since": "2020-01-01", "until": "2099-01-01"}, [4, 3, 2, 1]),
        ({"until": "2020-01-01"}, []),
        ({"since": "2099-01-01"}, []),
        ({"kind": "outcome", "actor": "nobody"}, []),
        ({"q": "%"}, []),
    ],
)
def test_each_filter_narrows_the_log(
    entries: list[AuditEntry], auditor: Client, query: dict[str, str], wanted: list[int]
) -> None:
    assert [seq for seq in shown(auditor, **query) if seq <= 4] == wanted


@pytest.mark.parametrize(
    "query",
    [
        {"since": "yesterday"},
        {"until": "0001-01-01"},
        {"since": "9999-12-31", "until": "9999-12-31"},
        {"kind": "x" * 10_000},
        {"q": "x" * 10_000},
        {"actor": "\x00\u202e"},
        {"after": "zzz"},
        {"after": "WyI5OTk5OTk5OTk5OTk5OTk5OTk5OTk5IiwgIjEiXQ"},
    ],
)
def test_odd_filters_get_an_answer(entries: list[AuditEntry], auditor: Client, query: dict[str, str]) -> None:
    shown(auditor, **query)


def test_a_wrong_date_is_named(entries: list[AuditEntry], auditor: Client) -> None:
    html = auditor.get(reverse("audit-entry-list"), {"since": "yesterday"}).content.decode()

    assert "From: Enter a valid date." in html


def test_the_log_comes_in_pages(entries: list[AuditEntry]) -> None:
    for _ in range(60):
        audit.record(Kind.SYSTEM, "sync.complete", actor=SYSTEM)

    first = list_page({})
    second = list_page({}, after=first.after or "")

    assert [row.seq for row in (*first.rows, *second.rows)] == list(range(64, 0, -1))
    assert [row.seq for row in list_page({}, before=second.before or "").rows] == list(range(64, 14, -1))


def test_reading_the_log_is_on_record_once(entries: list[AuditEntry], auditor: Client) -> None:
    shown(auditor)
    shown(auditor, kind="intent")
    auditor.get(reverse("audit-entry-detail", args=[1]))

    assert AuditEntry.objects.filter(action="audit.read", kind=Kind.READ).count() == 1


def test_an_entry_shows_the_changes_first_and_the_body_second(entries: list[AuditEntry], auditor: Client) -> None:
    html = auditor.get(reverse("audit-entry-detail", args=[1])).content.decode()

    assert html.index("What changed") < html.index("As stored")
    assert all(
        word in html for word in ("recurrent", "single", "not kept", "m••• (ab12)", "on the phone", "Private key")
    )
    assert bytes(entries[0].mac).hex() in html
    assert "#2 operation.outcome" in html


@pytest.mark.parametrize("seq", [0, 99, 2**63 - 1, 2**64])
def test_an_entry_that_is_not_there_is_404(auditor: Client, seq: int) -> None:
    assert auditor.get(f"/audit/{seq}/").status_code == 404


def test_a_sound_chain_is_said_to_be_sound(entries: list[AuditEntry], auditor: Client) -> None:
    assert "Never verified" in auditor.get(reverse("audit-entry-list")).content.decode()

    html = auditor.post(reverse("audit-verify"), follow=True).content.decode()

    assert "follow each other unbroken" in html
    assert "Chain verified" in html
    assert AuditEntry.objects.get(action="audit.verified").result == "ok"


def test_a_broken_chain_is_said_to_be_broken(entries: list[AuditEntry], auditor: Client, monkeypatch: Any) -> None:
    from tests.dashboard.audit_samples import tamper

    tamper("UPDATE dashboard_auditentry SET actor = 'Somebody else' WHERE seq = 2")
    install_triggers(connection)

    html = auditor.post(reverse("audit-verify"), follow=True).content.decode()

    assert "The chain is broken: 1 findings" in html
    assert "Chain broken" in html
    assert AuditEntry.objects.get(action="audit.verified").result == "broken"


@pytest.mark.django_db(transaction=True)
def test_what_was_found_is_said_even_where_it_cannot_be_put_on_record(
    entries: list[AuditEntry], auditor: Client
) -> None:
    from tests.dashboard.audit_samples import tamper

    last = AuditEntry.objects.order_by("-seq").values_list("seq", flat=True)[0]
    tamper("UPDATE dashboard_auditentry SET actor = 'Somebody else' WHERE seq = %s", last)

    html = auditor.post(reverse("audit-verify"), follow=True).content.decode()

    assert f"The chain is broken: 1 findings, the first at entry {last}" in html
    assert not AuditEntry.objects.filter(action="audit.verified").exists()


def test_a_get_verifies_nothing(auditor: Client) -> None:
    assert auditor.get(reverse("audit-verify")).status_code == 405


def test_nothing_in_an_entry_is_taken_for_html(auditor: Client) -> None:
    audit.record(
        Kind.EVENT,
        "customer.changed",
        actor=Actor("2", "<img src=x>", "agent"),
        facts={
            "reason": "<script>1</script>",
            "changes": [{"class": "public", "label": "<b>", "before": "<i>", "after": {"x": "<u>"}}],
        },
    )

    for address in (reverse("audit-entry-list"), reverse("audit-entry-detail", args=[1])):
        html = auditor.get(address).content.decode()
        assert not any(tag in html for tag in ("<img src=x", "<script>1", "<i>", "<u>"))
