"""Linkar over a wire that breaks: the contract, and what its three formats and the reading before each write add."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from providers.linkar import oauth
from providers.linkar.provider import Linkar
from providers.outcomes import Ok, Outcome

from ..contract import Impatient
from ..fault_contract import DEADLINE_S, FAULT_NAMES, FaultContract, Split
from ..faults import FaultServer
from . import test_contract
from .support import Remote, linkar

# Whole answers without a word: documented for an update (OAS), so the record is read again and shows what was done.
WORDLESS = {"no_content", "empty_200"}
ITEM = "apidemo/ACCOUNTS/AC%2A1006"


class TestLinkarFaults(FaultContract):
    contract = test_contract.TestLinkarContract


@pytest.fixture(scope="module")
def remote() -> Iterator[Remote]:
    with linkar() as remote:
        yield remote


def is_read(method: str, path: str) -> bool:
    return method == "GET"


def broken(remote: Remote, url: str, **settings: str) -> Linkar:
    provider = remote.with_settings(**settings, URL=url)
    provider.session = Impatient(provider.session, DEADLINE_S)
    return provider


def send(remote: Remote, url: str, *, reads_too: bool = False, **settings: str) -> Outcome:
    sound, broke = remote.with_settings(**settings), broken(remote, url, **settings)
    plan = remote.plan("AC*1006", {"PHONE": "mine"}, provider=sound)
    provider = Linkar(sound.config, broke.session if reads_too else Split(sound.session, broke.session, is_read))
    return provider.send(plan, {"PHONE": "mine"}, {})


@pytest.mark.parametrize("form", ["xml", "text"])
@pytest.mark.parametrize("name", FAULT_NAMES)
def test_no_fault_reads_as_done_and_none_is_sent_twice(
    name: str, form: str, remote: Remote, fault_server: FaultServer
) -> None:
    outcome = send(remote, fault_server.url(name), FORMAT=form)

    assert not isinstance(outcome, Ok)
    if name in WORDLESS:
        assert outcome.rule is not None and outcome.rule.code == "linkar.dropped"  # type: ignore[union-attr]
    assert len(fault_server.arrived_at(name)) <= 1


@pytest.mark.parametrize("name", FAULT_NAMES)
def test_without_a_sound_reading_nothing_is_written(name: str, remote: Remote, fault_server: FaultServer) -> None:
    outcome = send(remote, fault_server.url(name), reads_too=True)

    assert not isinstance(outcome, Ok)
    assert not getattr(outcome, "maybe_applied", False)
    assert {arrived.method for arrived in fault_server.arrived_at(name)} <= {"GET"}


@pytest.mark.parametrize("name", FAULT_NAMES)
def test_without_a_token_nothing_is_asked(
    name: str, fault_server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A token has a deadline of its own.
    monkeypatch.setattr(oauth, "_DEADLINE_S", DEADLINE_S)
    with linkar(auth="oauth2") as remote:
        provider = broken(remote, f"{remote.root}/linkar", TOKEN_URL=f"{fault_server.url(name)}/connect/token")

        outcome = provider.fetch(ITEM)

        assert not isinstance(outcome, Ok)
        assert remote.box.requests() == []
