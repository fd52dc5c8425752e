"""Linkar keeps the contract of all providers; each row of its catalogue has a sample here, or a test by comparing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import ClassVar

import pytest

from providers.errors import ErrorRule
from providers.http import Reply
from providers.linkar import rules
from providers.linkar.answers import ErrorEntry, errors_in, records_in
from providers.linkar.xml_body import XML

from ..canned import Answer, as_json
from ..contract import Entries, ProviderContract, Sample

SAMPLES = Path(__file__).parent / "samples"


def sample(file: str, status: int) -> Answer:
    return Answer(status, (SAMPLES / file).read_bytes())


READ_SAMPLES = tuple(
    Sample("linkar.database_refused", sample(file.name, 400), "fetch")
    for file in sorted(SAMPLES.glob("*.400.json"))
    # The token endpoint's, and one that lies about the id that was asked for.
    if file.name not in ("oauth_token_bad_client.400.json",)
)
ALL_IN_ONE = (
    *READ_SAMPLES,
    Sample("linkar.database_refused", sample("payroll_file_not_allowed.400.json", 400), "list"),
    Sample("linkar.database_refused", sample("payroll_file_not_allowed.400.json", 200), "list"),
    Sample("linkar.database_refused", sample("customers_update_timeout.400.json", 400), "look"),
    Sample("linkar.key_refused", Answer(401, b"", "text/plain"), "fetch"),
    Sample("linkar.key_refused", Answer(401, b"", "text/plain", {"WWW-Authenticate": "ApiKey"}), "edit"),
    Sample("linkar.client_refused", Answer(401, b'{"error": "invalid_client"}'), "fetch"),
    Sample("linkar.no_scope", Answer(403, b"", "text/plain"), "edit"),
    Sample("linkar.no_scope", Answer(403, b"<html>Forbidden</html>", "text/html"), "list"),
    Sample("linkar.no_apiresource", Answer(404, b"", "text/plain"), "list"),
    Sample("linkar.too_many_requests", Answer(429, b"slow down", "text/plain"), "edit"),
    Sample("linkar.service_fault", Answer(500, b"<html>Internal Server Error</html>", "text/html"), "edit"),
    Sample("linkar.service_fault", Answer(502, b"", "text/html"), "fetch"),
    Sample("linkar.deleted", sample("customers_select_none.200.json", 200), "fetch"),
)
# Found by comparing one reading with another, or with the map: no answer says it by itself. See test_writes.py,
# test_provider.py, test_checking.py and test_rows_by_clicking.py.
COMPARED = (
    *(rules.CONFLICT, rules.INPUT_REFUSED, rules.DROPPED, rules.UNDECIDED, rules.NO_ORIGINAL, rules.NOT_EXACT),
    *(rules.MAP_DIFFERS, rules.NOT_ADDRESSABLE, rules.NOT_IN_MAP, rules.NOT_UP),
)


class TestLinkarContract(ProviderContract):
    slug = "linkar"
    samples = ALL_IN_ONE
    entries: ClassVar = {
        "edit": Entries({"PHONE": "555 - 010 - 002"}, {"TOKEN": "tk_for_tests"}),
        "look": Entries({"calculated": True}),
    }

    @staticmethod
    def passes(method: str, path: str) -> bool:
        """Say what the emulator answers itself where an update is tried out: the reading before it."""
        return method == "GET" and "calculated=" not in path

    @classmethod
    def rules(cls) -> tuple[ErrorRule, ...]:
        return tuple(rule for rule in super().rules() if rule not in COMPARED)


def test_every_shape_of_an_error_entry_is_read() -> None:
    message = "Optimistic lock: the record has been modified by another user"
    shapes = sorted(SAMPLES.glob("alt_conflict_*.json"))
    assert len(shapes) == 5
    for shape in shapes:
        reply = Reply(400, {}, "application/json", "", json.loads(shape.read_bytes()), True)
        assert errors_in(reply) == (ErrorEntry("90001", message),), shape.name


ENTRY = "<CODE>90001</CODE><MESSAGE>Changed &amp; gone</MESSAGE>"


@pytest.mark.parametrize(
    ("body", "ids"),
    [
        (f"<ERRORS><ERROR>{ENTRY}</ERROR></ERRORS>", [""]),
        (f"<ERRORS>{ENTRY}</ERRORS>", [""]),
        (f"<ERROR>{ENTRY}</ERROR>", [""]),
        (f"<ERROR>{ENTRY}</ERROR><ERROR>{ENTRY}<LKITEMID>2</LKITEMID></ERROR>", ["", "2"]),
        (f"<ERROR>{ENTRY}</ERROR>" * 3, ["", "", ""]),
        (f"<ERROR>{ENTRY}</ERROR>" * 5_000, [""] * 50),
        (f"<ERRORS><ERROR>{ENTRY}</ERROR><ERROR>{ENTRY}<LKITEMID>2</LKITEMID></ERROR></ERRORS>", ["", "2"]),
        (f"<ERRORS>{ENTRY}{ENTRY}</ERRORS>", ["", ""]),
        ("<ERRORS><ERROR>90001\xfdChanged &amp; gone\xfd2</ERROR></ERRORS>", ["2"]),
        ("<ERRORS>90001\xfdChanged &amp; gone\xfe90001\xfdChanged &amp; gone</ERRORS>", ["", ""]),
    ],
)
def test_every_shape_of_an_error_entry_is_read_in_xml(body: str, ids: list[str]) -> None:
    read = XML.read(f"<LINKAR>{body}</LINKAR>".encode())

    assert errors_in(Reply(400, {}, "application/xml", "", read, True)) == tuple(
        ErrorEntry("90001", "Changed & gone", each) for each in ids
    )


def test_an_empty_node_of_errors_is_no_error() -> None:
    answer = json.loads((SAMPLES / "alt_read_empty_errors.200.json").read_bytes())

    assert as_json(answer).status == 200
    for empty in ([], {}, "", None):
        reply = Reply(200, {}, "application/json", "", answer | {"ERRORS": empty}, True)
        assert errors_in(reply) == ()
        assert records_in(reply)
