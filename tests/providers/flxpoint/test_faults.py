"""Flxpoint over a wire that breaks."""

from __future__ import annotations

from ..fault_contract import FaultContract
from . import test_contract


class TestFlxpointFaults(FaultContract):
    contract = test_contract.TestFlxpointContract
