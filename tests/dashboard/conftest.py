"""Fixtures for tests that need a remote: Belvo's emulator over real HTTP, and a database that commits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from dashboard.services import executor
from providers.config import read_configuration
from tests import emulator


@pytest.fixture
def belvo(transactional_db: None, settings: Any) -> Iterator[Any]:
    """Run an emulator of Belvo that this test alone talks to, configured as the integration `belvo`."""
    with emulator.running() as remote:
        settings.INTEGRATIONS = read_configuration(remote.environment)
        yield remote.belvo
        # The jobs of this test end before its database goes.
        executor.wait_until_idle(20)
