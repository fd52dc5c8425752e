"""The reviewer's queue on screen: what waits and why, deciding, what follows, who may."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from dashboard.models import AuditEntry, AuditReview, User
from dashboard.services import audit, audit_review_walk
from dashboard.services.audit import Actor, Kind, Target
from tests import people

pytestmark = pytest.mark.django_db
ANA = Actor("901", "Ana Souza <ana@desk.example>", "agent")
QUEUE = "/audit/reviews/"


@pytest.fixture
def ivo(settings: Any) -> User:
    settings.REVIEW_SAMPLE_PERCENT = 0
    settings.WORK_HOURS = ""
    return people.member("auditor")


@pytest.fixture
def auditor(client: Client, ivo: User) -> Client:
    client.force_login(ivo)
    return client


@pytest.fixture
def queue(auditor: Client) -> list[AuditEntry]:
    """Three to review: a first delete, another one without a reason, and broken glass."""
    change = {"class": "public", "label": "Access <mode>", "before": "recurrent", "after": "single"}
    facts = {"action": "delete", "changes": [change]}
    entries = [
        audit.record(
            Kind.INTENT, "operation.intent", actor=ANA, target=Target("a", "A"), facts=facts | {"reason": "r"}
        ),
        audit.record(Kind.INTENT, "operation.intent", actor=ANA, target=Target("b", "B"), facts=facts),
        audit.record(Kind.EVENT, "approval.broken_glass", actor=ANA, facts={"reason": "night"}),
    ]
    audit_review_walk.walk()
    return entries


def page(client: Client, address: str, status: int = 200, **query: str) -> str:
    response = client.get(address, query)
    assert response.status_code == status
    return response.content.decode()


def decide(client: Client, seq: int, verdict: str = "reviewed", **values: Any) -> Any:
    return client.post(f"{QUEUE}{seq}/", {"verdict": verdict, "decisions": 0, **values})


def test_the_queue_says_what_waits_and_why(auditor: Client, queue: list[AuditEntry]) -> None:
    html = page(auditor, QUEUE)

    assert "<strong>3</strong> of 3 writes by people (100 %)" in html
    assert html.index(f"review-{queue[2].seq}") < html.index(f"review-{queue[0].seq}")
    assert "Broke the glass" in html and "No reason given" in html


def test_it_is_narrowed_by_rule_and_state(auditor: Client, queue: list[AuditEntry]) -> None:
    by_rule = page(auditor, QUEUE, rule="missing_reason")
    flagged = page(auditor, QUEUE, state="flagged")
    nonsense = page(auditor, QUEUE, rule="\x00", state="x" * 5000, after="zzz")

    assert f'id="review-{queue[1].seq}"' in by_rule and f'id="review-{queue[0].seq}"' not in by_rule
    assert "Nothing here" in flagged
    assert f'id="review-{queue[0].seq}"' in nonsense


def test_one_decision_leads_to_the_next(auditor: Client, queue: list[AuditEntry]) -> None:
    assert auditor.get(f"{QUEUE}next/")["Location"] == f"{QUEUE}{queue[2].seq}/"

    after_glass = decide(auditor, queue[2].seq)
    after_first = decide(auditor, queue[0].seq, "flagged", comment="why?")
    after_last = decide(auditor, queue[1].seq)

    assert after_glass["Location"] == f"{QUEUE}{queue[0].seq}/"
    assert after_first["Location"] == f"{QUEUE}{queue[1].seq}/"
    assert after_last["Location"] == QUEUE
    assert "Nothing waits for a review" in page(auditor, QUEUE)
    assert "All 3 that were chosen" in page(auditor, QUEUE)


def test_the_rule_that_was_chosen_stays(auditor: Client, queue: list[AuditEntry]) -> None:
    response = auditor.post(f"{QUEUE}{queue[2].seq}/?rule=first_use", {"verdict": "reviewed", "decisions": 0})

    assert response["Location"] == f"{QUEUE}{queue[0].seq}/?rule=first_use"


def test_an_entry_shows_why_and_what_changed_before_the_decision(auditor: Client, queue: list[AuditEntry]) -> None:
    html = page(auditor, f"{QUEUE}{queue[1].seq}/")

    assert html.index("Why it is here") < html.index("Access &lt;mode&gt;") < html.index('id="decide-title"')
    assert "A delete or a request for approval without a reason." in html
    assert 'id="review-title" tabindex="-1" autofocus' in html


def test_a_flag_without_a_word_keeps_the_page_and_says_so(auditor: Client, queue: list[AuditEntry]) -> None:
    response = decide(auditor, queue[0].seq, "flagged", comment="  ")

    assert response.status_code == 422
    assert "Nothing was decided" in response.content.decode()
    assert "Say in the comment what is wrong" in response.content.decode()


def test_the_second_reviewer_keeps_what_was_typed(auditor: Client, queue: list[AuditEntry]) -> None:
    decide(auditor, queue[0].seq, "flagged", comment="first")

    response = decide(auditor, queue[0].seq, "reviewed", comment="second words")

    html = response.content.decode()
    assert response.status_code == 409
    assert "Somebody else has decided" in html and "second words" in html and "first" in html


@pytest.mark.parametrize(
    "values",
    [{"verdict": "open"}, {"verdict": ""}, {"decisions": "x"}, {"decisions": "9" * 50}, {"comment": "x" * 5000}],
)
def test_nonsense_is_refused_in_words(auditor: Client, queue: list[AuditEntry], values: dict[str, str]) -> None:
    response = auditor.post(
        f"{QUEUE}{queue[0].seq}/", {"verdict": "flagged", "decisions": "0", "comment": "x"} | values
    )

    assert response.status_code == 422
    assert AuditReview.objects.get(pk=queue[0].seq).state == "open"


def test_nobody_reviews_what_they_did(auditor: Client, ivo: User) -> None:
    own = audit.record(Kind.EVENT, "audit.export_asked", actor=Actor.of(ivo))
    audit_review_walk.walk()

    html = page(auditor, f"{QUEUE}{own.seq}/")
    refused = decide(auditor, own.seq)

    assert "You did this yourself" in html and 'name="verdict"' not in html
    assert refused.status_code == 422
    assert auditor.get(f"{QUEUE}next/")["Location"] == QUEUE


def test_an_entry_of_the_log_leads_to_its_review(auditor: Client, queue: list[AuditEntry]) -> None:
    before = page(auditor, f"/audit/{queue[0].seq}/")
    decide(auditor, queue[0].seq, "flagged", comment="x")
    after = page(auditor, f"/audit/{queue[0].seq}/")

    assert f'href="{QUEUE}{queue[0].seq}/"' in before and "To be reviewed" in before
    assert "Flagged" in after and "See the review" in after


@pytest.mark.parametrize("role", ["viewer", "agent", "approver", "admin"])
def test_only_readers_of_the_log_review_it(client: Client, queue: list[AuditEntry], role: str) -> None:
    client.force_login(people.member(role))

    for address in (QUEUE, f"{QUEUE}next/", f"{QUEUE}1/"):
        assert client.get(address).status_code == 403
    assert decide(client, queue[0].seq).status_code == 403
    assert AuditReview.objects.get(pk=queue[0].seq).state == "open"


@pytest.mark.parametrize("seq", [0, 99_999, 2**63, 2**70])
def test_an_entry_that_is_not_there_is_404(auditor: Client, seq: int) -> None:
    assert auditor.get(f"{QUEUE}{seq}/").status_code == 404
    assert decide(auditor, seq).status_code == 404


def test_the_queue_comes_in_pages(auditor: Client) -> None:
    for number in range(55):
        audit.record(
            Kind.INTENT, "operation.intent", actor=ANA, target=Target(str(number), "A"), facts={"action": "delete"}
        )
    audit_review_walk.walk()

    first = auditor.get(QUEUE)
    second = auditor.get(QUEUE, {"after": first.context["after"]})

    rows = [review.seq for response in (first, second) for review, _ in response.context["rows"]]
    assert rows == list(range(rows[0], rows[0] + 55))
