"""The emulator answers as the contract's samples do, whatever client asks."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests

from providers.flxpoint import provider_class
from providers.flxpoint.sandbox import ACCOUNT_TOKEN
from providers.flxpoint.sandbox_world import CASES
from providers.outcomes import Denied, Gone, Ok

from ..contract import got
from .support import EXCHANGES, SAMPLES, sample_json

PLAYED = [
    one for one in EXCHANGES if "too fast" not in one["name"] and one["name"] not in {"list, none", "server fault"}
]
WITH_TOKEN = {"X-API-TOKEN": "{account_token}"}
TOKENS = {"{account_token}": ACCOUNT_TOKEN, "{source_token}": "source-token", "{bad_token}": "bad"}


def ask(provider: Any, request: dict[str, Any], token: str | None = None) -> requests.Response:
    headers = {**request["headers"], "X-API-TOKEN": token or TOKENS[request["headers"]["X-API-TOKEN"]]}
    body = request.get("body") or (sample_json(request["body_file"]) if "body_file" in request else None)
    data = None if body is None else json.dumps(body)
    url = provider.config["URL"] + request["path"]
    return requests.request(request["method"], url, headers=headers, data=data, timeout=9)


def get(provider: Any, path: str) -> requests.Response:
    return ask(provider, {"method": "GET", "path": path, "headers": WITH_TOKEN})


@pytest.mark.parametrize("exchange", PLAYED, ids=[one["name"] for one in PLAYED])
def test_the_documented_exchanges_are_answered_as_documented(emulated: Any, exchange: dict[str, Any]) -> None:
    _, provider = emulated()
    token = {"token probe, bad token, empty body": "empty", "success status but an HTML page": "expired-1"}
    wanted = exchange["response"]

    found = ask(provider, exchange["request"], token.get(exchange["name"]))

    assert found.status_code == wanted["status"]
    if "Content-Type" in wanted["headers"]:
        assert found.headers["Content-Type"] == wanted["headers"]["Content-Type"]
    if "X-Auth-Pool-Size" in wanted["headers"] and found.status_code != 401:
        assert (found.headers["X-Auth-Pool-Size"], found.headers["X-Auth-Replenished-Per-Second"]) == ("40", "2.0")


@pytest.mark.parametrize("file", [path.name for path in sorted(SAMPLES.glob("connection_detail_*.json"))])
def test_the_documented_connections_are_in_the_world_value_for_value(emulated: Any, file: str) -> None:
    _, provider = emulated()
    wanted = sample_json(file)

    found = get(provider, f"/connections/{wanted['id']}").json()

    assert {one["handle"]: one["value"] for one in found["configs"]} == {
        one["handle"]: one["value"] for one in wanted["configs"]
    }
    assert {**found, "configs": []} == {**wanted, "configs": []}


def test_the_form_of_a_new_file_connection_is_that_of_the_sample(emulated: Any) -> None:
    _, provider = emulated()
    request = {
        "method": "GET",
        "path": "/connections/available-configs?handle=csv_xlsx",
        "headers": {"X-API-TOKEN": "{account_token}"},
    }

    assert ask(provider, request).json() == sample_json("available_configs_csv_xlsx.200.json")


def test_the_world_is_the_same_each_time_and_has_every_state(emulated: Any) -> None:
    first, second = (got(emulated()[1].list()).items for _ in range(2))

    assert [one.remote_id for one in first] == [one.remote_id for one in second]
    assert len(first) == 90
    assert {one.status for one in first} == {"complete", "incomplete", "unknown"}
    assert set(CASES) <= {one.title for one in first}


def test_the_pool_fills_drains_and_refuses(emulated: Any) -> None:
    box, provider = emulated(pool_size=3)
    statuses = [get(provider, "/account").status_code for _ in range(5)]
    box.clock.advance(10)

    assert statuses[:3] == [200, 200, 200] and 429 in statuses
    assert get(provider, "/account").status_code == 200


@pytest.mark.parametrize("status", [200, 400, 404])
def test_a_type_that_is_unknown_is_no_schema_whatever_it_answers(emulated: Any, status: int) -> None:
    _, provider = emulated(unknown_type=status)

    assert isinstance(provider.fetch_schema("no_such_type"), Gone)
    assert isinstance(provider.fetch_schema("csv_xlsx"), Ok)


def test_what_nobody_tells_is_not_reported(emulated: Any) -> None:
    _, told = emulated()
    _, untold = emulated(integrations="untold")

    assert got(told.fetch_schema("csv_xlsx")).body["feeds"]["48377"]
    assert got(untold.fetch_schema("csv_xlsx")).body["feeds"] is None


@pytest.mark.parametrize("token", ["bad", "source-token", "channel-token", "expired-1"])
def test_each_wrong_token_is_our_fault_in_its_own_words(emulated: Any, token: str) -> None:
    from providers.secrets import Secret

    _, provider = emulated(config={"TOKEN": Secret(token)})

    for outcome in (provider.check(), provider.list(), provider.fetch("48377")):
        assert isinstance(outcome, Denied)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("PUT_MODE", "some"),
        ("REQUESTS_PER_S", "3"),
        ("REQUESTS_PER_S", "many"),
        ("REQUESTS_PER_S", "0"),
        ("REQUESTS_PER_S", "nan"),
    ],
)
def test_a_setting_that_makes_no_sense_is_named(setting: str, value: str) -> None:
    config = {"PUT_MODE": "full", "REQUESTS_PER_S": "2", setting: value}

    assert [suffix for suffix, _ in provider_class.find_problems(config)] == [setting]
