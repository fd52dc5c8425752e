"""One token for everybody, renewed once, and the one call that may be sent a second time."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from dashboard.tokens import SharedTokens
from providers.answers import Snapshot
from providers.moneykit.sandbox import CLIENT_SECRET
from providers.moneykit.session import _lifetime_s
from providers.outcomes import Denied, Ok, RateLimited, Refused, Unavailable
from providers.plan import Plan
from providers.tokens import MemoryTokenStore
from tests import databases

from ..canned import Answer, CannedServer, as_json
from .support import CONNECTED, Remote, answer, link, moneykit, sample

ROOT = Path(__file__).resolve().parents[3]
ANSWERED_WITHIN_S = 60.0
TOKEN = as_json(sample("auth_token_ok"), 201)
LINK = answer("link_connected")
EXPIRED = answer("error_401")


def settings_plan(provider: Any, base: Snapshot | None = None) -> Plan:
    plan = provider.plan_update("settings", base or link(), {"webhook": ""}, frozenset(), None)
    assert isinstance(plan, Plan)
    return plan


def paths(server: CannedServer) -> list[str]:
    return [f"{asked.method} {asked.path.partition('?')[0]}" for asked in server.asked]


def test_the_token_is_got_with_a_form_and_used_as_bearer() -> None:
    with CannedServer(TOKEN, LINK) as server:
        assert isinstance(moneykit(server.url, auth="token").fetch(CONNECTED), Ok)

    first, second = server.asked
    assert first.headers["content-type"] == "application/x-www-form-urlencoded"
    assert b"grant_type=client_credentials" in first.body and CLIENT_SECRET.encode() in first.body
    assert "authorization" not in first.headers
    assert second.headers["authorization"] == f"Bearer {sample('auth_token_ok')['access_token']}"
    assert second.headers["moneykit-version"] == "2023-02-18"
    assert "x-client-secret" not in second.headers


def test_with_headers_there_is_no_token() -> None:
    with CannedServer(LINK) as server:
        assert isinstance(moneykit(server.url, auth="headers").fetch(CONNECTED), Ok)

    (asked,) = server.asked
    assert asked.headers["x-client-secret"] == CLIENT_SECRET
    assert "authorization" not in asked.headers


def test_a_token_serves_many_calls_and_many_sessions(moneykit_remote: Remote) -> None:
    tokens = MemoryTokenStore()

    for _ in range(3):
        provider = moneykit_remote.provider(tokens=tokens)
        assert isinstance(provider.check(), Ok) and isinstance(provider.list_schemas(), Ok)

    assert moneykit_remote.box.tokens_made == 1


@pytest.mark.django_db
def test_a_token_rests_in_the_database_for_all_processes(moneykit_remote: Remote) -> None:
    for _ in range(3):
        assert isinstance(moneykit_remote.provider(tokens=SharedTokens()).check(), Ok)

    assert moneykit_remote.box.tokens_made == 1


def test_a_token_that_is_about_to_end_is_not_used(moneykit_remote: Remote) -> None:
    moneykit_remote.box.token_lifetime_s = 0.5
    tokens = MemoryTokenStore()
    provider = moneykit_remote.provider(tokens=tokens)
    provider.check()
    kept = tokens.get("moneykit")
    assert kept is not None

    moneykit_remote.box.token_lifetime_s = 3600
    threading.Event().wait(0.6)
    provider.check()

    assert moneykit_remote.box.tokens_made == 2


def test_other_keys_never_get_the_token(moneykit_remote: Remote) -> None:
    tokens = MemoryTokenStore()
    moneykit_remote.provider(tokens=tokens).check()

    other = moneykit(moneykit_remote.url, auth="token", client_id="sandbox_other", tokens=tokens).check()

    assert isinstance(other, Denied)
    assert other.rule.code == "moneykit.unauthorized"


def test_an_expired_token_is_renewed_and_the_write_sent_again() -> None:
    renewed = as_json({**sample("auth_token_ok"), "access_token": "second-token"}, 201)
    with CannedServer(TOKEN, EXPIRED, renewed, answer("patch_ok_webhook_removed")) as server:
        provider = moneykit(server.url, auth="token")
        outcome = provider.send(settings_plan(provider), {}, {})

    assert isinstance(outcome, Ok)
    assert paths(server) == [
        "POST /auth/token",
        f"PATCH /links/{CONNECTED}",
        "POST /auth/token",
        f"PATCH /links/{CONNECTED}",
    ]
    assert server.asked[1].body == server.asked[3].body
    assert server.asked[3].headers["authorization"] == "Bearer second-token"


def test_it_is_sent_again_once_and_not_twice() -> None:
    with CannedServer(TOKEN, EXPIRED, TOKEN, EXPIRED, TOKEN, LINK) as server:
        provider = moneykit(server.url, auth="token")
        outcome = provider.send(settings_plan(provider), {}, {})

    assert isinstance(outcome, Denied)
    assert outcome.rule.code == "moneykit.token_expired"
    assert len(server.asked) == 4


@pytest.mark.parametrize(
    "refusal",
    [
        answer("error_401_unauthorized"),
        answer("error_401_link_unauthorized_access"),
        Answer(401, b"<html>", "text/html"),
    ],
    ids=["our keys", "another app", "no code"],
)
def test_no_other_401_renews_or_repeats(refusal: Answer) -> None:
    with CannedServer(TOKEN, refusal, TOKEN, LINK) as server:
        provider = moneykit(server.url, auth="token")
        outcome = provider.send(settings_plan(provider), {}, {})

    assert isinstance(outcome, Denied | Refused | Unavailable)
    assert len(server.asked) == 2


def test_a_write_that_got_no_answer_is_not_repeated() -> None:
    with CannedServer(TOKEN, Answer(cut=True), LINK) as server:
        provider = moneykit(server.url, auth="token")
        outcome = provider.send(settings_plan(provider), {}, {})

    assert isinstance(outcome, Unavailable)
    assert outcome.maybe_applied
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    "refusal",
    [
        Answer(cut=True),
        Answer(500, b"<html>", "text/html"),
        Answer(200, b"<html>", "text/html"),
        as_json({"expires_in": 3600}, 201),
        as_json({"access_token": "with\nbreak"}, 201),
        as_json({"access_token": ["x"]}, 201),
        as_json(None, 201),
    ],
    ids=["cut", "500", "html", "no token", "line break", "list", "null"],
)
def test_without_a_token_nothing_is_sent(refusal: Answer) -> None:
    with CannedServer(refusal) as server:
        provider = moneykit(server.url, auth="token")
        outcome = provider.send(settings_plan(provider), {}, {})

    assert isinstance(outcome, Unavailable)
    assert not outcome.maybe_applied
    assert set(paths(server)) == {"POST /auth/token"}


def test_a_refused_token_says_that_it_is_our_keys() -> None:
    for refusal in (answer("error_401_unauthorized"), answer("error_400_invalid_grant_type")):
        with CannedServer(refusal) as server:
            outcome = moneykit(server.url, auth="token").check()

        assert isinstance(outcome, Denied)
        assert outcome.rule.code == "moneykit.unauthorized"
        assert len(server.asked) == 1


def test_a_limit_on_tokens_is_a_limit() -> None:
    with CannedServer(answer("error_429")) as server:
        assert isinstance(moneykit(server.url, auth="token").check(), RateLimited)


def test_a_token_in_a_200_is_as_good_as_in_a_201() -> None:
    with CannedServer(as_json(sample("auth_token_ok")), LINK) as server:
        assert isinstance(moneykit(server.url, auth="token").fetch(CONNECTED), Ok)


def test_twenty_threads_renew_once(moneykit_remote: Remote) -> None:
    tokens = MemoryTokenStore()
    moneykit_remote.provider(tokens=tokens).check()
    moneykit_remote.box.clock.advance(3601)
    found: list[Any] = []

    def work() -> None:
        found.append(moneykit_remote.provider(tokens=tokens).check())

    threads = [threading.Thread(target=work) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 20
    assert all(isinstance(one, Ok) for one in found)
    assert moneykit_remote.box.tokens_made == 2


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
def test_four_processes_get_and_renew_one_token(moneykit_remote: Remote) -> None:
    children = [_child(moneykit_remote) for _ in range(4)]
    # A child that says nothing would be waited for without end; of one that is killed a line is "".
    too_late = threading.Timer(ANSWERED_WITHIN_S, lambda: [child.kill() for child in children])
    too_late.start()
    try:
        assert [_line_of(child) for child in children] == ["ready"] * 4
        first = _ask_all(children)
        made_first = moneykit_remote.box.tokens_made
        moneykit_remote.box.clock.advance(3601)
        second = _ask_all(children)
    finally:
        too_late.cancel()
        for child in children:
            child.kill()
            child.wait(10)

    assert first == second == ["Ok"] * 4
    assert (made_first, moneykit_remote.box.tokens_made) == (1, 2)


def _child(remote: Remote) -> Any:
    environment = {
        **os.environ,
        "INTEGRATIONS": "moneykit",
        **remote.box.environment(remote.url),
        "DATABASE_URL": databases.database_url(databases.current()),
    }
    command = [sys.executable, "-m", "tests.providers.moneykit.token_child"]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdin=pipe, stdout=pipe, text=True)


def _ask_all(children: list[Any]) -> list[str]:
    for child in children:
        child.stdin.write("ask\n")
        child.stdin.flush()
    return [_line_of(child) for child in children]


def _line_of(child: Any) -> str:
    return str(child.stdout.readline()).strip()


def test_a_read_is_repeated_with_a_new_token_if_moneykit_forgot_the_kept_one(moneykit_remote: Remote) -> None:
    tokens = MemoryTokenStore()
    moneykit_remote.provider(tokens=tokens).check()
    moneykit_remote.control("drop_tokens")

    assert isinstance(moneykit_remote.provider(tokens=tokens).check(), Ok)
    assert moneykit_remote.box.tokens_made == 2


def test_a_write_is_not_repeated_for_that_but_the_next_one_gets_through(moneykit_remote: Remote) -> None:
    tokens = MemoryTokenStore()
    moneykit_remote.provider(tokens=tokens).check()
    moneykit_remote.control("drop_tokens")
    provider = moneykit_remote.provider(tokens=tokens)
    plan = settings_plan(
        provider, next(moneykit_remote.snapshot(found) for found in moneykit_remote.links() if found.body["webhook"])
    )

    assert isinstance(provider.send(plan, {}, {}), Denied)
    assert moneykit_remote.box.effects() == []
    assert isinstance(provider.send(plan, {}, {}), Ok)


def test_a_token_of_this_moment_that_is_refused_is_not_tried_again() -> None:
    with CannedServer(TOKEN, answer("error_401_unauthorized"), TOKEN, LINK) as server:
        assert isinstance(moneykit(server.url, auth="token").fetch(CONNECTED), Denied)

    assert len(server.asked) == 2


def test_a_store_that_breaks_sends_nothing() -> None:
    class Broken(MemoryTokenStore):
        def get(self, name: str) -> Any:
            raise OSError("the database is away")

    with CannedServer(LINK) as server:
        outcome = moneykit(server.url, auth="token", tokens=Broken()).fetch(CONNECTED)

    assert isinstance(outcome, RateLimited | Unavailable)
    assert server.asked == []


def test_no_token_is_kept_in_the_call_log(moneykit_remote: Remote) -> None:
    tokens = MemoryTokenStore()
    moneykit_remote.provider(tokens=tokens).check()

    kept = tokens.get("moneykit")
    assert kept is not None
    assert [exchange.path for exchange in moneykit_remote.exchanges] == ["/auth/token", "/auth/introspect"]
    assert str(kept.value.reveal()) not in repr(moneykit_remote.exchanges)
    assert CLIENT_SECRET not in repr(moneykit_remote.exchanges)


@pytest.mark.parametrize(
    ("told", "seconds"),
    [(3600, 3600), ("120", 120), (0, 3600), (-5, 3600), (None, 3600), ("soon", 3600), (10**9, 86400)],
)
def test_a_lifetime_that_cannot_be_believed_is_an_hour(told: object, seconds: float) -> None:
    assert _lifetime_s(told) == seconds
