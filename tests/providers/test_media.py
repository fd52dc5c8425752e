"""A provider's own body format goes through the one transport: same values, same redaction, same call log."""

from __future__ import annotations

from typing import Any

from providers.http import ApiSession, Exchange, NoReply, Reply
from providers.media import UnsoundBody
from providers.secrets import Secret

from .fault_visits import head
from .faults import FaultServer


class Lines:
    """`name=value` a line: a format of no remote."""

    content_type = "text/x-lines"

    def reads(self, content_type: str) -> bool:
        # The fault server says that its bodies are plain text.
        return content_type.startswith("text/")

    def read(self, body: bytes) -> Any:
        pairs = [line.partition("=") for line in body.decode().split("\n")]
        if not all(equals for _, equals, _ in pairs):
            raise UnsoundBody("a line without a value")
        return {name: value for name, _, value in pairs}

    def write(self, value: Any) -> bytes:
        if any("\n" in text for text in value.values()):
            raise UnsoundBody("a value of two lines")
        return "\n".join(f"{name}={text}" for name, text in value.items()).encode()


def ask(server: FaultServer, body: dict[str, Any], exchanges: list[Exchange]) -> Reply | NoReply:
    keys = frozenset({"token"})
    session = ApiSession(server.url("good"), redact_keys=keys, on_exchange=exchanges.append, media=(Lines(),))
    return session.request("PUT", "/a-1", json=body, media=Lines())


def test_the_body_is_written_in_the_format(fault_server: FaultServer) -> None:
    ask(fault_server, {"name": "Ana", "token": Secret("s3cret-value")}, [])

    [arrived] = fault_server.arrived
    assert arrived.body == b"name=Ana\ntoken=s3cret-value"
    assert arrived.headers["content-type"] == "text/x-lines"


def test_the_call_log_shows_the_values_without_their_secrets(fault_server: FaultServer) -> None:
    exchanges: list[Exchange] = []

    ask(fault_server, {"name": "Ana", "token": "kept-back", "password": Secret("s3cret-value")}, exchanges)

    assert exchanges[0].request_body == '{"name": "Ana", "token": "•••", "password": "•••"}'


def test_a_provider_says_what_of_a_body_may_be_kept(fault_server: FaultServer) -> None:
    exchanges: list[Exchange] = []
    session = ApiSession(
        fault_server.url("good"), on_exchange=exchanges.append, tells=lambda value: dict.fromkeys(value, "…")
    )

    reply = session.request("PUT", "/a-1", json={"name": "Ana"})

    assert (exchanges[0].request_body, exchanges[0].response_body) == ('{"name": "…"}', '{"id": "…", "status": "…"}')
    assert isinstance(reply, Reply) and reply.json == {"id": "a-1", "status": "valid"}


def test_what_the_format_cannot_say_is_never_sent(fault_server: FaultServer) -> None:
    reply = ask(fault_server, {"name": "two\nlines"}, [])

    assert isinstance(reply, NoReply)
    assert not reply.sent
    assert fault_server.arrived == []


def answered(server: FaultServer, body: bytes) -> Reply | NoReply:
    server.raw = head(body, content_type="text/x-lines", Connection="close") + body
    session = ApiSession(server.url("raw"), own_secrets=(Secret("our-own-key"),), media=(Lines(),), read_retries=0)
    return session.request("GET", "/a-1")


def test_an_answer_is_read_in_the_format_and_filtered(fault_server: FaultServer) -> None:
    reply = answered(fault_server, b"name=Ana\necho=our-own-key")

    assert isinstance(reply, Reply)
    assert reply.json == {"name": "Ana", "echo": "•••"}


def test_an_answer_that_is_not_in_the_format_is_only_text(fault_server: FaultServer) -> None:
    reply = answered(fault_server, b"just words of our-own-key")

    assert isinstance(reply, Reply)
    assert (reply.json, reply.is_json, reply.text) == (None, False, "just words of •••")
