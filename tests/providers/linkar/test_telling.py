"""The call log keeps what the map shows, and of everything else only that it is there."""

from __future__ import annotations

import pytest

from providers.linkar.file_map import read_map
from providers.linkar.sandbox import MAP
from providers.linkar.telling import Teller

from .support import Remote, linkar

TELLER = Teller(read_map(str(MAP)))


def test_what_no_map_names_is_masked_at_any_depth() -> None:
    told = TELLER.tells(
        {"RECORDS": [{"LKITEMID": "1", "NAME": "Ana", "LKFLD13": "hidden", "MvX": [{"SEATS": "1", "Token": "t"}]}]}
    )

    assert told == {
        "RECORDS": [{"LKITEMID": "1", "NAME": "Ana", "LKFLD13": "•••", "MvX": [{"SEATS": "1", "Token": "•••"}]}]
    }


def test_dictionaries_hold_no_data() -> None:
    row = {"FILENAME": "ACCOUNTS", "DICTNAME": "TOKEN", "MAINLABEL": "Token"}

    assert TELLER.tells({"RECORDS": [row]}) == {"RECORDS": [row]}


@pytest.mark.parametrize("text", ["a\xfeb", "THIS_LIST\x1c1", '{"RECORDS": [{"TOKEN": "cut off'])
def test_half_a_record_is_not_kept(text: str) -> None:
    assert TELLER.tells(text) == f"(not read, {len(text)} characters)"


@pytest.mark.parametrize("form", ["json", "xml", "text"])
@pytest.mark.parametrize("mode", ["normal", "dict", "sch"])
def test_a_secret_of_a_record_is_in_no_call_log(form: str, mode: str) -> None:
    with linkar() as remote:
        _walk(remote, form, mode)

        told = repr(remote.exchanges)
        for item_id in remote.box.world.records["ACCOUNTS"]:
            token = remote.record(item_id)[10]
            assert token not in told, item_id
            assert remote.record(item_id)[12] not in told.replace("internal server", ""), item_id
        assert '"PHONE": "1"' in told


def _walk(remote: Remote, form: str, mode: str) -> None:
    provider = remote.with_settings(FORMAT=form, MODE=mode)
    provider.list()
    for item_id in ("AC*1006", "QUIET*1", "FROZEN*1", "HOLD*1"):
        remote.edit(item_id, {"PHONE": "1"}, provider=provider)
    plan = provider.plan_update("look", remote.snapshot("AC*1006"), {}, frozenset(), None)
    provider.send(plan, {}, {})
