"""Remotes that break, for every test of a provider."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .faults import FaultServer


@pytest.fixture
def fault_server() -> Iterator[FaultServer]:
    """Serve faults on loopback: `fault_server.url("silence")`; what arrived is in `fault_server.arrived`."""
    with FaultServer() as server:
        yield server
