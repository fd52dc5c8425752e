"""Connecting: each address of a host is tried, within one time for all of them."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from providers.http import ApiSession, Exchange, NoReply

from .faults import FaultServer, nobody_listens

Address = tuple[str, int]


@pytest.fixture
def host_has(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Give every name the addresses that the test names."""

    def look_up(*addresses: Address) -> None:
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address) for address in addresses]
        monkeypatch.setattr("providers.wire.socket.getaddrinfo", lambda *_, **__: found)

    return look_up


@pytest.fixture
def black_hole() -> Iterator[Address]:
    """Give an address where connections are neither taken nor refused: its queue is full and nobody accepts."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        time.sleep(0.05)
        yield listener.getsockname()


def address_of(url: str) -> Address:
    return "127.0.0.1", int(url.rpartition(":")[2])


def test_the_next_address_is_tried(host_has: Callable[..., None], fault_server: FaultServer) -> None:
    with nobody_listens() as refused:
        host_has(address_of(refused), address_of(fault_server.url("good")))

        reply = ApiSession("http://api.example", deadline_s=2.0).request("PUT", "/")

    assert reply.status == 200
    assert fault_server.arrived[0].headers["host"] == "api.example"


def test_all_addresses_share_the_time_for_connecting(host_has: Callable[..., None], black_hole: Address) -> None:
    host_has(*[black_hole] * 6)

    started = time.monotonic()
    reply = ApiSession("http://api.example", connect_timeout_s=0.4, deadline_s=20.0).request("PUT", "/")

    assert reply == NoReply("unreachable", sent=False)
    assert time.monotonic() - started < 1.5


def test_the_deadline_is_over_the_time_for_connecting(host_has: Callable[..., None], black_hole: Address) -> None:
    host_has(*[black_hole] * 6)

    started = time.monotonic()
    reply = ApiSession("http://api.example", connect_timeout_s=20.0, deadline_s=0.4).request("PUT", "/")

    assert reply == NoReply("unreachable", sent=False)
    assert time.monotonic() - started < 1.5


def test_a_read_knocks_again() -> None:
    exchanges: list[Exchange] = []
    with nobody_listens() as url:
        reply = ApiSession(url, on_exchange=exchanges.append).request("GET", "/")

    assert reply == NoReply("unreachable", sent=False)
    assert [(exchange.attempts, exchange.failure) for exchange in exchanges] == [(3, "unreachable")]


@pytest.mark.parametrize("deadline_s", [0.0, -1.0])
def test_a_deadline_that_has_passed_sends_nothing(deadline_s: float, fault_server: FaultServer) -> None:
    reply: Any = ApiSession(fault_server.url("good")).request("PUT", "/", deadline_s=deadline_s)

    assert reply == NoReply("timeout", sent=False)
    assert fault_server.arrived == []
