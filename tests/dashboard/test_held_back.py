"""What cannot be put on record is not sent: the screens say so, keep what was typed, and pages stay readable."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from dashboard.models import AuditEntry, Operation
from dashboard.models.operation import State
from dashboard.services.access_log import WAIT_MS

from . import factories as make
from .audit_samples import run
from .pages import HTMX, applied, client_of, digest_in, has, opened, typed, words

PASSWORD = "Canary0passw0rd"


@contextmanager
def no_key(settings: Any) -> Iterator[None]:
    keys, settings.AUDIT_KEYS = settings.AUDIT_KEYS, []
    yield
    settings.AUDIT_KEYS = keys


@contextmanager
def no_table(settings: Any) -> Iterator[None]:
    run("ALTER TABLE dashboard_auditentry RENAME TO elsewhere")
    yield
    run("ALTER TABLE elsewhere RENAME TO dashboard_auditentry")


@contextmanager
def locked(settings: Any) -> Iterator[None]:
    """Another process writes for longer than we wait."""
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL locks rows: see test_audit_concurrency.py")
    run("PRAGMA busy_timeout = 100")
    other = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield
    other.close()


@dataclass(frozen=True)
class Trouble:
    """`heading` is what people read; within `lasting()` nothing can be put on record."""

    heading: str
    lasting: Callable[[], AbstractContextManager[None]]


@pytest.fixture(params=[no_key, no_table, locked], ids=lambda made: made.__name__)
def trouble(request: Any, settings: Any) -> Trouble:
    headings = {
        locked: "The database takes no changes now",
        # Its triggers are gone with it.
        no_table: "The audit log cannot be proved now",
        no_key: "The audit log cannot be written",
    }
    return Trouble(headings[request.param], lambda: request.param(settings))


@pytest.fixture(params=[True, False], ids=["htmx", "plain"])
def htmx(request: Any) -> bool:
    return bool(request.param)


@pytest.fixture
def ana(belvo: Any) -> Any:
    make.synced()
    return make.agent()


@pytest.fixture
def desk(ana: Any) -> Client:
    return client_of(ana)


def test_apply_says_why_and_sends_nothing(desk: Client, belvo: Any, trouble: Trouble, htmx: bool) -> None:
    draft = opened(desk, make.account_at(make.PLAIN), "credentials")
    digest = digest_in(typed(desk, draft, password=PASSWORD))

    with trouble.lasting():
        response = applied(desk, draft, digest=digest, htmx=htmx, password=PASSWORD)

    assert response.status_code == 503
    assert trouble.heading in words(response) and "Nothing was sent" in words(response)
    assert PASSWORD not in response.content.decode()
    assert belvo.effects() == []
    assert Operation.objects.get(pk=draft.pk).state == State.DRAFT
    assert not AuditEntry.objects.filter(action="operation.intent").exists()


def test_what_was_typed_stays_and_can_be_applied_later(desk: Client, belvo: Any, trouble: Trouble) -> None:
    draft = opened(desk, make.account_at(make.PLAIN), "credentials")
    digest = digest_in(typed(desk, draft, password=PASSWORD))

    with trouble.lasting():
        response = applied(desk, draft, digest=digest, password=PASSWORD)

    assert response["HX-Retarget"] == "#operation-plan" and not has(response, "operation-panel")
    assert applied(desk, draft, digest=digest_in(response), password=PASSWORD).status_code == 200
    assert make.settled(draft).state == State.DONE


def test_a_code_is_not_sent_and_the_room_stays_open(
    desk: Client, ana: Any, belvo: Any, trouble: Trouble, htmx: bool
) -> None:
    room = make.repaired(make.account_at(make.ASKS_FOR_NUMBER), ana)
    before = belvo.effects()

    with trouble.lasting():
        response = desk.post(
            f"/operations/{room.pk}/token/", {"code": make.GOOD_CODE, "attempt": 0}, headers=HTMX if htmx else {}
        )

    assert response.status_code == 503
    assert trouble.heading in words(response) and "Nothing was sent" in words(response)
    assert has(response, "mfa-room")
    assert make.GOOD_CODE not in response.content.decode()
    assert belvo.effects() == before
    answered = desk.post(
        f"/operations/{room.pk}/token/", {"code": make.GOOD_CODE, "attempt": 0}, headers=HTMX if htmx else {}
    )
    assert answered.status_code in (200, 302)
    assert make.settled(room).state == State.DONE


def test_other_buttons_answer_503_and_change_nothing(desk: Client, ana: Any, trouble: Trouble, htmx: bool) -> None:
    room = make.repaired(make.account_at(make.ASKS_FOR_NUMBER), ana)

    with trouble.lasting():
        for button in ("cancel", "again"):
            response = desk.post(f"/operations/{room.pk}/{button}/", headers=HTMX if htmx else {})
            assert response.status_code == 503, button

    assert Operation.objects.get(pk=room.pk).state == State.AWAITING_TOKEN


def test_pages_can_still_be_read(desk: Client, ana: Any, trouble: Trouble) -> None:
    room = make.repaired(make.account_at(make.ASKS_FOR_NUMBER), ana)
    account = f"/linked-accounts/{room.account_id}/"

    with trouble.lasting():
        for page in ("/linked-accounts/", account, f"{account}?tab=history", f"/operations/{room.pk}/", "/customers/"):
            assert desk.get(page).status_code == 200, page


def test_a_page_does_not_wait_for_a_busy_database(desk: Client, ana: Any) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("on PostgreSQL only another entry can be waited for")
    account = make.account_at(make.PLAIN)
    run("PRAGMA busy_timeout = 20000")
    other = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    began = time.monotonic()

    response = desk.get(f"/linked-accounts/{account.pk}/")

    other.close()
    assert response.status_code == 200
    assert time.monotonic() - began < 2 * WAIT_MS / 1000
    with connection.cursor() as cursor:
        assert cursor.execute("PRAGMA busy_timeout").fetchone() == (20_000,)


def test_a_history_without_the_audit_log_says_that_it_is_not_whole(desk: Client, ana: Any, settings: Any) -> None:
    room = make.repaired(make.account_at(make.ASKS_FOR_NUMBER), ana)

    with no_table(settings):
        response = desk.get(f"/linked-accounts/{room.account_id}/?tab=history")

    assert "some of what people did is missing here" in words(response)
    assert "started “Update credentials”" in words(response)
