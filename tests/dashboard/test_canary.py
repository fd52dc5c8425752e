"""Marked passwords, codes and document numbers: on disk nowhere, whatever the remote does with them."""

from __future__ import annotations

import logging
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from dashboard.models import AuditEntry, Operation
from dashboard.models.operation import State
from dashboard.services import executor, operations
from dashboard.services.results import Started
from providers.sandbox import Fault
from providers.secrets import Secret
from tests import databases

from . import factories as make

MARK = "CANARY7f3a"
CODE = "83920174"


@pytest.fixture
def ana(belvo: Any) -> Any:
    make.synced()
    return make.agent()


def database_bytes() -> bytes:
    """Return everything the database keeps: the files with their journal, or a dump."""
    connection.close()
    if databases.is_sqlite():
        name = databases.current()
        return b"".join(path.read_bytes() for path in Path(name).parent.glob(f"{Path(name).name}*"))
    dump = subprocess.run(
        ["pg_dump", "--dbname", databases.database_url(databases.current())], capture_output=True, check=True
    )
    return dump.stdout


def traces(*marks: str) -> dict[str, int]:
    raw = database_bytes()
    found = {}
    for mark in marks:
        for form in (mark.encode(), mark.encode("utf-16-le"), mark.encode().hex().encode()):
            found[f"{mark} as {form[:12]!r}"] = raw.count(form)
    return {name: count for name, count in found.items() if count}


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    caplog.set_level(logging.DEBUG)
    yield caplog
    assert MARK not in caplog.text
    assert CODE not in caplog.text


def test_a_planted_mark_is_found(belvo: Any, ana: Any) -> None:
    draft = make.draft(make.account_at(make.PLAIN), ana)
    Operation.objects.filter(pk=draft.pk).update(reason=MARK)

    assert traces(MARK)


@pytest.mark.parametrize(
    "password",
    [
        MARK,
        f"echo-{MARK}",
        f"wrong--{MARK}",
        f"two-errors--{MARK}",
        f"unexpected--{MARK}",
        f"cut-before--{MARK}",
        f"cut-after--{MARK}",
        f"unknown-login--{MARK}",
        f"blocked--{MARK}",
        f"empty--{MARK}",
    ],
)
def test_a_password_is_nowhere_whatever_came_of_it(belvo: Any, ana: Any, logged: Any, password: str) -> None:
    operation = make.repaired(make.account_at(make.PLAIN), ana, password=password)

    assert operation.state != State.RUNNING
    assert AuditEntry.objects.filter(operation_id=str(operation.pk)).count() == 2
    assert traces(MARK) == {}


def test_an_echo_of_the_password_is_not_kept_in_any_text(belvo: Any, ana: Any) -> None:
    refused = make.repaired(make.account_at(make.PLAIN), ana, password=f"echo-{MARK}")

    assert refused.outcome["remote_code"] == "login_error"
    assert MARK not in str(refused.outcome)
    assert MARK not in refused.account.headline + str(refused.account.cause_evidence)


def test_codes_right_and_wrong_are_nowhere(belvo: Any, ana: Any, logged: Any) -> None:
    room = make.repaired(make.account_at(make.ASKS_FOR_NUMBER), ana, password=MARK)
    assert isinstance(operations.answer(room, Secret(CODE), actor=ana), Started)
    again = make.settled(room)
    assert again.state == State.AWAITING_TOKEN

    assert traces(CODE, MARK) == {}


def test_a_remote_that_repeats_the_code_leaves_no_trace(belvo: Any, ana: Any, logged: Any) -> None:
    room = make.repaired(make.account_at(make.ASKS_FOR_NUMBER), ana)
    body = f'[{{"code": "login_error", "message": "The code {CODE} is not right", "request_id": "r-{CODE}"}}]'
    belvo.faults.add(Fault("answer", method="PATCH", status=400, body=body))
    assert isinstance(operations.answer(room, Secret(CODE), actor=ana), Started)

    assert make.settled(room).state == State.REFUSED
    assert traces(CODE) == {}


def test_the_session_of_a_challenge_is_never_in_the_clear(belvo: Any, ana: Any) -> None:
    room = make.repaired(make.account_at(make.ASKS_FOR_NUMBER), ana)
    challenge = operations.challenge_of(room)
    assert challenge is not None

    assert traces(str(challenge.session.reveal())) == {}


def test_a_repair_link_is_never_in_the_clear(belvo: Any, ana: Any) -> None:
    done = make.repaired(make.account_at(make.PLAIN), ana, action="repair_link")
    handover = operations.handover_of(done)
    assert handover is not None
    token = str(handover.url.reveal()).partition("access_token=")[2].partition("&")[0]

    assert len(token) > 10
    assert traces(token) == {}


def test_a_document_number_is_nowhere(belvo: Any, ana: Any, logged: Any) -> None:
    account = make.account_at("ofmockbank_br_retail")

    make.repaired(account, ana, action="consents", secrets={"user_document": Secret("98765432198")})

    assert traces("98765432198") == {}


def test_our_own_keys_are_nowhere(belvo: Any, ana: Any, settings: Any) -> None:
    key = settings.INTEGRATIONS.integrations["belvo"].values["SECRET_PASSWORD"]
    make.repaired(make.account_at(make.PLAIN), ana, action="repair_link")

    assert traces(str(key.reveal())) == {}


def test_an_exception_of_ours_while_sending_tells_no_secret(belvo: Any, ana: Any, logged: Any) -> None:
    draft = make.draft(make.account_at(make.PLAIN), ana)
    # A lone surrogate cannot be written as UTF-8: whoever fails on it must not quote it.
    operation = make.start(draft, ana, values={}, secrets={"password": Secret(f"{MARK}\ud800")})

    assert isinstance(operation, Started)
    make.settled(draft)
    assert executor.wait_until_idle(10)
    assert traces(MARK) == {}
