"""Anchors as POSTs to a collector, over the transport's own wire: a wall-clock deadline, no redirects, no proxies."""

from __future__ import annotations

import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import requests

from providers.attempts import make_attempt
from providers.replies import NoReply
from providers.wire import Attempt, Wire

from .anchor_trouble import SinkDown

DEADLINE_S = 8.0
CONNECT_TIMEOUT_S = 4.0
_MAX_BODY_BYTES = 65_536


class HttpsSink:
    """Any 2xx means that the collector has it. What stands before an @ is sent as basic authentication."""

    can_be_asked = False

    def __init__(self, url: str, name: str) -> None:
        self.name = name
        self._url = url

    def __repr__(self) -> str:
        return f"HttpsSink({self.name!r})"

    def send(self, note: str) -> None:
        address = urlsplit(self._url)
        headers = {"Content-Type": "text/plain; charset=utf-8", "User-Agent": "linkdesk", "Accept-Encoding": "identity"}
        prepared = requests.Request("POST", self._url, data=note.encode(), headers=headers).prepare()
        wire = Wire(address.scheme, address.hostname or "", address.port)
        try:
            answer = make_attempt(
                wire, prepared, Attempt(time.monotonic() + DEADLINE_S, CONNECT_TIMEOUT_S, _MAX_BODY_BYTES)
            )
        finally:
            wire.drop()
        if isinstance(answer, NoReply):
            raise SinkDown(f"the collector gave no whole answer ({answer.reason})")
        if not 200 <= answer.status < 300:
            raise SinkDown(f"the collector answered {answer.status}")

    def kept(self) -> Iterator[str] | None:
        return None
