"""A write from its draft to its receipt, against Belvo's emulator."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dashboard.models import ApiCall, AuditEntry, LinkedAccount, Operation
from dashboard.models.operation import State
from dashboard.services import executor, operations
from dashboard.services.audit import AuditUnavailable, verify
from dashboard.services.results import (
    AlreadySent,
    Busy,
    InvalidValues,
    Nothing,
    OpenRefused,
    PlanChanged,
    Started,
)
from providers.attention import Attention
from providers.sandbox import Fault
from providers.secrets import Secret

from . import factories as make


@pytest.fixture
def ana(belvo: Any) -> Any:
    make.synced()
    return make.agent()


def effects(belvo: Any, method: str = "PUT") -> list[Any]:
    return [effect for effect in belvo.effects() if effect["method"] == method]


def facts_of(operation: Operation, action: str) -> dict[str, Any]:
    entry = AuditEntry.objects.filter(operation_id=str(operation.pk), action=action).latest("seq")
    return {"result": entry.result, "kind": entry.kind, "actor": entry.actor, **json.loads(entry.body)}


# -- drafts


def test_a_draft_begins_with_a_preview_and_sends_nothing(belvo: Any, ana: Any) -> None:
    account = make.account_at(make.PLAIN, status="invalid")

    draft = make.draft(account, ana)

    assert draft.state == State.DRAFT
    assert draft.plan["action"] == "credentials"
    assert draft.actor_text == "Ana Souza"
    assert not ApiCall.objects.filter(account=account).exists()


def test_a_preview_keeps_what_is_no_secret(belvo: Any, ana: Any) -> None:
    draft = make.draft(make.account_at(make.PLAIN), ana, "settings")

    seen = operations.preview(draft, {"stale_in": "30d", "made_up": "x"}, frozenset())

    draft.refresh_from_db()
    assert seen.plan is not None
    assert draft.values == {"stale_in": "30d"}
    assert draft.plan_digest == seen.plan.digest


def test_a_secret_among_the_values_is_dropped(belvo: Any, ana: Any) -> None:
    draft = make.draft(make.account_at(make.PLAIN), ana)

    operations.preview(draft, {"password": "canary-in-values"}, frozenset())

    draft.refresh_from_db()
    assert draft.values == {}


def test_what_makes_no_sense_now_is_refused_with_the_reason(belvo: Any, ana: Any) -> None:
    account = make.account_at("ofmockbank_br_retail")

    refused = operations.open_draft(account, "credentials", actor=ana)

    assert isinstance(refused, OpenRefused)
    assert "no password" in refused.why


def test_an_action_that_nobody_offers_is_refused(belvo: Any, ana: Any) -> None:
    assert isinstance(operations.open_draft(make.account_at(make.PLAIN), "fly", actor=ana), OpenRefused)


def test_an_integration_that_is_gone_from_the_settings_is_named(belvo: Any, ana: Any) -> None:
    account = make.account_at(make.PLAIN)
    LinkedAccount.objects.filter(pk=account.pk).update(integration="erp")
    account.refresh_from_db()

    refused = operations.open_draft(account, "credentials", actor=ana)

    assert isinstance(refused, OpenRefused)
    assert "“erp”" in refused.why


def test_nobody_opens_a_draft_on_an_account_that_is_held(belvo: Any, ana: Any) -> None:
    account = make.account_at(make.ASKS_FOR_NUMBER)
    room = make.repaired(account, ana)

    refused = operations.open_draft(account, "refresh", actor=make.agent("Bo", "bo@desk.example"))

    assert isinstance(refused, OpenRefused)
    assert refused.holder == room
    assert "Ana Souza" in refused.why


# -- sending


def test_a_new_password_is_sent_once_and_verified(belvo: Any, ana: Any) -> None:
    account = make.account_at(make.PLAIN, status="invalid")

    done = make.repaired(account, ana)

    assert done.state == State.DONE
    assert done.receipt["verdict"] == "verified_healthy"
    assert done.receipt["sentence"].startswith("Verified healthy at ")
    assert done.account.attention == Attention.HEALTHY
    assert done.account.status == "valid"
    assert len(effects(belvo)) == 1
    assert done.settled_at is not None
    assert operations.current_of(account) is None


def test_intent_and_outcome_are_on_record_and_the_chain_holds(belvo: Any, ana: Any) -> None:
    account = make.account_at(make.PLAIN, status="invalid")
    draft = make.draft(account, ana)
    plan = operations.preview(draft, {}, frozenset({"password"})).plan
    assert plan is not None

    operations.start(
        draft, {}, {"password": Secret("abc")}, digest=plan.digest, actor=ana, reason="called about her card"
    )
    make.settled(draft)

    intent, outcome = facts_of(draft, "operation.intent"), facts_of(draft, "operation.outcome")
    assert intent["kind"] == "intent"
    assert intent["actor"] == "Ana Souza <ana@desk.example>"
    assert intent["fields"] == intent["secrets_given"] == ["password"]
    assert intent["request"] == {"method": "PUT", "path": f"/api/links/{account.remote_id}/"}
    assert intent["reason"] == "called about her card"
    assert intent["plan_digest"] == plan.digest
    assert outcome["kind"] == "outcome"
    assert outcome["result"] == "ok"
    assert outcome["state"] == "done"
    assert outcome["receipt"] == "verified_healthy"
    assert verify().ok


def test_every_call_is_on_record_under_its_operation(belvo: Any, ana: Any) -> None:
    done = make.repaired(make.account_at(make.PLAIN), ana)

    calls = [(call.method, call.status) for call in ApiCall.objects.filter(operation=done).order_by("at", "pk")]

    assert calls == [("PUT", 200), ("GET", 200)]


def test_a_refused_password_ends_refused_with_the_catalogues_words(belvo: Any, ana: Any) -> None:
    account = make.account_at(make.PLAIN, status="valid")

    refused = make.repaired(account, ana, password="wrong")

    assert refused.state == State.REFUSED
    assert refused.outcome["type"] in ("refused", "field_errors")
    assert refused.outcome["http_status"] == 400
    assert refused.outcome["remote_code"] == "login_error"
    assert refused.outcome["request_id"]
    assert refused.receipt == {}
    assert facts_of(refused, "operation.outcome")["result"] == "refused"


def test_a_refusal_that_says_more_than_the_status_becomes_the_cause(belvo: Any, ana: Any) -> None:
    account = make.account_at(make.PLAIN, status="valid")

    refused = make.repaired(account, ana, password="locked-account")

    assert refused.account.attention == Attention.CUSTOMER_AT_INSTITUTION
    assert refused.account.headline == refused.outcome["sentence"]
    assert refused.account.cause_evidence["request_id"] == refused.outcome["request_id"]


def test_a_later_success_forgets_the_cause(belvo: Any, ana: Any) -> None:
    account = make.account_at(make.PLAIN, status="valid")
    make.repaired(account, ana, password="locked-account")

    account = make.repaired(account, ana).account

    assert account.attention == Attention.HEALTHY
    assert account.cause_code == ""


def test_accepted_but_still_broken_says_so(belvo: Any, ana: Any) -> None:
    account = make.account_at(make.PLAIN, status="invalid")

    done = make.repaired(account, ana, password="still-invalid")

    assert done.state == State.DONE
    assert done.receipt["verdict"] == "still_failing"
    assert done.receipt["sentence"].startswith("Accepted, but still failing: ")
    assert done.receipt["attention"] == Attention.NEEDS_PASSWORD


def test_our_own_keys_refused_is_a_failure_that_an_administrator_must_end(belvo: Any, ana: Any) -> None:
    failed = make.repaired(make.account_at(make.PLAIN), ana, password="our-keys")

    assert failed.state == State.FAILED
    assert failed.outcome["type"] == "denied"
    assert failed.outcome["who"] == "admin"
    assert failed.account.attention == Attention.OUR_KEYS


def test_a_link_that_is_gone_is_marked_gone(belvo: Any, ana: Any) -> None:
    account = make.account_at(make.PLAIN)
    belvo.world.links.pop(account.remote_id)

    failed = make.repaired(account, ana)

    assert failed.state == State.FAILED
    assert failed.outcome["type"] == "gone"
    assert failed.account.is_gone
    assert failed.account.attention == Attention.ENDED


def test_a_rate_limit_is_a_failure_with_when_to_try(belvo: Any, ana: Any) -> None:
    belvo.faults.add(Fault("answer", method="PUT", status=429, headers={"Retry-After": "40"}))

    failed = make.repaired(make.account_at(make.PLAIN), ana)

    assert failed.state == State.FAILED
    assert failed.outcome["type"] == "rate_limited"
    assert failed.outcome["retry_after_s"] == 40


def test_a_handover_is_sealed_and_read_only_until_it_expires(belvo: Any, ana: Any) -> None:
    done = make.repaired(make.account_at(make.PLAIN), ana, action="repair_link")

    handover = operations.handover_of(done)

    assert done.state == State.DONE
    assert done.receipt["verdict"] == "handed_over"
    assert handover is not None
    url = str(handover.url.reveal())
    assert url.startswith("https://widget.belvo.io/?")
    assert url.encode() not in bytes(done.sealed)
    done.sealed_until = make.long_ago()
    assert operations.handover_of(done) is None


def test_a_lookup_shows_its_table_and_keeps_no_document_number(belvo: Any, ana: Any) -> None:
    account = make.account_at("ofmockbank_br_retail")
    number = belvo.world.links[account.remote_id].document

    done = make.repaired(account, ana, action="consents", secrets={"user_document": Secret(number)})

    assert done.state == State.DONE, done.outcome
    assert done.receipt["verdict"] == "shown"
    assert done.outcome["table"]["columns"]
    assert number not in json.dumps([done.outcome, done.receipt, done.plan, done.values])


def test_settings_are_confirmed_on_what_was_read_back(belvo: Any, ana: Any) -> None:
    account = make.account_at(make.PLAIN, status="invalid")

    done = make.repaired(account, ana, action="settings", values={"stale_in": "30d"})

    assert done.state == State.DONE
    assert done.receipt["verdict"] == "confirmed"
    assert done.account.body["stale_in"] == "30d"
    assert effects(belvo, "PATCH")


def test_a_write_that_cannot_be_read_back_is_not_verifiable(belvo: Any, ana: Any) -> None:
    belvo.faults.add(Fault("answer", method="GET", path="*/links/*", times=10, status=503))

    done = make.repaired(make.account_at(make.PLAIN, status="invalid"), ana)

    assert done.state == State.DONE
    assert done.receipt["verdict"] == "not_verifiable"


# -- nothing is sent


def test_a_plan_that_changed_since_is_shown_again(belvo: Any, ana: Any) -> None:
    account = make.account_at(make.PLAIN, status="valid")
    draft = make.draft(account, ana)
    plan = operations.preview(draft, {}, frozenset({"password"})).plan
    assert plan is not None
    belvo.world.links[account.remote_id].body["status"] = "invalid"
    make.synced()

    result = operations.start(draft, {}, {"password": Secret("abc")}, digest=plan.digest, actor=ana)

    assert isinstance(result, PlanChanged)
    assert result.preview.plan is not None
    assert result.preview.plan.digest != plan.digest
    assert_nothing_sent(belvo, draft)


def test_another_digest_sends_nothing(belvo: Any, ana: Any) -> None:
    draft = make.draft(make.account_at(make.PLAIN), ana)

    result = operations.start(draft, {}, {"password": Secret("abc")}, digest="0" * 64, actor=ana)

    assert isinstance(result, PlanChanged)
    assert_nothing_sent(belvo, draft)


def test_values_without_a_plan_send_nothing(belvo: Any, ana: Any) -> None:
    draft = make.draft(make.account_at(make.PLAIN), ana, "settings")

    result = operations.start(draft, {"stale_in": "never"}, {}, digest="", actor=ana)

    assert isinstance(result, InvalidValues)
    assert result.preview.errors
    assert_nothing_sent(belvo, draft)


def test_an_empty_plan_is_nothing_to_send(belvo: Any, ana: Any) -> None:
    draft = make.draft(make.account_at(make.PLAIN), ana)

    result = make.start(draft, ana, values={}, secrets={})

    assert isinstance(result, Nothing)
    assert_nothing_sent(belvo, draft)


def test_a_blank_password_means_keep(belvo: Any, ana: Any) -> None:
    draft = make.draft(make.account_at(make.PLAIN), ana)
    plan = operations.preview(draft, {}, frozenset()).plan
    assert plan is not None

    result = operations.start(draft, {}, {"password": Secret("")}, digest=plan.digest, actor=ana)

    assert isinstance(result, Nothing)
    assert_nothing_sent(belvo, draft)


def test_a_full_process_is_busy_and_the_draft_stays(belvo: Any, ana: Any, full_executor: None) -> None:
    draft = make.draft(make.account_at(make.PLAIN), ana)

    result = make.start(draft, ana, values={}, secrets={"password": Secret("abc")})

    assert isinstance(result, Busy)
    assert_nothing_sent(belvo, draft)


def test_without_an_audit_entry_nothing_is_sent(belvo: Any, ana: Any, settings: Any) -> None:
    draft = make.draft(make.account_at(make.PLAIN), ana)
    settings.AUDIT_KEYS = []

    with pytest.raises(AuditUnavailable):
        make.start(draft, ana, values={}, secrets={"password": Secret("abc")})

    assert_nothing_sent(belvo, draft)


def test_the_place_is_given_back_when_nothing_was_sent(belvo: Any, ana: Any, settings: Any) -> None:
    account = make.account_at(make.PLAIN)
    for _ in range(settings.EXECUTOR_THREADS + 1):
        draft = make.draft(account, ana)
        operations.start(draft, {}, {"password": Secret("abc")}, digest="other", actor=ana)

    assert make.repaired(account, ana).state == State.DONE


def test_a_stale_tab_never_sends_twice(belvo: Any, ana: Any) -> None:
    account = make.account_at(make.PLAIN)
    draft = make.draft(account, ana)
    first = make.start(draft, ana, values={}, secrets={"password": Secret("abc")})
    make.settled(draft)

    again = operations.start(draft, {}, {"password": Secret("abc")}, digest=draft.plan_digest, actor=ana)

    assert isinstance(first, Started)
    assert isinstance(again, AlreadySent)
    assert len(effects(belvo)) == 1


def test_a_cancelled_draft_is_never_sent(belvo: Any, ana: Any) -> None:
    draft = make.draft(make.account_at(make.PLAIN), ana)
    assert operations.cancel(draft, actor=ana)

    result = operations.start(draft, {}, {"password": Secret("abc")}, digest=draft.plan_digest, actor=ana)

    assert isinstance(result, AlreadySent)
    assert effects(belvo) == []


def test_when_the_outcome_cannot_be_written_the_operation_is_found_again(belvo: Any, ana: Any, settings: Any) -> None:
    belvo.slow_s = 0.5
    account = make.account_at(make.PLAIN, status="invalid")
    operation = make.started(account, ana, password="slow")
    keys, settings.AUDIT_KEYS = settings.AUDIT_KEYS, []

    assert executor.wait_until_idle(15)
    operation.refresh_from_db()
    assert operation.state == State.RUNNING
    settings.AUDIT_KEYS = keys
    Operation.objects.filter(pk=operation.pk).update(beat_at=make.long_ago())

    assert operations.find_orphans() == 1
    settled = operations.check_back(operation.pk)

    assert settled.state == State.DONE
    assert settled.receipt["verdict"] == "verified_healthy"
    assert len(effects(belvo)) == 1


@pytest.fixture
def full_executor(belvo: Any) -> Any:
    slots = []
    while (slot := executor.reserve()) is not None:
        slots.append(slot)
    yield
    for slot in slots:
        slot.release()


def assert_nothing_sent(belvo: Any, draft: Operation) -> None:
    draft = Operation.objects.get(pk=draft.pk)
    assert draft.state == State.DRAFT
    assert draft.sent_at is None
    assert belvo.effects() == []
    assert not ApiCall.objects.exclude(method="GET").exists()
    assert not AuditEntry.objects.filter(action="operation.intent").exists()
