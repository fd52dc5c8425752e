"""MoneyKit's links through the whole pipeline: preview, one request, reading back, receipt."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from dashboard.models import ApiCall, LinkedAccount, Operation, RemoteToken
from dashboard.services import operations
from dashboard.services.results import Started
from providers.config import read_configuration
from tests import emulator

from . import factories as make


@pytest.fixture
def box(remote: emulator.Emulator, settings: Any) -> Any:
    settings.INTEGRATIONS = read_configuration({**remote.environment, "INTEGRATIONS": "moneykit"})
    make.synced("moneykit")
    return remote.sandboxes["moneykit"]


def healthy() -> LinkedAccount:
    found = LinkedAccount.objects.filter(attention="healthy").exclude(body__webhook=None).order_by("remote_id")
    return next(account for account in found if "env:sandbox" in account.tags)


def carried_out(account: LinkedAccount, action: str, **values: Any) -> Operation:
    ana = make.agent()
    draft = operations.open_draft(account, action, actor=ana)
    assert isinstance(draft, Operation), draft
    shown = operations.preview(draft, values, frozenset())
    assert shown.plan is not None, shown.errors
    started = operations.start(draft, values, {}, digest=shown.plan.digest, actor=ana)
    assert isinstance(started, Started), started
    return make.settled(draft)


def test_a_webhook_is_removed_and_the_receipt_says_so(box: Any) -> None:
    done = carried_out(healthy(), "settings", webhook="")

    (call,) = ApiCall.objects.filter(method="PATCH")
    assert call.request_body == '{"webhook": null}'
    assert (done.state, done.receipt["verdict"]) == ("done", "verified_healthy")
    assert done.receipt["changes"][0]["after"] is None


def test_a_refusal_gives_the_account_its_cause(box: Any) -> None:
    account = next(found for found in LinkedAccount.objects.all() if found.tags == ["case:bad_state"])

    done = carried_out(account, "settings", link_tags=("new",))

    account.refresh_from_db()
    assert (done.state, done.outcome["rule"]) == ("refused", "moneykit.bad_state.auth_expired")
    assert account.attention == "needs_reconnect"


def test_the_token_of_a_session_rests_sealed_and_shows_nowhere(box: Any) -> None:
    done = carried_out(healthy(), "repair_link")

    handover = operations.handover_of(done)
    assert handover is not None
    token = str(handover.session.reveal())
    assert token in box.sessions
    assert not handover.url
    assert token.encode() not in bytes(done.sealed)
    assert token not in repr(list(ApiCall.objects.values())) + repr([done.outcome, done.receipt, done.plan])


def test_a_deleted_link_is_gone_at_once(box: Any) -> None:
    account = healthy()

    done = carried_out(account, "delete")

    account.refresh_from_db()
    assert (done.state, done.receipt["verdict"]) == ("done", "deleted")
    assert account.is_gone


def test_all_processes_use_one_token(box: Any) -> None:
    carried_out(healthy(), "settings", link_tags=("a",))

    assert box.tokens_made == 1
    assert b"mkat-" not in bytes(RemoteToken.objects.get().sealed or b"")


def test_an_expired_token_is_renewed_on_the_way(box: Any) -> None:
    box.clock.advance(3601)

    done = carried_out(healthy(), "settings", link_tags=("a",))

    assert done.state == "done"
    assert box.tokens_made == 2
    assert [call.status for call in ApiCall.objects.filter(method="PATCH").order_by("id")] == [401, 200]


def test_the_page_of_a_link_shows_its_products(box: Any, client: Client) -> None:
    account = healthy()
    client.force_login(make.agent())

    page = client.get(reverse("linked-account-detail", args=[account.pk])).content.decode()

    assert "Last tried" in page and "at most once an hour" in page
    assert "MoneyKit" in page


def test_initials_stand_for_a_picture_on_a_host_of_somebody_elses(box: Any, client: Client) -> None:
    account = next(found for found in LinkedAccount.objects.all() if found.title == "Wells Fargo")
    client.force_login(make.agent())

    page = client.get(reverse("linked-account-detail", args=[account.pk])).content.decode()

    assert '<span class="avatar" aria-hidden="true">WF</span>' in page
    assert "moneykit.example/avatars" not in page
