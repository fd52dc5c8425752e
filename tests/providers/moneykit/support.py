"""MoneyKit's documented samples, providers that speak to any server, and an emulator of one's own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from providers.answers import Schema, Snapshot
from providers.http import Exchange
from providers.moneykit import provider_class
from providers.moneykit.provider import MoneyKit
from providers.moneykit.sandbox import CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, MoneyKitSandbox
from providers.moneykit.sandbox_world import LinkRecord
from providers.moneykit.snapshots import schema_of, snapshot_of
from providers.sandbox import application, serve
from providers.secrets import Secret

from ..canned import Answer

SAMPLES = Path(__file__).parent / "samples"
CONNECTED = "mk_Qm4vZt8RxYc2WnJk6HsBpE"


def sample(name: str) -> Any:
    return json.loads((SAMPLES / f"{name}.json").read_bytes())


def answer(name: str, status: int = 200) -> Answer:
    """Return a sample as the answer that it documents; errors carry their status in the name."""
    told = name.removeprefix("error_")[:3]
    return Answer(int(told) if told.isdigit() else status, (SAMPLES / f"{name}.json").read_bytes())


def link(name: str = "link_connected", *, reference: str = "", **changes: Any) -> Snapshot:
    found = snapshot_of({**sample(name), **changes}, reference=reference)
    assert found is not None
    return found


def institution(name: str = "chase") -> Schema:
    found = schema_of(next(raw for raw in sample("institution_list")["institutions"] if raw["institution_id"] == name))
    assert found is not None
    return found


def moneykit(url: str, *, auth: str = "headers", client_id: str = CLIENT_ID, **transport: Any) -> MoneyKit:
    config: dict[str, str | Secret] = {
        "URL": url,
        "CLIENT_ID": client_id,
        "CLIENT_SECRET": Secret(CLIENT_SECRET),
        "AUTH": auth,
        "REDIRECT_URI": REDIRECT_URI,
    }
    return provider_class(config, provider_class.open_session(config, **transport))


def pure(**config: str) -> MoneyKit:
    """Return a provider for the methods that need no network."""
    return moneykit("http://127.0.0.1:9", **config)


@dataclass
class Remote:
    """The emulated MoneyKit; `box` is the emulator, `ask` a plain client that knows nothing of ours."""

    box: MoneyKitSandbox
    root: str
    keys: dict[str, str] = field(default_factory=lambda: {"X-Client-Id": CLIENT_ID, "X-Client-Secret": CLIENT_SECRET})
    exchanges: list[Exchange] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"{self.root}/moneykit"

    def ask(self, method: str, path: str, json: Any = None, **more: Any) -> requests.Response:
        return requests.request(method, self.url + path, json=json, headers=self.keys, timeout=20, **more)

    def control(self, action: str, **body: Any) -> Any:
        return requests.post(f"{self.root}/_control/moneykit/{action}", json=body, timeout=5).json()

    def provider(self, *, auth: str = "token", **transport: Any) -> MoneyKit:
        return moneykit(self.url, auth=auth, **{"on_exchange": self.exchanges.append, **transport})

    def links(self, state: str = "connected", error_code: str | None = None) -> list[LinkRecord]:
        """Return ordinary links in a state: none with a case of its own."""
        return [
            found
            for found in self.box.world.links.values()
            if (found.state, found.body["error_code"]) == (state, error_code)
            and not found.case
            and "odd:" not in "".join(found.body["link_tags"] or [])
        ]

    def snapshot(self, record: LinkRecord) -> Snapshot:
        found = snapshot_of(record.shown(), reference=record.user)
        assert found is not None
        return found


@contextmanager
def running(**options: Any) -> Iterator[Remote]:
    box = MoneyKitSandbox(**options)
    with serve(application({"moneykit": box})) as server:
        yield Remote(box, server.url)
