"""The reviewer's queue: which entries get in and why, deciding on them, and how much was looked at."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from dashboard.models import Approval, AuditEntry, AuditReview, AuditReviewDecision, User
from dashboard.services import audit, audit_review_walk, audit_reviews
from dashboard.services.audit import SYSTEM, Actor, Kind, Target
from dashboard.services.audit_review_rules import RULES, is_sampled
from dashboard.work_hours import WorkHoursProblem, is_worked, parse
from tests import people

pytestmark = pytest.mark.django_db
ANA = Actor("1", "Ana Souza <ana@desk.example>", "agent")
IVO = Actor("7", "Ivo Auditor <ivo@desk.example>", "auditor")
NOON = "2026-03-04T12:00:00Z"  # a Wednesday


@pytest.fixture(autouse=True)
def no_chance(settings: Any, time_machine: Any) -> Iterator[None]:
    """At noon of a working day, without lots: what is chosen was chosen by a rule."""
    settings.REVIEW_SAMPLE_PERCENT = 0
    settings.WORK_HOURS = "Mon-Fri 08:00-18:00"
    time_machine.move_to(NOON)
    yield


def sent(action: str = "settings", target: str = "a", actor: Actor = ANA, **facts: Any) -> AuditEntry:
    told = {"action": action, "reason": "on the phone", **facts}
    return audit.record(Kind.INTENT, "operation.intent", actor=actor, target=Target(target, target), facts=told)


def known(*actors: Actor) -> None:
    """Have people use every right once before, so that no first use is in the way."""
    for actor in actors or (ANA,):
        for action in ("settings", "delete"):
            sent(action, f"before-{action}", actor)
        audit.record(Kind.EVENT, "customer.changed", actor=actor)
    audit_review_walk.walk()
    AuditReview.objects.all().update(state="reviewed")


def rules_of(entry: AuditEntry) -> set[str]:
    audit_review_walk.walk()
    review = AuditReview.objects.filter(pk=entry.seq).first()
    return set(review.rules.values_list("rule", flat=True)) if review else set()


# -- rules


def test_what_is_usual_is_left_alone() -> None:
    known()

    assert rules_of(sent()) == set()


def test_a_change_out_of_hours(time_machine: Any) -> None:
    known()
    time_machine.move_to("2026-03-04T22:00:00Z")

    assert rules_of(sent()) == {"out_of_hours"}


def test_hours_are_those_of_the_zone_that_people_see(settings: Any, time_machine: Any) -> None:
    known()
    settings.TIME_ZONE = "America/Bogota"
    timezone.get_default_timezone.cache_clear()
    time_machine.move_to("2026-03-04T22:00:00Z")  # 17:00 there

    found = rules_of(sent())

    settings.TIME_ZONE = "UTC"
    timezone.get_default_timezone.cache_clear()
    assert found == set()


@pytest.mark.parametrize(
    ("setting", "moment", "worked"),
    [
        ("Mon-Fri 08:00-18:00", "2026-03-04T08:00", True),
        ("Mon-Fri 08:00-18:00", "2026-03-04T18:00", False),
        ("Mon-Fri 08:00-18:00", "2026-03-07T12:00", False),
        ("Mon-Thu 8:00-18:00, Fri 08:00-15:00", "2026-03-06T16:00", False),
        ("Sat-Mon 00:00-24:00", "2026-03-08T23:59", True),
        ("Sat-Mon 00:00-24:00", "2026-03-03T12:00", False),
        ("", "2026-03-07T03:00", True),
    ],
)
def test_work_hours(setting: str, moment: str, worked: bool) -> None:
    assert is_worked(timezone.datetime.fromisoformat(moment), setting) is worked


@pytest.mark.parametrize(
    "setting", ["always", "Mon-Fri", "Mon-Fri 25:00-26:00", "Mon 18:00-08:00", "Mo-Fr 08:00-18:00"]
)
def test_hours_that_cannot_be_read_are_named(setting: str) -> None:
    with pytest.raises(WorkHoursProblem, match="WORK_HOURS"):
        parse(setting)


def test_a_delete_after_an_edit_by_the_same_person(time_machine: Any) -> None:
    known()
    other = Actor("2", "Bo", "agent")
    known(other)
    sent("settings", "x")
    sent("settings", "y", other)
    sent("settings", "z")

    assert rules_of(sent("delete", "x")) == {"delete_after_edit"}
    assert rules_of(sent("delete", "y")) == set()
    time_machine.shift(timedelta(hours=25))
    assert "delete_after_edit" not in rules_of(sent("delete", "z"))


def test_a_delete_after_what_was_no_edit(emulator: Any) -> None:
    known()
    for action, target in (("refresh", "x"), ("repair_link", "x"), ("settings", "y")):
        facts = {"action": action, "reason": "on the phone"}
        audit.record(
            Kind.INTENT, "operation.intent", actor=ANA, target=Target(target, target), integration="belvo", facts=facts
        )

    assert "delete_after_edit" not in rules_of(sent("delete", "x"))
    assert "delete_after_edit" in rules_of(sent("delete", "y"))


def test_many_accounts_at_once_are_told_once(settings: Any, time_machine: Any) -> None:
    settings.REVIEW_BULK_ACCOUNTS = 5
    known()
    time_machine.shift(timedelta(hours=1))
    entries = [sent(target=f"account-{number}") for number in range(12)]
    audit_review_walk.walk()

    assert [number for number, entry in enumerate(entries) if "large_bulk" in rules_of(entry)] == [4]
    time_machine.shift(timedelta(minutes=11))
    again = [sent(target=f"account-{number}") for number in range(5)]
    assert [number for number, entry in enumerate(again) if "large_bulk" in rules_of(entry)] == [4]


def test_one_account_changed_often_is_no_bulk(settings: Any, time_machine: Any) -> None:
    settings.REVIEW_BULK_ACCOUNTS = 3
    known()
    time_machine.shift(timedelta(hours=1))

    assert [entry.seq for entry in [sent(target="same") for _ in range(6)] if rules_of(entry)] == []


@pytest.mark.parametrize("reason", ["", "   ", None])
def test_a_delete_without_a_reason(reason: str | None) -> None:
    known()

    assert rules_of(sent("delete", reason=reason)) == {"missing_reason"}
    assert rules_of(sent("settings", reason=reason)) == set()


def test_a_person_without_a_reason_for_an_approval() -> None:
    known()
    audit.record(Kind.EVENT, "approval.requested", actor=ANA, facts={"reason": "said"})
    audit_review_walk.walk()

    assert rules_of(audit.record(Kind.EVENT, "approval.requested", actor=ANA)) == {"missing_reason"}


def test_broken_glass_stays_on_top_until_somebody_has_looked() -> None:
    known()
    early = sent("delete", reason="")
    glass = audit.record(Kind.EVENT, "approval.broken_glass", actor=ANA, facts={"reason": "the bank called"})
    assert rules_of(glass) == {"break_glass", "first_use"}

    assert [row.seq for row in audit_reviews.list_page("open", "").rows] == [glass.seq, early.seq]
    assert audit_reviews.next_open("", IVO.id).seq == glass.seq  # type: ignore[union-attr]
    assert audit_reviews.next_open("", IVO.id, AuditReview.objects.get(pk=early.seq).rank).seq == glass.seq  # type: ignore[union-attr]
    audit_reviews.decide(glass, "reviewed", "", actor=IVO, seen_decisions=0)
    assert [row.seq for row in audit_reviews.list_page("open", "").rows] == [early.seq]


def test_the_same_two_again_and_again(settings: Any) -> None:
    settings.REVIEW_PAIR_APPROVALS = 2
    requester, approver = people.member("agent"), people.member("approver")
    other = people.member("approver", email="second@desk.example")
    for who in (approver, other):
        audit.record(Kind.EVENT, "approval.approved", actor=Actor.of(who))
    audit_review_walk.walk()

    def approved(decider: User, *, days_ago: int = 0) -> AuditEntry:
        approval = Approval.objects.create(
            subject="test", subject_id=str(Approval.objects.count()), action="delete", digest="x", state="used",
            requester=requester, requester_text="r", decider=decider, expires_at=timezone.now(),
            decided_at=timezone.now() - timedelta(days=days_ago),
        )  # fmt: skip
        facts = {"reason": "x", "approval": str(approval.pk)}
        return audit.record(Kind.EVENT, "approval.approved", actor=Actor.of(decider), facts=facts)

    assert rules_of(approved(approver, days_ago=31)) == set()
    assert rules_of(approved(approver)) == rules_of(approved(approver)) == set()
    assert rules_of(approved(other)) == set()
    assert rules_of(approved(approver)) == {"same_pair"}


def test_the_first_use_of_a_right_once() -> None:
    assert rules_of(sent("settings")) == {"first_use"}
    assert rules_of(sent("settings")) == set()
    assert rules_of(sent("credentials")) == {"first_use"}
    assert rules_of(audit.record(Kind.EVENT, "audit.export_asked", actor=IVO)) == {"first_use"}


def test_what_is_no_write_of_a_person_is_never_chosen(settings: Any) -> None:
    settings.REVIEW_SAMPLE_PERCENT = 100
    audit.record(Kind.READ, "account.read", actor=ANA)
    audit.record(Kind.SYSTEM, "sync.complete", actor=SYSTEM)
    audit.record(Kind.EVENT, "session.signed_in", actor=ANA)
    audit.record(Kind.DENIED, "access.denied", actor=ANA)
    audit.record(Kind.EVENT, "audit.reviewed", actor=ANA)

    audit_review_walk.walk()

    assert not AuditReview.objects.exists()


def test_nonsense_in_an_entry_stops_no_walk() -> None:
    known()
    for facts in ({"action": ["delete"], "reason": {}}, {"action": {}, "approval": "x" * 400}, {"approval": 7}):
        audit.record(Kind.INTENT, "operation.intent", actor=ANA, facts=facts)
        audit.record(Kind.EVENT, "approval.approved", actor=ANA, facts=facts)

    assert audit_review_walk.walk() == 6


# -- lots


def test_lots_are_drawn_by_a_keyed_code_of_the_number(settings: Any) -> None:
    settings.REVIEW_SAMPLE_PERCENT = 10
    entries = [AuditEntry(seq=seq, key_id="a1") for seq in range(1, 3001)]

    drawn = [entry.seq for entry in entries if is_sampled(entry)]

    assert 220 < len(drawn) < 380
    assert drawn == [entry.seq for entry in entries if is_sampled(entry)]
    settings.AUDIT_KEYS = ["a1:" + "B" * 43 + "="]
    assert drawn != [entry.seq for entry in entries if is_sampled(entry)]


def test_what_no_rule_chose_is_drawn_by_lot(settings: Any) -> None:
    known()
    settings.REVIEW_SAMPLE_PERCENT = 100

    assert rules_of(sent()) == {"sample"}
    assert rules_of(sent("delete", "b", reason="")) == {"missing_reason"}


# -- the walk


def test_the_walk_goes_on_from_where_it_stopped_and_chooses_nothing_twice() -> None:
    for number in range(audit_review_walk.BATCH_ROWS + 5):
        sent("delete", str(number), reason="")

    assert audit_review_walk.walk(batches=1) == audit_review_walk.BATCH_ROWS
    assert audit_review_walk.walk() == 5
    assert audit_review_walk.walk() == 0
    assert AuditReview.objects.count() == AuditEntry.objects.count()


def test_two_walks_at_once_find_the_same_once(monkeypatch: Any) -> None:
    sent("delete", reason="")
    look_at = audit_review_walk._look_at

    def overtaken(entries: Any) -> Any:
        found = look_at(entries)
        monkeypatch.setattr(audit_review_walk, "_look_at", look_at)
        audit_review_walk.walk()
        return found

    monkeypatch.setattr(audit_review_walk, "_look_at", overtaken)
    audit_review_walk.walk()

    assert AuditReview.objects.count() == 1
    assert audit_reviews.coverage().writes == 1


def test_a_log_from_before_the_queue_is_learned_from_and_not_put_before_anybody(time_machine: Any) -> None:
    sent()
    time_machine.shift(timedelta(days=33))

    assert rules_of(sent()) == set()


# -- decisions


def test_a_decision_is_an_entry_and_stays_in_the_history() -> None:
    entry = sent("delete", reason="")
    audit_review_walk.walk()

    audit_reviews.decide(entry, "flagged", "Asked Ana", actor=IVO, seen_decisions=0)
    audit_reviews.decide(entry, "reviewed", "Ana had a ticket", actor=IVO, seen_decisions=1)

    history = AuditReviewDecision.objects.filter(review=entry.seq).values_list("verdict", "comment")
    assert list(history) == [("flagged", "Asked Ana"), ("reviewed", "Ana had a ticket")]
    told = list(AuditEntry.objects.order_by("seq").filter(actor_id=IVO.id))
    assert [each.action for each in told] == ["audit.flagged", "audit.reviewed"]
    assert json.loads(told[1].body)["entry"] == entry.seq
    assert json.loads(told[1].body)["before"] == "flagged"
    assert AuditReview.objects.get().state == "reviewed"


@pytest.mark.parametrize(
    ("verdict", "comment", "actor", "words"),
    [
        ("flagged", "  ", IVO, "Say in the comment"),
        ("open", "x", IVO, "reviewed or flagged"),
        ("reviewed", "", ANA, "You did this yourself"),
    ],
)
def test_what_is_not_decided_says_why(verdict: str, comment: str, actor: Actor, words: str) -> None:
    entry = sent()
    audit_review_walk.walk()

    with pytest.raises(audit_reviews.NotDecided, match=words):
        audit_reviews.decide(entry, verdict, comment, actor=actor, seen_decisions=0)

    assert (AuditReview.objects.get().state, AuditReviewDecision.objects.count()) == ("open", 0)


def test_the_second_of_two_reviewers_is_told_of_the_first() -> None:
    entry = sent()
    audit_review_walk.walk()
    audit_reviews.decide(entry, "flagged", "odd", actor=IVO, seen_decisions=0)

    with pytest.raises(audit_reviews.Overtaken):
        audit_reviews.decide(entry, "reviewed", "", actor=Actor("8", "Second", "auditor"), seen_decisions=0)

    assert AuditReview.objects.get().state == "flagged"


def test_any_entry_can_be_reviewed_by_hand() -> None:
    known()
    entry = audit.record(Kind.READ, "account.read", actor=ANA)

    audit_reviews.decide(entry, "flagged", "Why this customer?", actor=IVO, seen_decisions=0)

    assert set(AuditReview.objects.get(pk=entry.seq).rules.values_list("rule", flat=True)) == {"by_hand"}


@pytest.mark.django_db(transaction=True)
def test_without_the_log_nothing_is_decided(settings: Any) -> None:
    entry = sent()
    audit_review_walk.walk()
    settings.AUDIT_KEYS = []

    with pytest.raises(audit.AuditUnavailable):
        audit_reviews.decide(entry, "reviewed", "", actor=IVO, seen_decisions=0)

    assert (AuditReview.objects.get().state, AuditReviewDecision.objects.count()) == ("open", 0)


# -- coverage


def test_coverage_says_what_was_chosen_and_what_became_of_it(settings: Any, django_assert_max_num_queries: Any) -> None:
    first, second, third = sent("delete", "1"), sent("delete", "2", reason=""), sent("delete", "3", reason="")
    sent("delete", "4")
    audit_review_walk.walk()
    audit_reviews.decide(first, "reviewed", "", actor=IVO, seen_decisions=0)
    audit_reviews.decide(second, "flagged", "x", actor=IVO, seen_decisions=0)
    settings.REVIEW_SAMPLE_PERCENT = 100
    sent("settings", "5")
    sent("settings", "6")
    audit_review_walk.walk()

    with django_assert_max_num_queries(6):
        found = audit_reviews.coverage()

    assert (found.writes, found.by_rules, found.by_sample) == (6, 4, 1)
    assert (found.reviewed, found.flagged, found.open) == (1, 1, 3)
    assert found.oldest_open_at == timezone.datetime.fromisoformat(third.at)
    assert (found.chosen_percent, found.decided_percent, found.behind) == (83, 40, 0)


def test_every_rule_has_words() -> None:
    assert all(rule.word and rule.words.endswith(".") for rule in RULES)
