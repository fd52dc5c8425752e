"""A secret reaches the remote and nothing else: no text, log, exchange or pickle, also when the remote echoes it."""

from __future__ import annotations

import base64
import copy
import json
import logging
import pickle
from typing import Any

import pytest
from requests.auth import HTTPBasicAuth

from providers.http import ApiSession, Exchange, Reply
from providers.redaction import MASK
from providers.secrets import Secret

from .faults import FaultServer

PASSWORD = "Corr\"ct h'rse/é"
CODE = "424242"
API_ID = "our-id-0815"
API_KEY = "our-key-4711"
BASIC = base64.b64encode(f"{API_ID}:{API_KEY}".encode()).decode()


@pytest.mark.parametrize(
    "show", [str, repr, "{}".format, "{!r:>20}".format, "%s".__mod__, lambda secret: f"{secret:.3}"]
)
def test_a_secret_cannot_be_printed(show: Any) -> None:
    assert "word" not in show(Secret("word"))


@pytest.mark.parametrize("keep", [pickle.dumps, copy.copy, copy.deepcopy, json.dumps, vars])
def test_a_secret_cannot_be_kept(keep: Any) -> None:
    with pytest.raises(TypeError):
        keep(Secret("word"))


def test_secrets_are_not_compared_by_accident() -> None:
    assert Secret("word") != Secret("word")
    assert Secret("word") != "word"


def test_a_secret_knows_whether_there_is_one() -> None:
    assert Secret("word")
    assert not Secret("")


class Told:
    """Everything that one call told anybody."""

    def __init__(self, fault: str, server: FaultServer, caplog: pytest.LogCaptureFixture, **options: Any) -> None:
        caplog.set_level(logging.DEBUG)
        self.exchanges: list[Exchange] = []
        session = ApiSession(
            server.url(fault),
            auth=HTTPBasicAuth(API_ID, API_KEY),
            own_secrets=[Secret(API_ID), Secret(API_KEY)],
            on_exchange=self.exchanges.append,
            deadline_s=3.0,
            **options,
        )
        reply = session.request(
            "PUT",
            f"/api/links/{CODE}/",
            params={"q": Secret(PASSWORD)},
            json={"password": Secret(PASSWORD), "deep": [{"token": Secret(CODE), "short": Secret("7")}]},
            headers={"X-Encryption-Key": "plain"},
        )
        assert isinstance(reply, Reply)
        self.reply = reply
        records = " ".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records)
        self.everything = f"{reply} {reply.headers} {self.exchanges} {records}"


def test_what_is_sent_reaches_the_remote_unmasked(fault_server: FaultServer, caplog: pytest.LogCaptureFixture) -> None:
    Told("good", fault_server, caplog)

    (arrived,) = fault_server.arrived
    assert json.loads(arrived.body) == {"password": PASSWORD, "deep": [{"token": CODE, "short": "7"}]}
    assert arrived.headers["authorization"] == f"Basic {BASIC}"


def test_a_remote_that_echoes_everything_reveals_nothing(
    fault_server: FaultServer, caplog: pytest.LogCaptureFixture
) -> None:
    told = Told("echo", fault_server, caplog)

    forms = [
        PASSWORD,
        json.dumps(PASSWORD)[1:-1],
        "h%27rse",
        "h'rse",
        CODE,
        API_KEY,
        BASIC,
        base64.b64encode(API_KEY.encode()),
    ]
    for form in forms:
        assert str(form) not in told.everything
    assert told.reply.headers["X-Echo"] == f"{MASK}"
    assert told.reply.json["headers"]["x-encryption-key"] == "plain"


def test_the_shown_request_keeps_its_shape(fault_server: FaultServer, caplog: pytest.LogCaptureFixture) -> None:
    told = Told("good", fault_server, caplog)

    (exchange,) = told.exchanges
    assert json.loads(exchange.request_body) == {"password": MASK, "deep": [{"token": MASK, "short": MASK}]}
    assert exchange.path == f"/api/links/{MASK}/?q={MASK}"


def test_a_remote_that_says_it_in_words_reveals_nothing(
    fault_server: FaultServer, caplog: pytest.LogCaptureFixture
) -> None:
    told = Told(f"says_text=Sorry, the code {CODE} for {API_ID} is not 7.", fault_server, caplog)

    assert told.reply.text == f"Sorry, the code {MASK} for {MASK} is not {MASK}."


def test_a_code_that_comes_back_as_a_number_is_masked(
    fault_server: FaultServer, caplog: pytest.LogCaptureFixture
) -> None:
    told = Told(f'says={{"token": {CODE}, "{CODE}": 7}}', fault_server, caplog)

    assert told.reply.json == {"token": MASK, MASK: 7}


def test_values_of_secret_keys_stay_in_the_reply_and_nowhere_else(
    fault_server: FaultServer, caplog: pytest.LogCaptureFixture
) -> None:
    body = '{"session": "se-cr-et", "deep": [{"session": {"id": "se-cr-et"}}], "status": "ok"}'
    told = Told(f"says={body}", fault_server, caplog, redact_keys=frozenset({"session"}))

    assert told.reply.json["session"] == "se-cr-et"
    assert "se-cr-et" not in f"{told.exchanges}"
    assert json.loads(told.exchanges[0].response_body) == {
        "session": MASK,
        "deep": [{"session": MASK}],
        "status": "ok",
    }


def test_values_of_secret_keys_are_not_kept_from_a_broken_answer(
    fault_server: FaultServer, caplog: pytest.LogCaptureFixture
) -> None:
    told = Told('says={"session": "se-cr-et", "x', fault_server, caplog, redact_keys=frozenset({"session"}))

    assert told.reply.json is None
    assert "se-cr-et" not in f"{told.exchanges}"


def test_a_password_that_is_a_word_of_the_contract_does_not_hide_the_answer(fault_server: FaultServer) -> None:
    session = ApiSession(fault_server.url('says={"password": ["token_required"]}'), vocabulary={"token_required"})

    reply = session.request("PUT", "/", json={"password": Secret("password"), "token": Secret("token_required")})

    assert isinstance(reply, Reply)
    assert reply.json == {"password": ["token_required"]}


def test_a_request_id_that_is_a_secret_is_masked(fault_server: FaultServer) -> None:
    session = ApiSession(
        fault_server.url('says={"request_id": "correct horse"}'), request_id_of=lambda json, headers: json["request_id"]
    )

    reply = session.request("PUT", "/", json={"password": Secret("correct horse")})

    assert isinstance(reply, Reply)
    assert reply.request_id == MASK


def test_a_token_from_the_authentication_is_masked_although_nobody_named_it(fault_server: FaultServer) -> None:
    def bearer(request: Any) -> Any:
        request.headers["Authorization"] = "Bearer tok-en-0123456789"
        return request

    session = ApiSession(fault_server.url("echo"), auth=bearer)  # type: ignore[arg-type]

    reply = session.request("GET", "/")

    assert "tok-en-0123456789" not in f"{reply} {getattr(reply, 'headers', '')}"
