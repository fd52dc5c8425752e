"""Completions in the bar, and queries that people keep; every change of these on record."""

from __future__ import annotations

import json
import uuid

import pytest
from django.test import Client
from django.urls import reverse

from dashboard.models import AuditEntry, SavedQuery, User
from dashboard.models.audit import Kind
from dashboard.services import audit
from dashboard.services.audit import SYSTEM, Actor
from dashboard.services.audit_complete import complete
from tests import people
from tests.dashboard import pages

pytestmark = pytest.mark.django_db
LIST = "/audit/queries/"


@pytest.fixture
def auditor() -> User:
    return people.member("auditor")


@pytest.fixture
def client(auditor: User) -> Client:
    return pages.client_of(auditor)


@pytest.fixture
def log() -> None:
    changes = [{"field": name, "class": "public", "before": "a", "after": "b"} for name in ("webhook", "web page")]
    ana = Actor("7", "Ana Souza <ana@desk.example>", "agent")
    audit.record(Kind.EVENT, "customer.changed", actor=ana, result="ok", facts={"changes": changes})
    audit.record(Kind.SYSTEM, "sync.complete", actor=SYSTEM, integration="erp")


def offered(text: str, caret: int | None = None) -> list[str]:
    return [each.label for each in complete(text, len(text) if caret is None else caret)]


# -- completion


def test_qualifiers_are_offered_first(log: None) -> None:
    assert offered("")[:3] == ["actor:", "action:", "target:"]
    assert offered("fi") == ["field:"]
    assert offered("kind:read -a") == ["actor:", "action:", "after:", "approval:"]
    assert offered("kind:read ") == []
    assert offered('"quoted fi') == []


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("field:we", ["web page", "webhook"]),
        ("field:webhook,web", ["web page", "webhook"]),
        ("actor:an", ["ana@desk.example"]),
        ("actor:link", ["linkdesk"]),
        ("action:ch", ["customer.changed"]),
        ("outcome:", ["ok"]),
        ("provider:e", ["erp"]),
        ("kind:i", ["intent"]),
        ("since:7", ["7d"]),
        ("after:", ["b"]),
        ("nothing:", []),
        ("seq:", []),
    ],
)
def test_values_come_from_the_log(log: None, text: str, wanted: list[str]) -> None:
    assert offered(text) == wanted


def test_what_is_chosen_stands_for_the_word_before_the_caret(log: None) -> None:
    (first, second) = complete("field:we kind:read", 8)

    assert (first.text, first.caret) == ('field:"web page"  kind:read', 17)
    assert second.text == "field:webhook  kind:read"


@pytest.mark.parametrize("caret", ["", "-1", "99999999999", "x", "٣"])
def test_completions_are_a_fragment_and_never_break(client: Client, log: None, caret: str) -> None:
    for text in ("field:we", "\0", "x" * 9_000, '"', "field:%_", "since:\u202e"):
        response = client.get("/audit/complete/", {"q": text, "caret": caret}, headers=pages.HTMX)
        assert response.status_code == 200
        assert 'role="listbox"' in response.content.decode()
    assert client.get("/audit/complete/", {"q": "fi"}).status_code == 200


# -- kept queries


def kept(client: Client, name: str = "Webhooks", text: str = "field:webhook", **more: str) -> SavedQuery:
    assert client.post(LIST, {"name": name, "text": text, **more}).status_code == 302
    return SavedQuery.objects.get(name=name)


def test_a_query_is_kept_found_and_on_record(client: Client) -> None:
    saved = kept(client, text="field:webhook target:maria@bank.example")

    html = client.get(LIST, headers=pages.HTMX).content.decode()
    assert "?q=field%3Awebhook+target%3Amaria%40bank.example" in html
    entry = AuditEntry.objects.get(action="query.saved")
    assert entry.target == "Saved query Webhooks"
    assert "field:webhook" in json.loads(entry.body)["query"]
    assert "maria" not in entry.body
    assert saved.owner_text in entry.actor


def test_a_shared_query_is_seen_by_others_who_cannot_change_it(client: Client) -> None:
    mine, shared = kept(client, "Mine"), kept(client, "Ours", is_shared="on")
    other = pages.client_of(people.member("auditor", email="other@desk.example"))

    words = pages.words(other.get(LIST))
    assert "Ours" in words
    assert "Mine" not in words
    for saved in (mine, shared):
        assert other.post(f"{LIST}{saved.pk}/", {"do": "delete"}).status_code == 404
        assert other.post(f"{LIST}{saved.pk}/", {"name": "Stolen"}).status_code == 404
    assert SavedQuery.objects.count() == 2


def test_a_query_is_renamed_shared_and_removed_on_record(client: Client) -> None:
    saved = kept(client)

    client.post(f"{LIST}{saved.pk}/", {"name": "Hooks", "is_shared": "on"})
    saved.refresh_from_db()
    assert (saved.name, saved.is_shared) == ("Hooks", True)
    client.post(f"{LIST}{saved.pk}/", {"name": "Hooks", "is_shared": "on"})
    client.post(f"{LIST}{saved.pk}/", {"do": "delete", "name": ""})

    assert not SavedQuery.objects.exists()
    found = AuditEntry.objects.filter(action__startswith="query.").order_by("seq").values_list("action", flat=True)
    assert list(found) == ["query.saved", "query.changed", "query.removed"]


@pytest.mark.parametrize(
    ("values", "status", "says"),
    [
        ({"name": "Webhooks", "text": "kind:read"}, 409, "You have a query named “Webhooks” already"),
        ({"name": "", "text": "kind:read"}, 422, "This field is required"),
        ({"name": "\u202e", "text": "kind:read"}, 422, "at least one character that can be seen"),
        ({"name": "x" * 81, "text": "kind:read"}, 422, "at most 80 characters"),
        ({"name": "Bad", "text": "foo:bar"}, 422, "“foo:” is none of the qualifiers"),
        ({"name": "Empty", "text": ""}, 422, "an empty query is the whole log"),
    ],
)
def test_what_cannot_be_kept_is_told(client: Client, values: dict[str, str], status: int, says: str) -> None:
    kept(client)

    response = client.post(LIST, values)

    assert response.status_code == status
    assert says in pages.words(response)
    assert SavedQuery.objects.count() == 1


def test_a_name_that_is_taken_is_told_when_renaming(client: Client) -> None:
    kept(client, "One")
    two = kept(client, "Two")

    response = client.post(f"{LIST}{two.pk}/", {"name": "One"})

    assert response.status_code == 409
    assert "You have a query named “One” already" in pages.words(response)
    assert client.post(f"{LIST}{two.pk}/", {"name": ""}).status_code == 422
    assert client.post(f"{LIST}{uuid.uuid4()}/", {"name": "x"}).status_code == 404


def test_a_shared_query_outlives_its_maker(client: Client, auditor: User) -> None:
    kept(client, "Ours", is_shared="on")
    auditor.delete()

    other = pages.client_of(people.member("auditor", email="other@desk.example"))

    assert "Ours" in pages.words(other.get(LIST))


def test_only_readers_of_the_log_reach_them() -> None:
    agent = pages.client_of(people.member("agent"))

    for address in (LIST, "/audit/complete/", reverse("audit-status")):
        assert agent.get(address).status_code == 403
