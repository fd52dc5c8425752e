"""Belvo's documented samples, and a provider that speaks to a server of canned answers."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from providers.answers import Schema, Snapshot
from providers.belvo import provider_class
from providers.belvo.provider import Belvo
from providers.belvo.snapshots import schema_of, snapshot_of
from providers.http import Exchange
from providers.secrets import Secret

from ..canned import Answer

SAMPLES = Path(__file__).parent / "samples"
LINK_A = "a8b311c7-417a-4d80-adcd-bf68299c1b94"
LINK_B = "cd70c4fb-8b0f-49b7-b638-0dd06111f9f3"


def sample(file: str) -> Answer:
    """Return a sample as the answer that it documents."""
    entry = _index()[file]
    return Answer(entry["status"], (SAMPLES / file).read_bytes(), entry["content_type"])


def sample_json(file: str) -> Any:
    return json.loads((SAMPLES / file).read_bytes())


def files(prefix: str) -> list[str]:
    return sorted(name for name in _index() if name.startswith(prefix))


def link(file: str = "link_detail_invalid.json", **changes: Any) -> Snapshot:
    found = snapshot_of({**sample_json(file), **changes})
    assert found is not None
    return found


def institution(name: str = "erebor_mx_retail", **changes: Any) -> Schema:
    results = sample_json("institution_list.json")["results"]
    found = schema_of({**next(raw for raw in results if raw["name"] == name), **changes})
    assert found is not None
    return found


def belvo(url: str, exchanges: list[Exchange] | None = None, **transport: Any) -> Belvo:
    config = {
        "URL": url,
        "SECRET_ID": "id-of-tests",
        "SECRET_PASSWORD": Secret("password-of-tests"),
        "WEBHOOK_AUTHORIZATION": Secret("Bearer for-tests"),
    }
    if exchanges is not None:
        transport["on_exchange"] = exchanges.append
    return provider_class(config, provider_class.open_session(config, **transport))


def pure() -> Belvo:
    """Return a provider for the methods that need no network."""
    return belvo("http://127.0.0.1:9")


@cache
def _index() -> dict[str, dict[str, Any]]:
    return {entry["file"]: entry for entry in sample_json("index.json")["samples"]}
