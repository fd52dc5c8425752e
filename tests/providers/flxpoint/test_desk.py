"""Flxpoint under the whole pipeline: draft, preview, send, read back, receipt, and what is raised on the account."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone

from dashboard import registry
from dashboard.fingerprints import fingerprint_of
from dashboard.models import ApiCall, AuditEntry, LinkedAccount, Operation
from dashboard.models.operation import State
from dashboard.services import executor, operations
from dashboard.services.mirror import mirror_page
from dashboard.services.sync import store_schemas
from providers.attention import Attention
from providers.flxpoint.sandbox import FlxpointSandbox
from providers.sandbox import Fault
from providers.secrets import Secret
from tests.dashboard import factories as make

from ..contract import got

pytestmark = pytest.mark.django_db(transaction=True)
CANARY = "canary-7Zq4-password"


@pytest.fixture
def box(emulator: Any) -> Iterator[FlxpointSandbox]:
    """Return the emulator, its world mirrored without the limit: a sync at 2 requests a second takes 6 s."""
    config = registry.integration_named("flxpoint")
    session = config.provider.open_session(config.values, fingerprint=fingerprint_of("flxpoint"))
    provider = config.provider(config.values, session)
    store_schemas("flxpoint", got(provider.list_schemas()).items)
    mirror_page("flxpoint", got(provider.list()).items, timezone.now())
    yield emulator.sandboxes["flxpoint"]
    executor.wait_until_idle(20)


@pytest.fixture
def ana(box: FlxpointSandbox) -> Any:
    return make.agent()


def account_called(start: str) -> LinkedAccount:
    return LinkedAccount.objects.get(integration="flxpoint", title__startswith=start)


def edited(account: LinkedAccount, ana: Any, password: str = "", **values: Any) -> Operation:
    """Change configs as the form does, and wait until the operation has come to an end."""
    draft = make.draft(account, ana, "configs")
    result = make.start(draft, ana, values=values, secrets={"password": Secret(password)} if password else {})
    return make.settled(result.operation)


def test_every_connection_is_mirrored_without_its_secrets(box: FlxpointSandbox) -> None:
    accounts = LinkedAccount.objects.filter(integration="flxpoint")
    secret = box.world.connections[48377].config("password")

    assert accounts.count() == 90
    assert secret is not None and secret["value"] == "S4mple-Only-Pw"
    assert "S4mple-Only-Pw" not in json.dumps([account.body for account in accounts])
    assert not ApiCall.objects.filter(response_body__contains="S4mple-Only-Pw").exists()


def test_a_sync_keeps_to_the_limit_and_writes_only_what_changed(box: FlxpointSandbox) -> None:
    box.arrivals.times.clear()
    versions = dict(LinkedAccount.objects.filter(integration="flxpoint").values_list("pk", "version"))

    make.synced("flxpoint")

    assert dict(LinkedAccount.objects.filter(integration="flxpoint").values_list("pk", "version")) == versions
    assert len(box.arrivals.times) == 11
    assert box.arrivals.most_within(1.0) <= 2


def test_one_config_is_changed_and_read_back(box: FlxpointSandbox, ana: Any) -> None:
    operation = edited(account_called("Acme Supply"), ana, CANARY, refresh_minutes="15")

    assert (operation.state, operation.receipt["verdict"]) == (State.DONE, "confirmed")
    assert box.effects()[-1]["changes"]["refresh_minutes"] == "15"
    assert box.effects()[-1]["secrets"]["password"] == box.fingerprint(CANARY)
    kept = [*ApiCall.objects.values_list("request_body", "response_body"), operation.plan, operation.values]
    assert CANARY not in repr(kept) + repr(list(AuditEntry.objects.values_list("body", flat=True)))


def test_a_change_by_somebody_else_stops_the_update(box: FlxpointSandbox, ana: Any) -> None:
    account = account_called("Case: changed by somebody else")

    first = edited(account, ana, encoding="UTF-16")
    account.refresh_from_db()
    shown_after_the_first = (account.attention, operations.conflict_of(account))
    second = edited(account, ana, encoding="UTF-16")

    assert (first.state, first.outcome["rule"]) == (State.REFUSED, "flxpoint.changed_meanwhile")
    assert shown_after_the_first == (Attention.CONFLICT, first)
    assert second.state == State.DONE
    assert [effect["what"] for effect in box.effects()] == ["update"]
    assert box.effects()[0]["changes"]["remote_path"] == "/moved/by-somebody-else.csv"


def test_a_config_that_moved_as_well_is_raised_on_the_account(box: FlxpointSandbox, ana: Any) -> None:
    account = account_called("Case: moves another config")

    operation = edited(account, ana, refresh_minutes="1440")
    account.refresh_from_db()

    assert operation.state == State.DONE
    assert "Character Encoding" in operation.receipt["sentence"]
    assert (account.attention, account.cause_code) == (Attention.CONFLICT, "flxpoint.moved_others")
    assert account.explanation.startswith("Changed: Character Encoding. ")
    assert account.cause_evidence["remote_message"] == ""


def test_a_concern_goes_when_the_next_update_does_nothing_of_the_kind(box: FlxpointSandbox, ana: Any) -> None:
    account = account_called("Case: moves another config")
    edited(account, ana, refresh_minutes="1440")

    account.refresh_from_db()
    edited(account, ana, refresh_minutes="15", encoding="ISO-8859-1")
    account.refresh_from_db()

    assert (account.attention, account.cause_code) == (Attention.HEALTHY, "")


def test_masked_secrets_that_the_provider_cleared_are_raised(box: FlxpointSandbox, ana: Any) -> None:
    account = account_called("Case: clears what is left out")

    operation = edited(account, ana, store_url="elsewhere.example")
    account.refresh_from_db()

    assert "Cleared: Admin API Access Token" in operation.receipt["sentence"]
    assert account.status == "incomplete"


def test_an_update_whose_answer_is_lost_is_settled_by_reading_back(box: FlxpointSandbox, ana: Any) -> None:
    box.faults.add(Fault("apply_then_cut", method="PUT"))

    operation = edited(account_called("Acme Supply"), ana, refresh_minutes="15")

    assert operation.state == State.DONE
    assert sum(one["count"] for one in box.requests() if one["method"] == "PUT") == 1


def test_a_concern_shows_when_the_answer_was_lost_too(box: FlxpointSandbox, ana: Any) -> None:
    account = account_called("Case: moves another config")
    box.faults.add(Fault("apply_then_cut", method="PUT"))

    operation = edited(account, ana, refresh_minutes="1440")
    account.refresh_from_db()

    assert (operation.state, account.attention) == (State.DONE, Attention.CONFLICT)


def test_an_update_that_comes_too_fast_is_sent_once_and_says_when_to_try_again(box: FlxpointSandbox, ana: Any) -> None:
    operation = edited(account_called("Acme Supply"), ana, host="case-busy")

    assert (operation.state, operation.outcome["rule"]) == (State.FAILED, "flxpoint.too_many_requests")
    assert operation.outcome["retry_after_s"] == 3
    assert sum(one["count"] for one in box.requests() if one["method"] == "PUT") == 1


def test_an_update_that_was_dropped_is_not_called_done(box: FlxpointSandbox, ana: Any) -> None:
    operation = edited(account_called("Case: drops the update"), ana, refresh_minutes="1440")

    assert operation.receipt["verdict"] == "not_shown"


def test_a_new_connection_is_made_and_mirrored(box: FlxpointSandbox, ana: Any) -> None:
    account = account_called("Acme Supply")
    draft = make.draft(account, ana, "create")
    values = {"connection.name": "Globex - price file", "host": "files.globex.example", "username": "globex"}

    operation = make.settled(make.start(draft, ana, values=values, secrets={"password": Secret(CANARY)}).operation)

    assert operation.state == State.DONE
    assert account_called("Globex - price file").attention == Attention.HEALTHY
    assert operation.receipt["verdict"] == "created"
    assert "Globex - price file" in operation.receipt["sentence"]


def test_an_edit_takes_three_requests_within_the_limit(box: FlxpointSandbox, ana: Any) -> None:
    box.arrivals.times.clear()
    started = time.monotonic()

    edited(account_called("Acme Supply"), ana, refresh_minutes="15")

    assert len(box.arrivals.times) == 3
    assert time.monotonic() - started < 10
    assert box.arrivals.most_within(1.0) <= 2


def test_a_draft_can_be_begun_again_after_a_conflict(box: FlxpointSandbox, ana: Any) -> None:
    account = account_called("Case: changed by somebody else")
    first = edited(account, ana, encoding="UTF-16", remote_path=f"/outbound/{account.remote_id}.csv")

    again = operations.begin_again(first, actor=ana)

    assert isinstance(again, Operation)
    assert again.plan is not None
    assert [change["field"] for change in again.plan["changes"]] == ["encoding"]
