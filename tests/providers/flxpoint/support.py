"""Flxpoint's samples, and a provider that speaks to any server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from providers.answers import Schema, Snapshot
from providers.fingerprints import own_fingerprint
from providers.flxpoint import provider_class
from providers.flxpoint.feeds import feeds_of
from providers.flxpoint.provider import Flxpoint
from providers.flxpoint.snapshots import schema_of, snapshot_of
from providers.http import Exchange
from providers.secrets import Secret

from ..canned import Answer

SAMPLES = Path(__file__).parent / "samples"
EXCHANGES = json.loads((SAMPLES / "exchanges.json").read_bytes())["exchanges"]


def sample_json(file: str) -> Any:
    return json.loads((SAMPLES / file).read_bytes())


def sample(file: str, status: int = 200, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, (SAMPLES / file).read_bytes(), headers=named)


def raw_connection(file: str = "48377", **values: Any) -> dict[str, Any]:
    """Return a connection as it is answered, with other values for some handles."""
    path = next(SAMPLES.glob(f"connection_detail_{file}*.json"))
    raw: dict[str, Any] = json.loads(path.read_bytes())
    for config in raw["configs"]:
        config["value"] = values.get(config["handle"], config["value"])
    return raw


def connection(file: str = "48377", **values: Any) -> Snapshot:
    found = snapshot_of(raw_connection(file, **values), own_fingerprint)
    assert found is not None
    return found


def of_raw(raw: Any) -> Snapshot:
    found = snapshot_of(raw, own_fingerprint)
    assert found is not None
    return found


def csv_schema() -> Schema:
    feeds = feeds_of(
        sample_json("sources_include_integrations.200.json"), sample_json("channels_include_integrations.200.json")
    )
    raws = sample_json("available_configs_csv_xlsx.200.json")
    ours = feeds.of(["48377"]) if feeds else None
    return schema_of("csv_xlsx", "CSV/XLSX File", raws, ours, own_fingerprint)


def flxpoint(url: str = "http://127.0.0.1:9", exchanges: list[Exchange] | None = None, **config: Any) -> Flxpoint:
    transport = {name: config.pop(name) for name in ("limiter", "fingerprint", "gate") if name in config}
    if exchanges is not None:
        transport["on_exchange"] = exchanges.append
    values = {"URL": url, "TOKEN": Secret("token-of-tests"), "PUT_MODE": "full", "REQUESTS_PER_S": "2", **config}
    return provider_class(values, provider_class.open_session(values, **transport))


def untouched(snapshot: Snapshot) -> dict[str, Any]:
    """Return the values that a form sends when nobody has touched it."""
    fields = flxpoint().fields("configs", snapshot, None)
    return {field.name: field.initial for field in fields if field.editable and not field.secret}
