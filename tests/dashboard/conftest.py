"""Fixtures for tests that need a remote: Belvo's emulator over real HTTP, and a database that commits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from dashboard.services import executor
from providers.config import read_configuration
from tests import emulator


@pytest.fixture
def remote(transactional_db: None, settings: Any) -> Iterator[emulator.Emulator]:
    """Run emulators that this test alone talks to; each is configured as an integration of its name."""
    with emulator.running() as running:
        settings.INTEGRATIONS = read_configuration(running.environment)
        yield running
        # The jobs of this test end before its database goes.
        executor.wait_until_idle(20)


@pytest.fixture
def belvo(remote: emulator.Emulator, settings: Any) -> Any:
    """Return the emulator of Belvo itself: clock, faults, world, log of effects. It is the only integration then."""
    settings.INTEGRATIONS = read_configuration({**remote.environment, "INTEGRATIONS": "belvo"})
    return remote.belvo
