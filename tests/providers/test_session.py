"""What a session does and never does: retries, redirects, hosts, cookies, proxies, the rate gate, logs, exchanges."""

from __future__ import annotations

import logging
import os
import time
from pathlib import Path
from typing import Any

import pytest
from requests.auth import HTTPBasicAuth

from providers.failures import failure_of_silence
from providers.http import ApiSession, Exchange, NoReply, Reply
from providers.limiter import MemoryLimiter, Rate
from providers.outcomes import RateLimited
from providers.secrets import Secret

from .faults import FaultServer

KEY = Secret("key-0123456789")


def session_at(url: str, **options: Any) -> ApiSession:
    return ApiSession(url, **{"deadline_s": 5.0, "name": "belvo", **options})


# -- retries


@pytest.mark.parametrize("fault", ["close_in_headers", "reset_after_request", "status=502", "status=503", "status=504"])
def test_a_read_is_tried_again(fault: str, fault_server: FaultServer) -> None:
    exchanges: list[Exchange] = []
    session = session_at(fault_server.fails_first(fault, times=2), on_exchange=exchanges.append)

    reply = session.request("GET", "/api/links/")

    assert isinstance(reply, Reply)
    assert reply.json == {"id": "a-1", "status": "valid"}
    assert [exchange.attempts for exchange in exchanges] == [3]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("fault", ["close_after_request", "status=503", "status=429"])
def test_a_write_is_never_tried_again(method: str, fault: str, fault_server: FaultServer) -> None:
    session = session_at(fault_server.fails_first(fault, times=1))

    session.request(method, "/api/links/a-1/", json={})

    assert len(fault_server.arrived) == 1


@pytest.mark.parametrize("fault", ["status=500", "status=429", "status=404", "html_200", "gzip_lie"])
def test_a_read_is_not_tried_again_where_that_is_of_no_use(fault: str, fault_server: FaultServer) -> None:
    session_at(fault_server.url(fault)).request("GET", "/")

    assert len(fault_server.arrived) == 1


def test_retries_end(fault_server: FaultServer) -> None:
    session = session_at(fault_server.url("status=503"), read_retries=2)

    reply = session.request("GET", "/")

    assert isinstance(reply, Reply)
    assert reply.status == 503
    assert len(fault_server.arrived) == 3


def test_a_short_retry_after_is_honoured(fault_server: FaultServer) -> None:
    exchanges: list[Exchange] = []
    session = session_at(fault_server.fails_first("unavailable_until=1", times=1), on_exchange=exchanges.append)

    reply = session.request("GET", "/")

    assert reply.status == 200
    assert exchanges[0].duration_ms >= 1000


def test_a_long_retry_after_is_left_to_the_caller(fault_server: FaultServer) -> None:
    reply = session_at(fault_server.url("unavailable_until=6"), deadline_s=30.0).request("GET", "/")

    assert isinstance(reply, Reply)
    assert (reply.status, reply.retry_after_s) == (503, 6.0)
    assert len(fault_server.arrived) == 1


def test_retries_stay_within_the_deadline(fault_server: FaultServer) -> None:
    session = session_at(fault_server.url("unavailable_until=2"), deadline_s=1.0)

    reply = session.request("GET", "/")

    assert isinstance(reply, Reply)
    assert reply.status == 503
    assert len(fault_server.arrived) == 1


@pytest.mark.parametrize(
    ("header", "seconds"), [("120", 120.0), ("soon", None), ("-5", None), ("9" * 400, 86_400.0), ("", None)]
)
def test_retry_after_is_read(header: str, seconds: float | None, fault_server: FaultServer) -> None:
    reply = session_at(fault_server.url(f"retry_after={header}")).request("PUT", "/")

    assert isinstance(reply, Reply)
    assert reply.retry_after_s == seconds


# -- where credentials go


@pytest.mark.parametrize("status", ["301", "302", "303", "307", "308"])
@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_no_credential_follows_a_redirect(status: str, method: str, fault_server: FaultServer) -> None:
    session = session_at(
        fault_server.url(f"redirect={status}"), auth=HTTPBasicAuth("id", "secret"), headers={"X-API-TOKEN": "token-1"}
    )

    reply = session.request(method, "/api/", json={"password": Secret("correct horse")})

    assert reply == NoReply("redirect", sent=True, status=int(status))
    assert fault_server.arrived_at("elsewhere") == []


@pytest.mark.parametrize(
    "path", ["http://elsewhere.example/", "elsewhere", "", "@elsewhere.example/", "/a?b=1", "/a#b", "\\\\elsewhere\\a"]
)
def test_a_path_that_could_lead_elsewhere_is_a_programming_error(path: str, fault_server: FaultServer) -> None:
    with pytest.raises(ValueError, match="path"):
        session_at(fault_server.url("good")).request("GET", path)

    assert fault_server.arrived == []


def test_two_slashes_stay_on_the_host(fault_server: FaultServer) -> None:
    reply = session_at(fault_server.url("good")).request("GET", "//elsewhere.example/a")

    assert reply.status == 200
    assert len(fault_server.arrived_at("good")) == 1


@pytest.mark.parametrize("path", ["/api/links/../secrets/", "/api/links/%2E%2e/", "/.", "/api/\ud800"])
def test_a_path_that_cannot_be_written_sends_nothing(path: str, fault_server: FaultServer) -> None:
    reply = session_at(fault_server.url("good")).request("DELETE", path)

    assert reply == NoReply("bad_answer", sent=False)
    assert fault_server.arrived == []


@pytest.mark.parametrize("value", ["a\r\nX-Injected: 1", "日本", "\ud800"])
def test_a_header_that_cannot_be_written_sends_nothing_and_tells_nothing(
    value: str, fault_server: FaultServer, caplog: pytest.LogCaptureFixture
) -> None:
    session = session_at(fault_server.url("good"), headers={"X-API-TOKEN": value})

    reply = session.request("PUT", "/")

    assert reply == NoReply("bad_answer", sent=False)
    assert fault_server.arrived == []
    assert value not in caplog.text


@pytest.mark.parametrize(
    "base_url",
    [
        "ftp://host",
        "host",
        "https://",
        "https://user:word@host",
        "https://host/?a=1",
        "https://host/#a",
        "file:///etc/x",
    ],
)
def test_a_base_url_of_another_form_is_refused(base_url: str) -> None:
    with pytest.raises(ValueError, match="base URL"):
        ApiSession(base_url)


def test_the_path_of_the_base_url_is_kept(fault_server: FaultServer) -> None:
    session_at(fault_server.url("good") + "/belvo/").request("GET", "/api/links/", params={"page": 2})

    assert fault_server.arrived[0].path == "/belvo/api/links/?page=2"


def test_nothing_of_the_environment_is_used(
    fault_server: FaultServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password something\n")
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, fault_server.url("elsewhere"))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", os.devnull)

    reply = session_at(fault_server.url("good")).request("GET", "/")

    assert reply.status == 200
    assert fault_server.arrived_at("elsewhere") == []
    assert "authorization" not in fault_server.arrived[0].headers


def test_cookies_are_neither_kept_nor_shown(fault_server: FaultServer) -> None:
    session = session_at(fault_server.url("cookies"))

    replies = [session.request("GET", "/") for _ in range(2)]

    assert all("cookie" not in arrived.headers for arrived in fault_server.arrived)
    assert all(isinstance(reply, Reply) and "Set-Cookie" not in reply.headers for reply in replies)


# -- connections


def test_one_connection_serves_many_calls(fault_server: FaultServer) -> None:
    with session_at(fault_server.url("good")) as session:
        for _ in range(5):
            session.request("PUT", "/", json={})

    assert fault_server.connections == 1


def test_an_idle_connection_is_not_trusted_with_a_write(
    fault_server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("providers.wire._MAX_IDLE_S", 0.0)
    session = session_at(fault_server.url("good"))

    replies = [session.request("PUT", "/", json={}) for _ in range(2)]

    assert [reply.status for reply in replies] == [200, 200]
    assert fault_server.connections == 2


def test_the_deadline_counts_for_the_call_at_hand(fault_server: FaultServer) -> None:
    session = session_at(fault_server.url("good"), deadline_s=0.3)
    first = session.request("PUT", "/")
    time.sleep(0.4)

    second = session.request("PUT", "/", deadline_s=2.0)

    assert (first.status, second.status) == (200, 200)
    assert fault_server.connections == 1


# -- the rate gate


RATE = Rate(requests=1, per_s=30.0)


def test_a_full_gate_sends_nothing(fault_server: FaultServer) -> None:
    session = session_at(fault_server.url("good"), limiter=MemoryLimiter(), gate="belvo", rate=RATE)
    session.request("PUT", "/")

    reply = session.request("PUT", "/")

    assert isinstance(reply, NoReply)
    assert (reply.reason, reply.sent) == ("limited", False)
    assert reply.wait_s == pytest.approx(30.0, abs=1)
    assert isinstance(failure_of_silence(reply, writes=True), RateLimited)
    assert len(fault_server.arrived) == 1


def test_a_short_wait_at_the_gate_is_waited(fault_server: FaultServer) -> None:
    exchanges: list[Exchange] = []
    session = session_at(
        fault_server.url("good"),
        limiter=MemoryLimiter(),
        gate="belvo",
        rate=Rate(requests=10, per_s=3.0),
        on_exchange=exchanges.append,
    )

    replies = [session.request("GET", "/") for _ in range(2)]

    assert [reply.status for reply in replies] == [200, 200]
    assert exchanges[1].duration_ms >= 250


def test_each_retry_passes_the_gate(fault_server: FaultServer) -> None:
    session = session_at(fault_server.url("status=503"), limiter=MemoryLimiter(), gate="belvo", rate=RATE)

    reply = session.request("GET", "/")

    assert reply.status == 503
    assert len(fault_server.arrived) == 1


def test_a_429_holds_everybody_back(fault_server: FaultServer) -> None:
    limiter = MemoryLimiter()
    rate = Rate(requests=1000, per_s=1.0)
    first = session_at(fault_server.url("retry_after=60"), limiter=limiter, gate="belvo", rate=rate)
    second = session_at(fault_server.url("good"), limiter=limiter, gate="belvo", rate=rate)
    first.request("PUT", "/")

    reply = second.request("GET", "/")

    assert isinstance(reply, NoReply)
    assert (reply.reason, reply.sent) == ("limited", False)
    assert reply.wait_s == pytest.approx(60, abs=1)


class BrokenLimiter(MemoryLimiter):
    def reserve(self, gate: str, rate: Rate, max_wait_s: float) -> float | None:
        raise OSError("the database is gone")


def test_a_gate_that_cannot_be_asked_lets_nobody_through(fault_server: FaultServer) -> None:
    session = session_at(fault_server.url("good"), limiter=BrokenLimiter(), gate="belvo", rate=RATE)

    reply = session.request("PUT", "/")

    assert reply == NoReply("limited", sent=False)
    assert fault_server.arrived == []


# -- what is told of a call


def test_one_line_is_logged_without_body_header_or_query(
    fault_server: FaultServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    session = session_at(
        fault_server.url("good"),
        headers={"X-API-TOKEN": "token-in-header"},
        request_id_of=lambda json, headers: json["id"],
    )

    session.request(
        "PUT", "/api/links/a-1/", template="/api/links/{id}/", params={"q": "word-in-query"}, json={"a": "word-in-body"}
    )

    (line,) = [record for record in caplog.records if record.name == "providers.http"]
    told = {name: getattr(line, name) for name in ("integration", "verb", "path_template", "status", "request_id")}
    assert told == {
        "integration": "belvo",
        "verb": "PUT",
        "path_template": "/api/links/{id}/",
        "status": 200,
        "request_id": "a-1",
    }
    assert line.levelno == logging.INFO
    assert isinstance(line.duration_ms, int)  # type: ignore[attr-defined]
    everything = " ".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records)
    for word in ("token-in-header", "word-in-query", "word-in-body"):
        assert word not in everything


def test_a_missing_answer_is_logged_as_a_warning(fault_server: FaultServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="providers.http")

    session_at(fault_server.url("close_in_headers")).request("PUT", "/")

    (line,) = caplog.records
    assert (line.levelno, line.failure) == (logging.WARNING, "cut")  # type: ignore[attr-defined]


def test_an_exchange_is_handed_over_once(fault_server: FaultServer) -> None:
    exchanges: list[Exchange] = []
    session = session_at(fault_server.url("good"), on_exchange=exchanges.append)

    session.request("PUT", "/api/links/a-1/", template="/api/links/{id}/", params={"q": "word"}, json={"a": 1})

    (exchange,) = exchanges
    assert (exchange.method, exchange.path_template) == ("PUT", "/api/links/{id}/")
    assert exchange.path == "/api/links/a-1/?q=word"
    assert exchange.request_headers == {"Accept": "application/json", "Content-Type": "application/json"}
    assert (exchange.status, exchange.failure, exchange.attempts) == (200, "", 1)
    assert (exchange.request_body, exchange.response_body) == ('{"a": 1}', '{"id": "a-1", "status": "valid"}')


def test_a_kept_request_holds_no_key_in_its_query_or_headers(fault_server: FaultServer) -> None:
    exchanges: list[Exchange] = []
    key = Secret("canary-key-1")
    headers: Any = {"X-Key": key, "X-Kind": "a"}
    session = session_at(fault_server.url("good"), on_exchange=exchanges.append, headers=headers, own_secrets=(key,))

    session.request("GET", "/api/links/", params={"code": Secret("canary-code-1")}, headers={"X-Echo": "canary-key-1"})

    (exchange,) = exchanges
    assert exchange.request_headers == {"Accept": "application/json", "X-Kind": "a", "X-Echo": "•••"}
    assert exchange.path.startswith("/api/links/?code=") and "canary" not in repr(exchange)


def test_a_missing_answer_is_an_exchange_too(fault_server: FaultServer) -> None:
    exchanges: list[Exchange] = []
    session = session_at(fault_server.url("close_in_headers"), on_exchange=exchanges.append)

    session.request("PUT", "/")

    assert [(exchange.status, exchange.failure) for exchange in exchanges] == [(None, "cut")]


def test_trouble_with_an_exchange_does_not_lose_the_reply(fault_server: FaultServer) -> None:
    def refuse(exchange: Exchange) -> None:
        raise OSError("the disk is full")

    reply = session_at(fault_server.url("good"), on_exchange=refuse).request("PUT", "/")

    assert reply.status == 200


def test_a_request_id_that_cannot_be_read_is_empty(fault_server: FaultServer) -> None:
    session = session_at(fault_server.url("html_200"), request_id_of=lambda json, headers: json[0]["request_id"])

    reply = session.request("GET", "/")

    assert isinstance(reply, Reply)
    assert reply.request_id == ""


def test_a_form_is_sent_as_a_form(fault_server: FaultServer) -> None:
    exchanges: list[Exchange] = []
    session = session_at(
        fault_server.url("echo"), on_exchange=exchanges.append, own_secrets=[Secret("k3y&=ü")],
        redact_keys=frozenset({"client_secret"}),
    )  # fmt: skip

    reply = session.request(
        "POST", "/token", form={"grant_type": "client credentials", "client_secret": Secret("k3y&=ü")}
    )

    (arrived,) = fault_server.arrived_at("echo")
    assert arrived.headers["content-type"] == "application/x-www-form-urlencoded"
    assert arrived.body == b"grant_type=client+credentials&client_secret=k3y%26%3D%C3%BC"
    assert isinstance(reply, Reply)
    assert exchanges[0].request_body == '{"grant_type": "client credentials", "client_secret": "•••"}'
    assert "k3y" not in reply.text + exchanges[0].response_body
