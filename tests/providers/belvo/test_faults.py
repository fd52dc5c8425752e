"""Belvo over a wire that breaks."""

from __future__ import annotations

from ..fault_contract import FaultContract
from . import test_contract


class TestBelvoFaults(FaultContract):
    contract = test_contract.TestBelvoContract
