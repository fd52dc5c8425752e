"""The fifth provider's folder is put beside the others; nothing else is told of it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import providers
from dashboard.services import executor
from providers.config import read_configuration
from providers.sandbox import application, find_sandboxes, serve


@pytest.fixture(autouse=True)
def beside_the_others(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(providers, "__path__", [*providers.__path__, str(Path(__file__).parent)])
    yield
    # Only its own: a second copy of another provider's modules would raise what the first one does not catch.
    for name in [name for name in sys.modules if name.startswith("providers.parcel")]:
        del sys.modules[name]


@pytest.fixture
def parcel(transactional_db: None, settings: Any) -> Iterator[Any]:
    """Run Parcel's emulator over real HTTP; it is the only integration."""
    sandbox = find_sandboxes()["parcel"]()
    with serve(application({"parcel": sandbox})) as server:
        environment = {"INTEGRATIONS": "parcel", **sandbox.environment(f"{server.url}/parcel")}
        settings.INTEGRATIONS = read_configuration(environment)
        assert not settings.INTEGRATIONS.problems
        yield sandbox
        executor.wait_until_idle(20)
