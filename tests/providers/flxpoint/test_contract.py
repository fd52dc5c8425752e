"""Flxpoint keeps the contract of all providers; each row of its catalogue has a sample here."""

from __future__ import annotations

from typing import ClassVar

from providers.errors import ErrorRule
from providers.flxpoint.rules import ALREADY_THERE, CHANGED_MEANWHILE, MOVED_OTHERS

from ..canned import Answer, as_json
from ..contract import Entries, ProviderContract, Sample
from .support import sample

HTML = Answer(200, b"<!DOCTYPE html><html><title>Sign in</title></html>", "text/html")
SAMPLES = (
    Sample("flxpoint.required", sample("error_400_error_string.json", 400), "configs"),
    Sample("flxpoint.unknown_config", sample("error_400_success_false.json", 400), "configs"),
    Sample("flxpoint.rejected", as_json({"message": "The port is not open."}, 400), "configs"),
    Sample("flxpoint.rejected", Answer(400, b"", "text/plain"), "configs"),
    Sample("flxpoint.rejected", as_json({"errors": {"host": ["has a wrong form"]}}, 422), "create"),
    Sample("flxpoint.unauthorised", sample("error_401.json", 401), "fetch"),
    Sample("flxpoint.unauthorised", Answer(401, b"", "text/plain"), "configs"),
    Sample("flxpoint.wrong_kind_of_token", sample("error_403.json", 403), "list"),
    Sample("flxpoint.not_found", sample("error_404.json", 404), "fetch"),
    Sample("flxpoint.not_found", sample("error_404_spring_shape.json", 404), "configs"),
    Sample("flxpoint.too_many_requests", sample("error_429.json", 429, Retry_After="0"), "fetch"),
    Sample("flxpoint.too_many_requests", Answer(429, b"slow down", "text/plain", {"Retry-After": "0"}), "configs"),
    Sample("flxpoint.method_not_allowed", Answer(405, b"", "text/plain"), "configs"),
    Sample("flxpoint.too_large", Answer(413, b"<html>Too large</html>", "text/html"), "configs"),
    Sample("flxpoint.server_fault", sample("error_500.json", 500), "configs"),
    Sample("flxpoint.gateway", Answer(502, b"<html>Bad gateway</html>", "text/html"), "configs"),
    Sample("flxpoint.not_the_api", HTML, "list"),
    Sample("flxpoint.not_the_api", HTML, "fetch"),
    Sample("flxpoint.wrong_address", sample("error_404_spring_shape.json", 404), "list"),
    Sample("flxpoint.type_unknown", Answer(200, b"[]"), "fetch_schema"),
)
VALUES = {
    "configs": {"connection.name": "Renamed for a test"},
    "create": {"connection.name": "Made for a test", "host": "a.example", "username": "a", "store_url": "a.example"},
}


class TestFlxpointContract(ProviderContract):
    slug = "flxpoint"
    samples = SAMPLES
    entries: ClassVar = {
        "configs": Entries(VALUES["configs"], {"password": "pass-4-tests"}),
        "create": Entries(VALUES["create"], {"password": "pass-4-tests"}),
    }

    @staticmethod
    def passes(method: str, path: str) -> bool:
        return method == "GET"

    @classmethod
    def rules(cls) -> tuple[ErrorRule, ...]:
        """What is found by comparing has no answer of its own: test_writes.py and test_rows_by_clicking.py reach it."""
        found = (CHANGED_MEANWHILE, ALREADY_THERE, MOVED_OTHERS)
        return tuple(rule for rule in super().rules() if rule not in found)
