"""Every exchange of the contract, asked of the emulator over real HTTP: same status, same content type, same body."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Callable
from typing import Any

import pytest
import requests

from providers.linkar.sandbox_access import API_KEY, READ_KEY
from providers.sandbox_faults import Fault

from .support import SAMPLES, Remote, linkar

EXCHANGES = json.loads((SAMPLES / "exchanges.json").read_bytes())["exchanges"]
THEIRS = {3: "555 - 010 - 002"}


def _theirs(remote: Remote) -> None:
    remote.box.change("LK.CUSTOMERS", "2", THEIRS)


def _broken(remote: Remote) -> None:
    body = "<html><body>Internal Server Error</body></html>"
    remote.box.faults.add(Fault("answer", status=500, body=body, content_type="text/html"))


def _empty(remote: Remote) -> None:
    remote.box.read_after_body = "empty"


# What has to be so before some of them are asked.
BEFORE: dict[str, Callable[[Remote], None]] = {
    "step 2b: update refused, someone changed PHONE": _theirs,
    "step 3: read theirs": _theirs,
    "step 4: merged update accepted": _theirs,
    "batch, one refused": _theirs,
    "xml update refused": _theirs,
    "text update refused": _theirs,
    "update without read_after, empty body": _empty,
    "gateway fault": _broken,
}
# The samples show some rows of a file with 57, and what a key may do depends on the key.
SHAPE_ONLY = {"scopes", "ids only", "page"}


@pytest.mark.parametrize("exchange", EXCHANGES, ids=lambda exchange: exchange["name"])
def test_an_exchange_goes_as_in_the_contract(exchange: dict[str, Any]) -> None:
    with linkar() as remote:
        BEFORE.get(exchange["name"], lambda remote: None)(remote)

        answer = _ask(remote, exchange)

    wanted = exchange["response"]
    assert answer.status_code == wanted["status"]
    media = wanted["headers"].get("Content-Type", "").partition(";")[0]
    assert answer.headers.get("Content-Type", "").partition(";")[0] == media
    if "body_text" in wanted:
        assert answer.text == wanted["body_text"]
        return
    body = (SAMPLES / wanted["body_file"]).read_bytes()
    if exchange["name"] in SHAPE_ONLY:
        assert type(_read(answer.content, media)) is type(_read(body, media))
        return
    assert _read(answer.content, media) == _read(body, media)


def test_all_rows_of_a_page_look_like_the_samples() -> None:
    page = next(each for each in EXCHANGES if each["name"] == "page")
    with linkar() as remote:
        found = _ask(remote, page).json()

    wanted = json.loads((SAMPLES / "customers_select_page1.200.json").read_bytes())
    assert found["TOTAL_RECORDS"] == wanted["TOTAL_RECORDS"]
    assert [row["LKITEMID"] for row in found["RECORDS"]] == [row["LKITEMID"] for row in wanted["RECORDS"]]
    assert found["RECORDS"][0] == wanted["RECORDS"][0]


def _ask(remote: Remote, exchange: dict[str, Any]) -> requests.Response:
    asked = exchange["request"]
    key = READ_KEY if exchange["name"] == "key without the scope" else API_KEY
    headers = {name: value.replace("{api_key}", key) for name, value in asked["headers"].items()}
    body = (SAMPLES / asked["body_file"]).read_bytes() if "body_file" in asked else None
    session = requests.Session()
    session.trust_env = False
    session.headers.clear()
    url = f"{remote.root}/linkar{asked['path']}"
    return session.request(asked["method"], url, headers=headers, data=body, timeout=10)


def _read(body: bytes, media: str) -> Any:
    match media:
        case "application/json":
            return json.loads(body)
        case "application/xml":
            return _tree(ET.fromstring(body))  # noqa: S314 - our own emulator's
        case _:
            return _blocks(body.decode())


def _blocks(text: str) -> dict[str, str]:
    """Return blocks by label: their order is nobody's promise. Names of the id differ from file to file."""
    first, *blocks = text.split("\x1c")
    found = dict(zip(first.split("\xfe")[1:], blocks, strict=True))
    found.pop("RECORD_ID_DICTS", None)
    return found


def _tree(element: ET.Element) -> Any:
    """Return an element without the blanks between others; optional ids of errors aside."""
    children = [child for child in element if child.tag != "LKITEMID" or element.tag != "ERROR"]
    return (element.tag, [_tree(child) for child in children] or element.text or "")
