"""The mirror: what is written, what is left alone, whose badge it is, and how customers are found."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
import time_machine

from dashboard.models import Customer, LinkedAccount, Operation, RemoteSchema
from dashboard.models.operation import State
from dashboard.services import mirror as mirror_module
from dashboard.services.mirror import (
    forget_cause,
    mark_gone,
    mark_stale,
    mirror_page,
    note_cause,
    reassess,
    rematch_customers,
)
from providers.attention import Attention, Who
from providers.errors import Becomes, ErrorRule
from providers.outcomes import Denied, Evidence, Ok, Refused

from . import factories as make

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=10)


def rule_of(code: str) -> ErrorRule:
    """Return a row of Belvo's catalogue by our code."""
    from dashboard.registry import rule_named

    found = rule_named("belvo", code)
    assert found is not None, code
    return found


def a_rule_with(attention: Attention) -> ErrorRule:
    from dashboard.registry import provider_class_of

    return next(rule for rule in provider_class_of("belvo").rules if rule.attention == attention)


def fresh(account: LinkedAccount) -> LinkedAccount:
    return LinkedAccount.objects.get(pk=account.pk)


# -- writing


def test_a_new_snapshot_becomes_an_account(belvo: Any) -> None:
    account = make.mirrored("one", at=NOW, status="invalid", external_id="cust-1", tags=("vip",))

    assert account.provider == "belvo"
    assert account.status == "invalid"
    assert account.attention == Attention.NEEDS_PASSWORD
    assert account.version == 1
    assert account.checked_at == NOW
    assert account.to_snapshot().tags == ("vip",)


def test_the_same_snapshot_again_is_only_checked(belvo: Any) -> None:
    account = make.mirrored("one", at=NOW)

    again = make.mirrored("one", at=LATER)

    assert again.pk == account.pk
    assert again.checked_at == LATER
    assert (again.version, again.changed_at) == (account.version, account.changed_at)


def test_a_change_moves_version_and_time(belvo: Any) -> None:
    account = make.mirrored("one", at=NOW)

    changed = make.mirrored("one", at=LATER, body={"id": "one", "status": "valid", "stale_in": "30d"})

    assert changed.pk == account.pk
    assert changed.version == account.version + 1
    assert changed.changed_at > account.changed_at
    assert changed.attention_since == account.attention_since


def test_attention_since_moves_only_with_the_attention(belvo: Any) -> None:
    account = make.mirrored("one", at=NOW)

    broken = make.mirrored("one", at=LATER, status="invalid")

    assert broken.attention_since > account.attention_since


def test_an_answer_older_than_what_we_have_changes_nothing(belvo: Any) -> None:
    make.mirrored("one", at=LATER, status="invalid")

    account = make.mirrored("one", at=NOW, status="valid")

    assert account.status == "invalid"
    assert account.checked_at == LATER


def test_a_page_counts_what_it_wrote(belvo: Any) -> None:
    make.mirrored("one", at=NOW)
    make.mirrored("two", at=NOW)

    counted = mirror_page(
        "belvo", [make.snapshot("one"), make.snapshot("two", status="invalid"), make.snapshot("three")], LATER
    )

    assert (counted.seen, counted.created, counted.changed) == (3, 1, 1)


def test_a_page_larger_than_a_batch_is_written_whole(belvo: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mirror_module, "BATCH_ROWS", 7)

    counted = mirror_page("belvo", [make.snapshot(f"link-{number}") for number in range(30)], NOW)

    assert (counted.seen, counted.created) == (30, 30)
    assert LinkedAccount.objects.count() == 30


def test_a_large_unchanged_page_takes_few_queries(belvo: Any, django_assert_max_num_queries: Any) -> None:
    snapshots = [make.snapshot(f"link-{number}") for number in range(400)]
    mirror_page("belvo", snapshots, NOW)

    with django_assert_max_num_queries(10):
        mirror_page("belvo", snapshots, LATER)


def test_an_object_named_twice_on_a_page_is_stored_once(belvo: Any) -> None:
    mirror_page("belvo", [make.snapshot("one"), make.snapshot("one", status="invalid")], NOW)

    assert LinkedAccount.objects.get().status == "invalid"


def test_hostile_text_is_stored_as_far_as_it_can_be(belvo: Any) -> None:
    account = make.mirrored(
        "one",
        at=NOW,
        title="T\x00itle \ud800 " + "x" * 10_000,
        external_id="e" * 10_000,
        tags=("a\x00b", "c\udfff"),
        body={"id": "one", "note": "\x00\ud800", "deep": [{"k\x00": float("inf")}], "bidi": "\u202egnp"},
    )

    stored = fresh(account)
    assert stored.title.startswith("T\ufffditle ? ")
    assert len(stored.title) == 200
    assert stored.body["deep"] == [{"k\ufffd": "inf"}]
    assert stored.body["bidi"] == "\u202egnp"


def test_an_id_that_cannot_be_kept_loses_nothing_else(belvo: Any) -> None:
    counted = mirror_page("belvo", [make.snapshot("x" * 600), make.snapshot(""), make.snapshot("good")], NOW)

    assert (counted.seen, counted.created, counted.unreadable) == (1, 1, 2)


def test_a_time_in_another_zone_is_no_change_when_judged_again(belvo: Any) -> None:
    bogota = timezone(timedelta(hours=-5))
    account = make.mirrored("one", at=NOW, last_success_at=datetime(2026, 11, 1, 7, 0, tzinfo=bogota))

    reassess(account)

    assert fresh(account).version == 1


def test_a_changed_institution_changes_its_accounts(belvo: Any) -> None:
    make.synced()
    account = make.account_at(make.PLAIN, status="valid")
    belvo.world.institutions[make.PLAIN].body["status"] = "down"

    make.synced()

    assert fresh(account).attention == Attention.INSTITUTION_DOWN


# -- stale and gone


def test_a_read_clears_a_hint_that_came_before_it(belvo: Any) -> None:
    account = make.mirrored("one", at=NOW)
    with time_machine.travel(NOW + timedelta(minutes=1), tick=False):
        mark_stale(account)
    assert fresh(account).stale_at is not None

    make.mirrored("one", at=LATER)

    assert fresh(account).stale_at is None


def test_a_hint_that_came_after_the_question_stays(belvo: Any) -> None:
    account = make.mirrored("one", at=NOW)
    with time_machine.travel(LATER + timedelta(seconds=1), tick=False):
        mark_stale(account)

    for status in ("valid", "invalid"):
        make.mirrored("one", at=LATER, status=status)
        assert fresh(account).stale_at is not None


def test_what_is_gone_stays_with_its_history(belvo: Any) -> None:
    account = make.mirrored("one", at=NOW)

    mark_gone(account)

    assert account.is_gone
    assert account.attention == Attention.ENDED
    assert account.version == 2
    assert not LinkedAccount.objects.present().exists()
    gone_at = account.gone_at
    mark_gone(account)
    assert account.gone_at == gone_at
    assert account.version == 2


def test_what_is_there_again_is_there_again(belvo: Any) -> None:
    account = make.mirrored("one", at=NOW)
    mark_gone(account)

    back = make.mirrored("one", at=datetime.now(UTC) + timedelta(seconds=1))

    assert not back.is_gone
    assert back.attention == Attention.HEALTHY


# -- who must act


def refused(rule: ErrorRule) -> Refused:
    return Refused(rule, Evidence(http_status=400, remote_code="x", request_id="req-1"))


@pytest.fixture
def locked(belvo: Any) -> LinkedAccount:
    """Return a valid account whose last refusal says that the institution has locked it."""
    account = make.mirrored("one", at=NOW)
    note_cause(account, refused(a_rule_with(Attention.CUSTOMER_AT_INSTITUTION)), action="credentials")
    return account


def test_a_refusal_with_an_attention_becomes_badge_and_cause(locked: LinkedAccount) -> None:
    assert locked.attention == Attention.CUSTOMER_AT_INSTITUTION
    assert locked.headline == a_rule_with(Attention.CUSTOMER_AT_INSTITUTION).sentence
    assert locked.cause_evidence["request_id"] == "req-1"
    assert locked.version == 2


def test_a_mistyped_password_does_not_make_a_working_link_look_broken(belvo: Any) -> None:
    working, broken = make.mirrored("one", at=NOW), make.mirrored("two", at=NOW, status="invalid")

    for account in (working, broken):
        note_cause(account, refused(a_rule_with(Attention.NEEDS_PASSWORD)), action="credentials")

    assert working.attention == Attention.HEALTHY
    assert working.cause_code
    assert broken.headline == a_rule_with(Attention.NEEDS_PASSWORD).sentence


def test_an_account_is_called_by_the_name_that_people_know_its_institution_by(belvo: Any) -> None:
    make.synced()

    account = make.account_at(make.PLAIN)

    assert account.title == "Erebor Bank"
    assert account.schema_key == make.PLAIN


def test_the_same_refusal_again_is_news_too(locked: LinkedAccount) -> None:
    before = locked.version

    note_cause(locked, refused(a_rule_with(Attention.CUSTOMER_AT_INSTITUTION)), action="credentials")

    assert locked.version == before + 1


def test_a_refusal_without_an_attention_leaves_the_badge(belvo: Any) -> None:
    account = make.mirrored("one", at=NOW)
    silent = ErrorRule("x", Becomes.REFUSED, "No.", "Wait.", Who.AGENT, "here")

    note_cause(account, refused(silent))
    note_cause(account, Ok(None))

    assert account.version == 1
    assert account.cause_code == ""


def test_a_cause_survives_a_sync_that_says_nothing_new(locked: LinkedAccount) -> None:
    again = make.mirrored("one", at=datetime.now(UTC))

    assert again.attention == Attention.CUSTOMER_AT_INSTITUTION
    assert again.version == locked.version


def test_a_cause_ends_when_the_remote_status_moves(locked: LinkedAccount) -> None:
    assert make.mirrored("one", at=datetime.now(UTC), status="invalid").attention == Attention.NEEDS_PASSWORD


def test_a_cause_ends_with_the_next_success(locked: LinkedAccount) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=1)

    assert make.mirrored("one", at=soon, last_success_at=soon).attention == Attention.HEALTHY


def test_a_cause_ends_when_the_same_action_succeeds(locked: LinkedAccount) -> None:
    forget_cause(locked, action="settings")
    assert locked.attention == Attention.CUSTOMER_AT_INSTITUTION

    forget_cause(locked, action="credentials")

    assert locked.attention == Attention.HEALTHY
    assert locked.cause_evidence == {}


def test_somebody_elses_bad_hour_is_not_held_against_an_account_for_ever(belvo: Any) -> None:
    account = make.mirrored("one", at=NOW)
    note_cause(account, refused(a_rule_with(Attention.INSTITUTION_DOWN)))
    assert account.attention == Attention.INSTITUTION_DOWN

    with time_machine.travel(datetime.now(UTC) + timedelta(hours=7), tick=False):
        later = make.mirrored("one", at=datetime.now(UTC))

    assert later.attention == Attention.HEALTHY


def test_our_keys_are_good_again_when_something_was_read_with_them(belvo: Any) -> None:
    account = make.mirrored("one", at=NOW)
    note_cause(account, Denied(a_rule_with(Attention.OUR_KEYS)))
    reassess(account)
    assert account.attention == Attention.OUR_KEYS

    assert make.mirrored("one", at=datetime.now(UTC)).attention == Attention.HEALTHY


def test_an_open_room_comes_before_every_cause_and_gone_before_the_room(locked: LinkedAccount) -> None:
    room = Operation.objects.create(
        account=locked, integration="belvo", action="credentials", actor_text="Ana", state=State.AWAITING_TOKEN
    )
    reassess(locked)
    assert locked.attention == Attention.NEEDS_CODE

    mark_gone(locked)

    assert locked.attention == Attention.ENDED
    assert room.account_id == locked.pk


# -- customers and search


def test_a_customer_is_found_by_the_external_id(belvo: Any) -> None:
    customer = Customer.objects.create(reference="cust-1", name="José Núñez", email="jose@mail.example")

    account = make.mirrored("one", at=NOW, external_id="cust-1")

    assert account.customer == customer


def test_people_search_by_everything_shown_in_lower_case(belvo: Any) -> None:
    Customer.objects.create(reference="CUST-1", name="ΣΊΣΥΦΟΣ Straße", email="S@Mail.example")
    RemoteSchema.objects.create(integration="belvo", key=make.PLAIN, title="Erebor Bank", digest="x", fetched_at=NOW)

    account = make.mirrored("ID-1", at=NOW, external_id="CUST-1", tags=("VIP",), title="Title")

    lines = account.search_text.split("\n")
    assert lines[0] == "title"
    expected = {make.PLAIN, "erebor bank", "id-1", "cust-1", "vip", "valid", "s@mail.example"}
    assert expected | {"σίσυφοσ strasse"} <= set(lines)


def test_an_id_is_found_as_it_is_read_out(belvo: Any) -> None:
    account = make.mirrored("demo/FILE/AC%2A1", at=NOW)

    assert {"demo/file/ac%2a1", "demo/file/ac*1"} <= set(account.search_text.split("\n"))


def test_a_customer_who_comes_later_is_matched(belvo: Any) -> None:
    account = make.mirrored("one", at=NOW, external_id="cust-1")
    other = make.mirrored("two", at=NOW, external_id="cust-2")
    Customer.objects.create(reference="cust-1", name="Ana")

    assert rematch_customers(["cust-1"]) == 1
    assert rematch_customers(["cust-1"]) == 0
    assert rematch_customers() == 0

    assert fresh(account).customer is not None
    assert fresh(account).version == 2
    assert fresh(account).search_text.endswith("\nana\ncust-1") or "ana" in fresh(account).search_text
    assert fresh(other).version == 1


def test_a_renamed_customer_is_found_by_the_new_name_only(belvo: Any) -> None:
    customer = Customer.objects.create(reference="cust-1", name="Old Name")
    account = make.mirrored("one", at=NOW, external_id="cust-1")
    customer.name = "New Name"
    customer.save()

    rematch_customers(["cust-1"])

    assert "new name" in fresh(account).search_text
    assert "old name" not in fresh(account).search_text


def test_a_changed_reference_lets_the_old_account_go(belvo: Any) -> None:
    customer = Customer.objects.create(reference="cust-1", name="Ana")
    account = make.mirrored("one", at=NOW, external_id="cust-1")
    customer.reference = "cust-9"
    customer.save()

    rematch_customers(["cust-1", "cust-9"])

    assert fresh(account).customer is None
    assert "ana" not in fresh(account).search_text.split("\n")


def test_rematching_keeps_badges_of_an_integration_that_is_not_configured_any_more(belvo: Any, settings: Any) -> None:
    account = make.mirrored("one", at=NOW, status="invalid", external_id="cust-1")
    settings.INTEGRATIONS.integrations.clear()
    Customer.objects.create(reference="cust-1", name="Ana")

    assert rematch_customers() == 1

    assert fresh(account).attention == Attention.NEEDS_PASSWORD
