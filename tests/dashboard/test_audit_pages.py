"""The audit log on screen: filters, pages, an entry, the chain verified on demand."""

from __future__ import annotations

import html
import re
import uuid
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from dashboard.models import AuditEntry
from dashboard.models.audit import Kind
from dashboard.services import anchoring, anchors, audit
from dashboard.services.audit import SYSTEM, Actor, Target
from dashboard.triggers import install_triggers
from tests import people
from tests.dashboard import accounts, pages

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
    response = client.get(reverse("audit-entry-list"), query, follow=True)
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
        {"since": "someday"},
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


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("since:someday", "“since:someday” is no time"),
        ("foo:bar ana", "“foo:” is none of the qualifiers"),
        ("a" * 600, "takes 500 characters; this one has 600"),
    ],
)
def test_what_cannot_be_understood_is_named_and_stays_in_the_bar(
    entries: list[AuditEntry], auditor: Client, query: str, says: str
) -> None:
    response = auditor.get(reverse("audit-entry-list"), {"q": query})

    assert says in pages.words(response)
    assert "Nothing was searched for" in pages.words(response)
    assert f'value="{query}"' in response.content.decode()
    assert shown(auditor, q=query) == []


def test_too_many_words_are_named(entries: list[AuditEntry], auditor: Client) -> None:
    for number in range(40):
        audit.record(Kind.SYSTEM, "sync.complete", actor=SYSTEM, facts={"code": f"zebra-{number}"})

    response = auditor.get(reverse("audit-entry-list"), {"q": "zebra"})

    assert "“zebra” is how more than 30 different values of the log begin" in pages.words(response)


def test_single_filters_become_one_query_that_the_address_holds(entries: list[AuditEntry], auditor: Client) -> None:
    response = auditor.get(reverse("audit-entry-list"), {"q": "webhook", "kind": "intent", "actor": "Ana Souza"})

    assert response.status_code == 302
    assert parse_qs(urlsplit(response["Location"]).query) == {"q": ['webhook actor:"Ana Souza" kind:intent']}


def test_a_condition_can_be_taken_away(entries: list[AuditEntry], auditor: Client) -> None:
    html = auditor.get(reverse("audit-entry-list"), {"q": "kind:intent actor:ana", "after": "9"}).content.decode()

    assert 'class="chip" href="?q=actor%3Aana"' in html
    assert 'class="chip" href="?q=kind%3Aintent"' in html


def test_the_log_comes_in_pages(entries: list[AuditEntry], auditor: Client) -> None:
    for _ in range(60):
        audit.record(Kind.SYSTEM, "sync.complete", actor=SYSTEM)
    first = auditor.get(reverse("audit-entry-list"), {"q": "action:sync.complete"}).content.decode()

    older = html.unescape(first.split('rel="next" href="')[1].split('"')[0])
    second = auditor.get(reverse("audit-entry-list") + older).content.decode()

    seqs = [int(seq) for page in (first, second) for seq in re.findall(r'id="entry-(\d+)"', page)]
    assert seqs == list(
        AuditEntry.objects.filter(action="sync.complete").order_by("-seq").values_list("seq", flat=True)
    )
    assert 'rel="prev"' in second


def test_reading_the_log_is_on_record_once_for_each_query(entries: list[AuditEntry], auditor: Client) -> None:
    for query in ({}, {"q": "kind:intent"}, {"q": "kind:intent"}, {"q": "kind:intent", "after": "3"}):
        shown(auditor, **query)
    auditor.get(reverse("audit-entry-detail", args=[1]))

    looks = AuditEntry.objects.filter(action="audit.read", kind=Kind.READ).order_by("seq")
    assert [look.target for look in looks] == ["", "kind:intent"]


def test_who_was_looked_for_is_on_record_without_naming_them(entries: list[AuditEntry], auditor: Client) -> None:
    shown(auditor, q='target:maria@bank.example field:email -"Maria Gomes"')

    look = AuditEntry.objects.get(action="audit.read")
    assert "maria" not in f"{look.target} {look.body}".lower()
    assert "field:email" in look.target
    # Whoever knows whom it was about finds the look.
    assert shown(auditor, q="action:audit.read target:maria@bank.example") == [look.seq]
    assert shown(auditor, q='action:audit.read target:"Maria Gomes"') == [look.seq]


def test_a_query_that_was_not_understood_is_no_look(entries: list[AuditEntry], auditor: Client) -> None:
    shown(auditor, q="foo:bar")

    assert not AuditEntry.objects.filter(action="audit.read").exists()


def test_an_entry_shows_the_changes_first_and_the_body_second(entries: list[AuditEntry], auditor: Client) -> None:
    html = auditor.get(reverse("audit-entry-detail", args=[1])).content.decode()

    assert html.index("What changed") < html.index("As stored")
    assert all(
        word in html for word in ("recurrent", "single", "not kept", "m••• (ab12)", "on the phone", "Private key")
    )
    assert bytes(entries[0].mac).hex() in html
    assert "#2 Learned the outcome" in html


def test_the_drawer_gets_the_entry_alone(entries: list[AuditEntry], auditor: Client) -> None:
    response = auditor.get(reverse("audit-entry-detail", args=[1]), headers=pages.HTMX)

    assert response.content.decode().startswith('<article class="entry stack" id="audit-entry"')


def test_an_approval_leads_to_everything_under_it(entries: list[AuditEntry], auditor: Client) -> None:
    one = audit.record(Kind.EVENT, "approval.approved", actor=ANA, approval="ab-77")
    two = audit.record(Kind.EVENT, "approval.performed", actor=ANA, approval="ab-77")

    page = auditor.get(reverse("audit-entry-detail", args=[one.seq])).content.decode()

    assert "?q=approval%3Aab-77" in page
    assert shown(auditor, q="approval:ab-77") == [two.seq, one.seq]


@pytest.mark.parametrize("seq", [0, 99, 2**63 - 1, 2**64])
def test_an_entry_that_is_not_there_is_404(auditor: Client, seq: int) -> None:
    assert auditor.get(f"/audit/{seq}/").status_code == 404


def test_a_sound_chain_is_said_to_be_sound(entries: list[AuditEntry], auditor: Client) -> None:
    assert "Never verified" in auditor.get(reverse("audit-status")).content.decode()

    html = auditor.post(reverse("audit-verify"), follow=True).content.decode()

    assert "follow each other unbroken" in html
    assert "Verified just now" in pages.words(auditor.get(reverse("audit-status"), headers=pages.HTMX))
    assert AuditEntry.objects.get(action="audit.verified").result == "ok"


def test_the_chip_says_when_the_chain_was_verified_and_anchored(
    entries: list[AuditEntry], auditor: Client, settings: Any, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setattr(anchoring, "after_append", lambda: None)
    settings.AUDIT_ANCHORS = [f"file://{tmp_path / 'anchors.txt'}"]
    auditor.post(reverse("audit-verify"))
    assert "Verified just now , not anchored" in pages.words(auditor.get(reverse("audit-status"), headers=pages.HTMX))

    anchors.anchor_now()

    chip = pages.words(auditor.get(reverse("audit-status"), headers=pages.HTMX))
    assert re.fullmatch(r"Verified just now , anchored \d\d:\d\d UTC", chip)


def test_a_broken_chain_is_said_to_be_broken(entries: list[AuditEntry], auditor: Client, monkeypatch: Any) -> None:
    from tests.dashboard.audit_samples import tamper

    tamper("UPDATE dashboard_auditentry SET actor = 'Somebody else' WHERE seq = 2")
    install_triggers(connection)

    html = auditor.post(reverse("audit-verify"), follow=True).content.decode()

    assert "The chain is broken: 1 findings" in html
    status = pages.words(auditor.get(reverse("audit-status")))
    assert "Chain broken" in status
    assert "1 finding." in status
    assert "Keep the database and its backups as they are" in status
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


def test_a_log_that_cannot_be_written_says_so_and_what_to_do(entries: list[AuditEntry], auditor: Client) -> None:
    from tests.dashboard.audit_samples import triggers_off

    with triggers_off():
        status = pages.words(auditor.get(reverse("audit-status")))
    install_triggers(connection)

    assert "Closed: nothing can be sent or changed" in status
    assert "Nothing can be sent or changed." in status
    assert "Tell an administrator" in status


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
