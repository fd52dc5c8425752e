"""Parcel keeps the contract that every provider keeps."""

from __future__ import annotations

import json
from typing import ClassVar

from tests.providers.canned import Answer
from tests.providers.contract import Entries, ProviderContract, Sample


def refusal(status: int, code: str, by: str) -> Sample:
    return Sample(f"parcel.{code}", Answer(status, json.dumps({"code": code, "message": "No."}).encode()), by)


class TestParcelContract(ProviderContract):
    slug = "parcel"
    entries: ClassVar = {"change": Entries({"name": "By the door"}, {"pin": "4711"})}
    samples = (
        refusal(401, "bad_key", "list"),
        refusal(404, "no_locker", "fetch"),
        refusal(409, "jammed", "change"),
        refusal(422, "weak_pin", "change"),
        refusal(422, "bad_name", "change"),
    )
