"""Remotes that break in every way we know of: nothing raises, nothing is sent twice, and doubt is said."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from providers.http import ApiSession, NoReply, Reply
from providers.linkar.provider import Linkar
from providers.outcomes import Ok, Outcome, Unavailable

from ..contract import Impatient
from ..faults import FAULTS, FaultServer, nobody_listens
from .support import Remote, linkar

pytestmark = pytest.mark.faults

DEADLINE_S = 0.25
NEEDS_ARGUMENT = {"retry_after": "1", "status": "503", "says": "{}", "says_text": "no", "unavailable_until": "1"}
# `raw` needs bytes of a test's own. A bomb takes longer to make than these deadlines; it is tested with the transport.
LEFT_OUT = {"raw", "gzip_bomb"}
# Whole answers without a word: documented for an update (OAS), so the record is read again and shows what was done.
WORDLESS = {"no_content", "empty_200"}
NAMES = sorted(f"{name}={NEEDS_ARGUMENT[name]}" if name in NEEDS_ARGUMENT else name for name in set(FAULTS) - LEFT_OUT)
ITEM = "apidemo/ACCOUNTS/AC%2A1006"


class Split(ApiSession):
    """Reads from a sound remote, writes to a broken one."""

    def __init__(self, reads: ApiSession, writes: ApiSession) -> None:
        self._reads, self._writes = reads, writes

    def request(self, method: str, path: str, **options: Any) -> Reply | NoReply:
        return (self._reads if method == "GET" else self._writes).request(method, path, **options)


@pytest.fixture(scope="module")
def remote() -> Iterator[Remote]:
    with linkar() as remote:
        yield remote


def broken(remote: Remote, url: str, **settings: str) -> Linkar:
    provider = remote.with_settings(**settings, URL=url)
    provider.session = Impatient(provider.session, DEADLINE_S)
    return provider


def send(remote: Remote, url: str, *, reads_too: bool = False, **settings: str) -> Outcome:
    sound, broke = remote.with_settings(**settings), broken(remote, url, **settings)
    plan = remote.plan("AC*1006", {"PHONE": "mine"}, provider=sound)
    provider = Linkar(sound.config, broke.session if reads_too else Split(sound.session, broke.session))
    return provider.send(plan, {"PHONE": "mine"}, {})


@pytest.mark.parametrize("name", NAMES)
def test_no_fault_reads_as_an_answer(name: str, remote: Remote, fault_server: FaultServer) -> None:
    provider = broken(remote, fault_server.url(name))

    for outcome in (provider.check(), provider.fetch(ITEM), provider.list(), provider.list_schemas()):
        assert not isinstance(outcome, Ok)
    assert not isinstance(provider.fetch_schema("apidemo/ACCOUNTS"), Ok)


@pytest.mark.parametrize("form", ["json", "xml", "text"])
@pytest.mark.parametrize("name", NAMES)
def test_no_fault_reads_as_done_and_none_is_sent_twice(
    name: str, form: str, remote: Remote, fault_server: FaultServer
) -> None:
    outcome = send(remote, fault_server.url(name), FORMAT=form)

    assert not isinstance(outcome, Ok)
    if name in WORDLESS:
        assert outcome.rule is not None and outcome.rule.code == "linkar.dropped"  # type: ignore[union-attr]
    assert len(fault_server.arrived_at(name)) <= 1


@pytest.mark.parametrize("name", NAMES)
def test_without_a_sound_reading_nothing_is_written(name: str, remote: Remote, fault_server: FaultServer) -> None:
    outcome = send(remote, fault_server.url(name), reads_too=True)

    assert not isinstance(outcome, Ok)
    assert not getattr(outcome, "maybe_applied", False)
    assert {arrived.method for arrived in fault_server.arrived_at(name)} <= {"GET"}


@pytest.mark.parametrize("name", NAMES)
def test_a_look_changes_nothing_and_is_never_in_doubt(name: str, remote: Remote, fault_server: FaultServer) -> None:
    provider = broken(remote, fault_server.url(name))
    plan = provider.plan_update("look", remote.snapshot("AC*1006"), {}, frozenset(), None)

    outcome = provider.send(plan, {}, {})  # type: ignore[arg-type]

    assert not isinstance(outcome, Ok)
    assert not getattr(outcome, "maybe_applied", False)


@pytest.mark.parametrize("name", ["silence", "reset_after_request", "close_after_request", "html_200", "drip_body"])
def test_a_write_that_may_have_arrived_is_in_doubt(name: str, remote: Remote, fault_server: FaultServer) -> None:
    outcome = send(remote, fault_server.url(name))

    assert isinstance(outcome, Unavailable)
    assert outcome.maybe_applied


def test_nobody_there_is_said_so(remote: Remote) -> None:
    with nobody_listens() as url:
        for outcome in (send(remote, url), send(remote, url, reads_too=True)):
            assert isinstance(outcome, Unavailable)
            assert (outcome.rule.code, outcome.maybe_applied) == ("unreachable", False)


@pytest.mark.parametrize("name", NAMES)
def test_without_a_token_nothing_is_asked(name: str, fault_server: FaultServer) -> None:
    with linkar(auth="oauth2") as remote:
        provider = broken(remote, f"{remote.root}/linkar", TOKEN_URL=f"{fault_server.url(name)}/connect/token")

        outcome = provider.fetch(ITEM)

        assert not isinstance(outcome, Ok)
        assert remote.box.requests() == []


def test_no_key_follows_a_redirect(remote: Remote, fault_server: FaultServer) -> None:
    send(remote, fault_server.url("redirect"))
    broken(remote, fault_server.url("redirect")).fetch(ITEM)

    assert fault_server.arrived_at("elsewhere") == []
