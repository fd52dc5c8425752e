"""Linkar over its emulator: every format, every way to sign in, every mode."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from providers.attention import Attention
from providers.linkar import looking
from providers.linkar.answers import Record
from providers.linkar.multivalue import to_lines
from providers.linkar.sandbox import MAP
from providers.outcomes import Denied, Gone, Ok, Refused

from .support import AM, SM, VM, Remote, got, linkar

EVERY_WAY = [
    {"FORMAT": form, "UPDATE_WITH": verb, "MODE": mode}
    for form in ("json", "xml", "text")
    for verb in ("put", "patch")
    for mode in ("normal", "dict", "sch")
]


@pytest.fixture
def remote() -> Iterator[Remote]:
    with linkar() as remote:
        yield remote


@pytest.mark.parametrize("way", EVERY_WAY, ids=lambda way: "-".join(way.values()))
def test_an_update_has_the_same_effect_in_every_way(way: dict[str, str], remote: Remote) -> None:
    before = remote.record("AC*1006")
    provider = remote.with_settings(**way)

    outcome = remote.edit(
        "AC*1006", {"NAME": 'A "B" & <C> \\ d', "EMAIL": "one@x.example\ntwo@x.example"}, provider=provider
    )

    assert isinstance(outcome, Ok), outcome
    after = remote.record("AC*1006")
    assert after[1] == 'A "B" & <C> \\ d'
    assert after[3] == f"one@x.example{VM}two@x.example"
    assert [*after[:1], after[2], *after[4:]] == [*before[:1], before[2], *before[4:]]


def test_lists_every_record_of_every_file_once(remote: Remote) -> None:
    seen: list[str] = []
    provider = remote.with_settings(PAGE_SIZE="7")
    cursor = None
    while True:
        page = got(provider.list(cursor))
        seen += [snapshot.remote_id for snapshot in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break

    assert len(seen) == len(set(seen)) == len(remote.box.world.records["ACCOUNTS"]) + 8


@pytest.mark.parametrize("form", ["json", "xml", "text"])
def test_a_snapshot_is_the_same_in_every_format(form: str, remote: Remote) -> None:
    by_json = remote.snapshot("AC*1005")
    other = remote.snapshot("AC*1005", provider=remote.with_settings(FORMAT=form))

    assert (other.body["attributes"], other.title, other.status) == (
        by_json.body["attributes"],
        by_json.title,
        by_json.status,
    )


def test_what_is_secret_or_unnamed_is_kept_by_a_digest_only(remote: Remote) -> None:
    snapshot = remote.snapshot("AC*1006")

    token, unnamed = remote.record("AC*1006")[10], remote.record("AC*1006")[12]
    assert token not in repr(snapshot) and unnamed not in repr(snapshot)
    assert set(snapshot.body["kept_back"]) == {"TOKEN", "LKFLD13"}
    assert token not in repr(remote.exchanges) and unnamed not in repr(remote.exchanges)


def test_the_contacts_of_a_record_are_its_tags(remote: Remote) -> None:
    remote.box.change("ACCOUNTS", "AC*1006", {4: VM.join(("ops@shop.example", "", "dana@shop.example"))})

    assert remote.snapshot("AC*1006").tags == ("ops@shop.example", "dana@shop.example")


def test_a_hidden_contact_is_no_tag(remote: Remote, tmp_path: Path) -> None:
    text = MAP.read_text(encoding="utf-8")
    (tmp_path / "map.toml").write_text(text.replace('secret = ["TOKEN"]', 'secret = ["TOKEN"]\nhidden = ["EMAIL"]', 1))
    provider = remote.with_settings(MAP=str(tmp_path / "map.toml"))

    snapshot = remote.snapshot("AC*1006", provider=provider)

    assert snapshot.tags == ()
    assert remote.snapshot("AC*1006").tags != ()


@pytest.mark.parametrize("item_id", ["A/B 7", "X#1*2", "Q'1", "50%&7", "..", "Ü 9"])
def test_odd_ids_are_reached(item_id: str, remote: Remote) -> None:
    assert remote.snapshot(item_id).body["id"] == item_id
    assert isinstance(remote.edit(item_id, {"PHONE": "1"}), Ok)


def test_a_record_that_is_not_there_is_gone(remote: Remote) -> None:
    for remote_id in ("apidemo/ACCOUNTS/nobody", "apidemo/OTHER/1", "nonsense", "apidemo/ACCOUNTS/"):
        assert isinstance(remote.provider.fetch(remote_id), Gone)


def test_a_file_that_is_not_in_the_map_is_said_so(remote: Remote) -> None:
    outcome = remote.provider.fetch("apidemo/OTHER/1")

    assert isinstance(outcome, Gone) and outcome.rule.code == "linkar.not_in_map"


def test_a_record_that_cannot_be_read_is_not_gone(remote: Remote) -> None:
    outcome = remote.provider.fetch("apidemo/ACCOUNTS/SHUT%2A1")

    assert isinstance(outcome, Refused)
    assert outcome.evidence.remote_message.startswith("Record locked")


@pytest.mark.parametrize("auth", ["none", "api_key", "oauth2"])
def test_each_way_to_sign_in_works(auth: str) -> None:
    with linkar(auth=auth) as remote:
        assert isinstance(remote.provider.check(), Ok)
        assert isinstance(remote.edit("AC*1006", {"PHONE": "1"}), Ok)


def test_wrong_keys_are_ours_to_mend() -> None:
    with linkar() as remote:
        assert isinstance(remote.with_settings(API_KEY="wrong").check(), Denied)
    with linkar(auth="oauth2") as remote:
        refused = remote.with_settings(CLIENT_SECRET="wrong").check()
        assert isinstance(refused, Denied)
        assert refused.rule.code == "linkar.client_refused"


def test_a_token_is_got_once_and_again_when_it_was_withdrawn() -> None:
    with linkar(auth="oauth2") as remote:
        provider = remote.provider
        for _ in range(3):
            assert isinstance(provider.fetch("apidemo/ACCOUNTS/AC%2A1006"), Ok)
        remote.box.access.withdraw_all()
        assert isinstance(provider.fetch("apidemo/ACCOUNTS/AC%2A1006"), Ok)

        asked = [each for each in remote.box.requests() if each["path"] == "/connect/token"]
        assert [each["count"] for each in asked] == [2]


def test_the_badge_follows_the_status_words(remote: Remote) -> None:
    def attention(item_id: str) -> Attention:
        snapshot = remote.snapshot(item_id)
        return remote.provider.assess(snapshot, remote.schema(snapshot)).attention

    remote.box.change("ACCOUNTS", "AC*1006", {3: "active"})
    remote.box.change("ACCOUNTS", "AC*1007", {3: "suspended"})
    remote.box.change("ACCOUNTS", "AC*1008", {3: "closed"})
    remote.box.change("ACCOUNTS", "AC*1009", {3: "active", 2: ""})

    assert [attention(f"AC*{number}") for number in (1006, 1007, 1008, 1009, 1001)] == [
        Attention.HEALTHY,
        Attention.INCOMPLETE,
        Attention.ENDED,
        Attention.INCOMPLETE,
        Attention.UNKNOWN,
    ]


def test_sub_values_and_their_order_survive(remote: Remote) -> None:
    before = remote.record("2", "LK.ORDERS")

    outcome = remote.edit("2", {"DELIVERYDATE": "17619|17660\n17600"}, file="LK.ORDERS")

    assert isinstance(outcome, Ok)
    assert remote.record("2", "LK.ORDERS") == [*before[:5], f"17619{SM}17660{VM}17600", before[6]]
    assert to_lines(before[5]) == "17619|17659\n17600"


def test_a_look_shows_what_the_database_calculates(remote: Remote) -> None:
    base = remote.snapshot("2", "LK.ORDERS")
    plan = remote.provider.plan_update("look", base, {"calculated": True, "conversion": True}, frozenset(), None)

    table = got(remote.provider.send(plan, {"calculated": True, "conversion": True}, {}))

    rows = dict(table.rows)
    assert rows["Total"] == "77682.5"
    assert rows["Date"] == "03-02-2016"
    assert rows["Delivery"] == "27-03-2016|06-05-2016, 08-03-2016"


def test_a_look_prints_dates_unless_told_otherwise(remote: Remote) -> None:
    chosen = {field.name: field.initial for field in remote.provider.fields("look", remote.snapshot("AC*1006"), None)}

    assert (chosen["calculated"], chosen["conversion"], chosen["format_spec"]) == (True, True, False)


def test_a_look_counts_what_it_leaves_out(remote: Remote) -> None:
    file = remote.provider.options.map.files[0]
    [shown, *_] = (name for name in file.numbers if file.tells(name))

    def note(*more: str) -> str:
        return looking._table(file, Record("1", dict.fromkeys((shown, *more), "x"), None), {}).note

    assert note() == ""
    assert note("A").startswith("One more attribute is not named")
    assert note("A", "B").startswith("2 more attributes are not named")


def test_the_whole_record_is_nowhere_to_be_found(remote: Remote) -> None:
    plan = remote.plan("AC*1006", {"PHONE": "1"})
    remote.edit("AC*1006", {"PHONE": "1"})

    whole = AM.join(remote.record("AC*1006"))
    assert whole not in repr([plan, remote.exchanges])
    assert any("ORIGINAL_RECORD" in exchange.request_body for exchange in remote.exchanges)
