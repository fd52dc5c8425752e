"""What each qualifier finds and does not find; pages; the same entries on the screen and in an export."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dashboard.models import AuditEntry
from dashboard.models.audit import Kind
from dashboard.services import audit, audit_needs, audit_page
from dashboard.services.audit import SYSTEM, Actor, Target
from dashboard.services.audit_needs import TooBroad
from dashboard.services.audit_redaction import keyed_digest, mask, pseudonym, redact_url
from dashboard.services.audit_search import AuditPage, find, list_page, read

pytestmark = pytest.mark.django_db

ANA = Actor("1", "Ana Souza <ana@desk.example>", "agent")
BEN = Actor("2", "Ben Okafor <ben@desk.example>", "admin")
OPERATION = str(uuid.UUID(int=5))
ACCOUNT = Target("0c1ab000-0000-0000-0000-000000000001", "belvo: Banco Azul remote-one")
CUSTOMER = Target("0c1ab000-0000-0000-0000-000000000002", "Customer of cust-42")
START = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)


def personal(text: str) -> dict[str, str]:
    return {"masked": mask(text), "pseudonym": pseudonym(text)}


def url(text: str) -> dict[str, str]:
    return {"url": redact_url(text), "digest": keyed_digest("url", text)}


CHANGES = [
    {"field": "access_mode", "class": "public", "label": "Access mode", "before": "recurrent", "after": "single use"},
    {"field": "password", "class": "never"},
    {"field": "webhook", "class": "url", "before": url("https://old.example/h"), "after": url("https://new.example/h?k=1")},
    {"field": "3", "class": "record", "before": None, "after": {"digest": keyed_digest("record", "555 999")}},
]  # fmt: skip


@pytest.fixture
def entries(db: None, settings: Any) -> None:
    """Six entries, a day apart."""
    customer = Target(CUSTOMER.id, f"Customer {pseudonym('cust-42')}")
    email = {"class": "personal", "before": personal("old@x.example"), "after": personal("m@x.example")}
    at_belvo = {"actor": ANA, "target": ACCOUNT, "integration": "belvo", "operation_id": OPERATION}
    intent = {"changes": CHANGES, "reason": "Customer called twice", "approval": "ap-77"}
    outcome = {"provider_request_id": "Req-777", "provider_status": 428}
    each: list[tuple[Kind, str, dict[str, Any]]] = [
        (Kind.INTENT, "operation.intent", {**at_belvo, "facts": intent}),
        (Kind.OUTCOME, "operation.outcome", {**at_belvo, "result": "failed_before_send", "facts": outcome}),
        (Kind.EVENT, "customer.changed",
         {"actor": BEN, "target": customer, "facts": {"changes": [{"field": "email", **email}]}}),
        (Kind.SYSTEM, "sync.complete", {"actor": SYSTEM, "result": "complete", "integration": "erp"}),
        (Kind.DENIED, "access.denied", {"actor": BEN, "result": "refused", "facts": {"page": "audit-entry-list"}}),
        (Kind.READ, "audit.read", {"actor": BEN}),
    ]  # fmt: skip
    for day, (kind, action, columns) in enumerate(each):
        with time_machine.travel(START + timedelta(days=day), tick=False):
            audit.record(kind, action, **columns)


def found(text: str) -> list[int]:
    page = list_page(read(text))
    seqs = [entry.seq for entry in page.rows]
    # An export of the same query holds the same entries.
    assert sorted(find({"q": text}).values_list("seq", flat=True), reverse=True) == seqs
    return seqs


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", [6, 5, 4, 3, 2, 1]),
        ("actor:ana", [2, 1]),
        ("actor:ANA@desk.example", [2, 1]),
        ('actor:"Ana Souza"', [2, 1]),
        ("actor:souza", [2, 1]),
        ("actor:desk", [6, 5, 4, 3, 2, 1]),
        ("actor:desk.example", [6, 5, 3, 2, 1]),
        ("actor:1", [2, 1]),
        ("actor:admin", [6, 5, 3]),
        ("actor:linkdesk", [4]),
        ("actor:ana,linkdesk", [4, 2, 1]),
        ('actor:"an"', []),
        ("actor:nobody", []),
        ("action:customer.changed", [3]),
        ("action:operation", [2, 1]),
        ("action:changed", [3]),
        ('action:"operation"', []),
        ("action:customer.changed,sync.complete", [4, 3]),
        ("target:azul", [2, 1]),
        ('target:"Banco Azul"', [2, 1]),
        ("target:remote-one", [2, 1]),
        ("target:cust-42", [3]),
        ("target:cust-43", []),
        (f"target:{ACCOUNT.id}", [2, 1]),
        (f"target:{ACCOUNT.id.upper()}", [2, 1]),
        ("provider:belvo", [2, 1]),
        ("provider:erp", [4]),
        ("provider:flxpoint", []),
        ("outcome:refused", [5]),
        ("outcome:failed", [2]),
        ('outcome:"failed before send"', [2]),
        ('outcome:"failed"', []),
        ("outcome:refused,complete", [5, 4]),
        ("field:webhook", [1]),
        ("field:access_mode", [1]),
        ('field:"Access mode"', [1]),
        ("field:password", [1]),
        ("field:email", [3]),
        ("field:tags", []),
        ("field:web", [1]),
        ('field:"web"', []),
        ("approval:ap-77", [1]),
        ("approval:ap-78", []),
        ("before:recurrent", [1]),
        ("before:single", []),
        ('after:"single use"', [1]),
        ("after:single", [1]),
        ("after:new.example", [1]),
        ("after:https://new.example/h?k=1", [1]),
        ("after:https://new.example/other", []),
        ("before:new.example", []),
        ("after:m@x.example", [3]),
        ("before:m@x.example", []),
        ('after:"555 999"', [1]),
        ("kind:intent", [1]),
        ("kind:intent,read", [6, 1]),
        ("-kind:read", [5, 4, 3, 2, 1]),
        ("-kind:read -actor:ana", [5, 4, 3]),
        ("-nowhere", [6, 5, 4, 3, 2, 1]),
        ("seq:3", [3]),
        ("seq:2..4", [4, 3, 2]),
        ("since:2026-05-06", [6, 5, 4, 3]),
        ("until:2026-05-06", [3, 2, 1]),
        ("since:2026-05-05 until:2026-05-06", [3, 2]),
        ("since:2026-q2 until:2026-05", [6, 5, 4, 3, 2, 1]),
        ("until:2020", []),
        ("since:2099", []),
        ("until:2026-05-06 seq:2..9 -kind:event", [2]),
        ("called", [1]),
        ("Customer called", [1]),
        ('"called twice"', [1]),
        ("req-777", [2]),
        ("req", [2]),
        ('"req"', []),
        ("428", [2]),
        (OPERATION, [2, 1]),
        ("ana intent", [1]),
        ("cust-42", [3]),
        ("webhook actor:ana provider:belvo field:access_mode kind:intent after:new.example approval:ap-77", [1]),
        ("webhook actor:ben", []),
        ("%", []),
        ("_", []),
        ("called,", [1]),
    ],
)
def test_each_query_finds_its_entries_and_no_others(entries: None, text: str, wanted: list[int]) -> None:
    assert found(text) == wanted


def test_what_cannot_be_understood_finds_nothing(entries: None) -> None:
    assert found("foo:bar ana") == []


def test_entries_of_an_older_key_are_found(entries: None, settings: Any) -> None:
    import base64

    settings.AUDIT_KEYS = ["a2:" + base64.b64encode(b"b" * 32).decode(), *settings.AUDIT_KEYS]

    assert found("target:cust-42") == [3]
    assert found("after:m@x.example") == [3]


def test_a_beginning_that_fits_too_much_is_refused(entries: None) -> None:
    for number in range(40):
        audit.record(Kind.EVENT, "test.happened", actor=SYSTEM, facts={"word": f"zebra-{number}"})

    with pytest.raises(TooBroad, match="“zebra” is how more than 30"):
        list_page(read("zebra"))
    assert len(found("zebra-1")) == 11
    assert found('"zebra"') == []


def test_the_words_of_the_log_fit_each_other_whatever_is_asked(entries: None) -> None:
    words = [
        "actor:ana",
        "-actor:ana",
        "field:webhook",
        "kind:event",
        "-kind:intent",
        "belvo",
        "-belvo",
        "since:2026-05-05",
    ]

    @settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.lists(st.sampled_from(words), unique=True, max_size=5))
    def check(chosen: list[str]) -> None:
        each = [set(found(word)) for word in chosen]
        assert set(found(" ".join(chosen))) == set.intersection(set(range(1, 7)), *each)

    check()


@given(st.text(max_size=80))
@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_garbage_gets_an_answer(text: str) -> None:
    for each in (text, f"field:{text}", f'"{text}"', f"-target:{text}", f"actor:{text}"):
        page = list_page(read(each))

        assert isinstance(page, AuditPage)


# -- pages


def many(count: int) -> None:
    for number in range(count):
        audit.record(Kind.SYSTEM if number % 3 else Kind.EVENT, "sync.complete", actor=SYSTEM, result="complete")


@pytest.mark.parametrize("text", ["", "kind:system", "kind:system outcome:complete", "-kind:event sync"])
def test_pages_follow_each_other_in_both_directions(text: str) -> None:
    many(230)
    wanted = list(AuditEntry.objects.order_by("-seq").values_list("seq", flat=True))
    if text:
        wanted = list(AuditEntry.objects.filter(kind="system").order_by("-seq").values_list("seq", flat=True))

    pages, page = [], list_page(read(text))
    assert page.before is None
    while True:
        pages.append([row.seq for row in page.rows])
        if page.after is None:
            break
        page = list_page(read(text), after=page.after)
    assert [seq for each in pages for seq in each] == wanted
    back = [list_page(read(text), before=page.before or "")]
    while back[-1].before:
        back.append(list_page(read(text), before=back[-1].before))
    assert [seq for each in reversed(back) for seq in (row.seq for row in each.rows)] == wanted[: -len(pages[-1])]
    assert back[-1].after


@pytest.mark.parametrize("cursor", ["zzz", "-1", "9" * 30, "", "٣", "1.5", "\0"])
def test_a_cursor_that_is_none_gives_the_first_page(cursor: str) -> None:
    many(3)

    assert [row.seq for row in list_page(read(""), after=cursor).rows] == [3, 2, 1]


def test_a_search_that_looked_long_enough_says_how_far(monkeypatch: pytest.MonkeyPatch) -> None:
    audit.record(Kind.SYSTEM, "sync.complete", actor=SYSTEM, result="failed", integration="belvo")
    many(200)
    for _ in range(100):
        audit.record(Kind.SYSTEM, "sync.complete", actor=SYSTEM, result="failed", integration="erp")
    monkeypatch.setattr(audit_page, "BUDGET", 60)
    query = read("outcome:failed -provider:erp")

    first = list_page(query)
    second = list_page(query, after=first.after or "")

    assert (list(first.rows), first.looked_to) == ([], 242)
    assert ([row.seq for row in second.rows], second.looked_to, second.after) == ([1], None, None)
    assert list_page(query, before="1").rows == []


def test_a_page_takes_three_queries_at_most(entries: None) -> None:
    for text in ("", "ana", "field:webhook", "actor:ana kind:intent webhook since:2026-05", "-kind:read"):
        with CaptureQueriesContext(connection) as taken:
            list_page(read(text))

        assert len(taken) <= 3, text


def test_ten_values_of_many_words_stay_one_query(entries: None) -> None:
    text = "target:" + ",".join(f'"w{n} banco azul remote one two"' for n in range(10))

    assert found(f"{text} {text}") == []
    assert len(audit_needs.needs_of(read(text)).needs) == 1
