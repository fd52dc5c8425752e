"""Whatever a remote does ends as a value, soon after the deadline; a write that may have arrived is an unknown."""

from __future__ import annotations

import gzip
import threading
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import ANY

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from providers.failures import failure_of_silence
from providers.http import ApiSession, NoReply, Reply
from providers.outcomes import Unavailable
from providers.secrets import Secret

from .certificates import server_context
from .fault_bodies import bomb
from .fault_visits import head
from .faults import FAULTS, FaultServer, accepts_and_is_silent, nobody_listens

DEADLINE_S = 0.5
GRACE_S = 2.0
# For what must end by itself, long before it.
FAR_DEADLINE_S = 8.0

LARGER_THAN_ANY_BUFFER = 16_000_000

# What each fault ends in; for each of them the request may have reached the remote.
NO_REPLY = {
    "reset_after_request": "cut",
    "close_before_request": "cut",
    "close_after_request": "cut",
    "silence": "timeout",
    "speaks_ssh": "bad_answer",
    "close_in_status_line": "cut",
    "close_in_headers": "cut",
    "close_after_header": "cut",
    "drip_status_line": "timeout",
    "drip_headers": "timeout",
    "endless_100": "timeout",
    "endless_103": "timeout",
    "flood_of_100": "bad_answer",
    "long_header": "bad_answer",
    "many_headers": "bad_answer",
    "fat_head": "bad_answer",
    "broken_header_line": "bad_answer",
    "strange_status": "bad_answer",
    "two_lengths": "bad_answer",
    "length_in_words": "bad_answer",
    "drip_body": "timeout",
    "drip_chunks": "timeout",
    "stall_in_body": "timeout",
    "short_content_length": "cut",
    "two_answers": "cut",
    "long_content_length": "cut",
    "cut_in_chunk": "cut",
    "cut_between_chunks": "cut",
    "cut_after_last_chunk": "cut",
    "bad_chunk_size": "cut",
    "negative_chunk_size": "bad_answer",
    "endless_chunk_size": "cut",
    "gzip_bomb": "too_large",
    "gzip_cut": "cut",
    "gzip_lie": "bad_answer",
    "brotli": "bad_answer",
    "body_of_50_mb": "too_large",
    "unannounced_50_mb": "too_large",
    "chunked_50_mb": "too_large",
    "crumbs": "too_large",
    "redirect": "redirect",
    "duplicate_keys": "bad_answer",
}
# What is an answer all the same, but none that says anything: `json` is None.
WITHOUT_JSON = {
    "html_200": 200,
    "html_called_json": 200,
    "truncated_json": 200,
    "empty_200": 200,
    "no_content": 204,
    "nested_arrays": 200,
    "long_integer": 200,
    "bad_utf8": 200,
}


@pytest.fixture(autouse=True)
def no_thread_is_left_behind() -> Iterator[None]:
    before = threading.active_count()
    yield
    assert threading.active_count() <= before


@pytest.fixture(scope="module", autouse=True)
def bomb_is_made() -> None:
    """Not while a clock runs: compressing 300 MB takes its time."""
    bomb()


def session_at(url: str, **options: object) -> ApiSession:
    return ApiSession(url, **{"deadline_s": DEADLINE_S, "max_body_bytes": 300_000, **options})  # type: ignore[arg-type]


def put(session: ApiSession) -> Reply | NoReply:
    return session.request("PUT", "/api/links/a-1/", json={"password": Secret("correct horse")})


@pytest.mark.parametrize(("fault", "reason"), NO_REPLY.items())
def test_a_write_that_met_a_fault_is_an_unknown(fault: str, reason: str, fault_server: FaultServer) -> None:
    deadline_s = DEADLINE_S if reason == "timeout" else FAR_DEADLINE_S
    session = session_at(fault_server.url(fault), deadline_s=deadline_s)

    started = time.monotonic()
    reply = put(session)
    took_s = time.monotonic() - started

    assert isinstance(reply, NoReply)
    assert (reply.reason, reply.sent) == (reason, True)
    assert took_s < deadline_s + (GRACE_S if reason == "timeout" else 0)
    outcome = failure_of_silence(reply, writes=True)
    assert isinstance(outcome, Unavailable)
    assert outcome.maybe_applied
    assert fault_server.connections == 1, "a write is sent once"


@pytest.mark.parametrize(("fault", "reason"), NO_REPLY.items())
def test_a_read_that_met_a_fault_is_unavailable(fault: str, reason: str, fault_server: FaultServer) -> None:
    deadline_s = DEADLINE_S if reason == "timeout" else FAR_DEADLINE_S
    session = session_at(fault_server.url(fault), deadline_s=deadline_s, read_retries=1)

    started = time.monotonic()
    reply = session.request("GET", "/api/links/")
    took_s = time.monotonic() - started

    assert isinstance(reply, NoReply)
    assert reply.reason == reason
    assert took_s < deadline_s + (GRACE_S if reason == "timeout" else 0)
    outcome = failure_of_silence(reply, writes=False)
    assert isinstance(outcome, Unavailable)
    assert not outcome.maybe_applied


@pytest.mark.parametrize(("fault", "status"), WITHOUT_JSON.items())
def test_an_answer_without_sound_json_has_none(fault: str, status: int, fault_server: FaultServer) -> None:
    reply = put(session_at(fault_server.url(fault)))

    assert isinstance(reply, Reply)
    assert (reply.status, reply.json, reply.is_json) == (status, None, False)


def test_a_reset_before_the_request_may_have_let_it_through(fault_server: FaultServer) -> None:
    reply = put(session_at(fault_server.url("reset_before_request")))

    # On a busy machine the reset comes before the connection stands: then nothing can have been sent.
    assert reply in (NoReply("cut", sent=True), NoReply("unreachable", sent=False))


def test_a_refused_connection_sent_nothing() -> None:
    with nobody_listens() as url:
        reply = put(session_at(url))

    assert reply == NoReply("unreachable", sent=False)
    assert failure_of_silence(reply, writes=True) == failure_of_silence(reply, writes=False)


def test_an_unknown_host_sent_nothing() -> None:
    reply = put(session_at("http://nobody.invalid"))

    assert reply == NoReply("unreachable", sent=False)


def test_a_large_request_that_nobody_reads_ends_at_the_deadline(fault_server: FaultServer) -> None:
    session = session_at(fault_server.url("reads_nothing"), deadline_s=1.5)

    started = time.monotonic()
    reply = session.request("POST", "/", json={"certificate": "a" * LARGER_THAN_ANY_BUFFER})

    assert reply == NoReply("timeout", sent=True)
    assert time.monotonic() - started < 1.5 + GRACE_S


def test_an_early_refusal_is_read_although_the_request_was_not_taken(fault_server: FaultServer) -> None:
    session = session_at(fault_server.url("refuses_early"), deadline_s=FAR_DEADLINE_S)

    reply = session.request("POST", "/", json={"certificate": "a" * LARGER_THAN_ANY_BUFFER})

    assert isinstance(reply, Reply) or reply.sent
    assert reply.status in (413, None)


def test_interim_answers_are_skipped(fault_server: FaultServer) -> None:
    reply = put(session_at(fault_server.url("interim_then_good")))

    assert isinstance(reply, Reply)
    assert reply.json == {"id": "a-1", "status": "valid"}


def test_a_compressed_answer_is_read(fault_server: FaultServer) -> None:
    reply = put(session_at(fault_server.url("gzip_good")))

    assert isinstance(reply, Reply)
    assert reply.json == {"id": "a-1", "status": "valid"}


def test_a_connection_that_gave_a_bad_answer_is_not_used_again(fault_server: FaultServer) -> None:
    session = session_at(fault_server.url("two_answers"))

    replies = [put(session) for _ in range(2)]

    assert [reply.reason for reply in replies if isinstance(reply, NoReply)] == ["cut", "cut"]
    assert fault_server.connections == 2


def test_json_that_does_not_call_itself_json_is_text(fault_server: FaultServer) -> None:
    reply = put(session_at(fault_server.url('says_text={"id": "a-1"}')))

    assert isinstance(reply, Reply)
    assert (reply.json, reply.is_json, reply.text) == (None, False, '{"id": "a-1"}')


def test_lone_surrogates_are_replaced(fault_server: FaultServer) -> None:
    reply = session_at(fault_server.url("lone_surrogates")).request("GET", "/")

    assert isinstance(reply, Reply)
    assert reply.json == {"name": "Ana �", "�key": ["�", "😀"]}


@pytest.mark.parametrize("fault", ["gzip_bomb", "body_of_50_mb", "unannounced_50_mb", "chunked_50_mb", "flood_of_100"])
def test_memory_stays_flat(fault: str, fault_server: FaultServer) -> None:
    session = session_at(fault_server.url(fault), deadline_s=5.0, max_body_bytes=2_000_000)
    warm_up = fault_server.url("good")
    session_at(warm_up).request("GET", "/")

    tracemalloc.start()
    try:
        reply = put(session)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert isinstance(reply, NoReply)
    assert peak < 12_000_000


SOUND_ANSWERS = {
    "length": b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 8\r\n\r\n{"a": 1}',
    "chunks": b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    b'4\r\n{"a"\r\n4;x=y\r\n: 1}\r\n0\r\nX-Trailer: 1\r\n\r\n',
    "interim": b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 204 No Content\r\nX-Request-Id: 1\r\n\r\n",
    "gzip": head(packed := gzip.compress(b'{"a": 1}'), Content_Encoding="gzip") + packed,
}


@pytest.mark.parametrize("kind", SOUND_ANSWERS)
def test_no_beginning_of_an_answer_is_taken_for_the_whole(kind: str, fault_server: FaultServer) -> None:
    answer = SOUND_ANSWERS[kind]
    session = session_at(fault_server.url("raw"))
    fault_server.raw = answer
    assert isinstance(put(session), Reply)

    for length in range(len(answer)):
        fault_server.raw = answer[:length]
        assert put(session) == NoReply("cut", sent=True, status=ANY), length


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kind=st.sampled_from(sorted(SOUND_ANSWERS)), data=st.data())
def test_no_mangled_answer_raises(kind: str, data: st.DataObject, fault_server: FaultServer) -> None:
    answer = bytearray(SOUND_ANSWERS[kind])
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(answer)))
        end = data.draw(st.integers(start, min(len(answer), start + 6)))
        answer[start:end] = data.draw(st.binary(max_size=6))
    fault_server.raw = bytes(answer)

    started = time.monotonic()
    reply = put(session_at(fault_server.url("raw")))

    assert isinstance(reply, Reply | NoReply)
    assert time.monotonic() - started < DEADLINE_S + GRACE_S
    if isinstance(reply, Reply):
        f"{reply.text}{reply.headers}{reply.json}".encode()
        assert "\0" not in f"{reply.text}{reply.headers}{reply.json}"


def test_every_fault_is_tested() -> None:
    elsewhere = {"reset_before_request", "reads_nothing", "refuses_early", "lone_surrogates", "retry_after", "status"}
    elsewhere |= {"unavailable_until", "elsewhere", "says", "says_text", "echo", "cookies", "raw"}
    sound = {"good", "interim_then_good", "gzip_good"}

    assert set(FAULTS) == set(NO_REPLY) | set(WITHOUT_JSON) | elsewhere | sound


# -- TLS


def test_an_unknown_authority_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    context, _ = server_context(tmp_path, "127.0.0.1")
    with FaultServer(tls=context) as server:
        reply = put(session_at(server.url("good")))

        assert reply == NoReply("tls", sent=False)
        assert server.arrived == []


def test_a_certificate_for_another_name_is_refused(tmp_path: Path) -> None:
    context, authority = server_context(tmp_path, "elsewhere.example")
    with FaultServer(tls=context) as server:
        reply = put(session_at(server.url("good"), ca_file=authority))

        assert reply == NoReply("tls", sent=False)
        assert server.arrived == []


def test_a_handshake_that_never_begins_sent_nothing() -> None:
    with accepts_and_is_silent() as url:
        started = time.monotonic()
        reply = put(session_at(url))

    assert reply == NoReply("timeout", sent=False)
    assert time.monotonic() - started < DEADLINE_S + GRACE_S


def test_plain_text_where_tls_should_be_is_refused(fault_server: FaultServer) -> None:
    reply = put(session_at(fault_server.url("refuses_early").replace("http:", "https:")))

    assert reply == NoReply("tls", sent=False)


@pytest.mark.parametrize(
    "fault", ["drip_headers", "drip_body", "endless_103", "silence", "close_in_headers", "short_content_length"]
)
def test_the_deadline_and_the_cuts_hold_over_tls(fault: str, tmp_path: Path) -> None:
    context, authority = server_context(tmp_path, "127.0.0.1")
    with FaultServer(tls=context) as server:
        session = session_at(server.url(fault), ca_file=authority)
        started = time.monotonic()
        reply = put(session)
        took_s = time.monotonic() - started

    assert reply == NoReply(NO_REPLY[fault], sent=True, status=reply.status)
    assert took_s < DEADLINE_S + GRACE_S


def test_a_sound_answer_over_tls_is_read_and_the_connection_kept(tmp_path: Path) -> None:
    context, authority = server_context(tmp_path, "127.0.0.1")
    with FaultServer(tls=context) as server:
        with session_at(server.url("good"), ca_file=authority) as session:
            replies = [put(session) for _ in range(3)]

        assert [reply.status for reply in replies] == [200, 200, 200]
        assert server.connections == 1
