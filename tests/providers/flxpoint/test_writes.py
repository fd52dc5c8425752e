"""Sending to Flxpoint: read again, compare, send once; what each answer means, and what reading back proves."""

from __future__ import annotations

import json
from typing import Any

import pytest

from providers.flxpoint.sandbox_cases import APPLIED, CASES
from providers.outcomes import Conflict, Denied, FieldErrors, Gone, Ok, Outcome, RateLimited, Refused, Unavailable
from providers.plan import Plan
from providers.sandbox import Fault
from providers.secrets import Secret

from ..canned import Answer, CannedServer, as_json
from ..contract import got
from ..fault_bodies import bomb
from ..faults import FAULTS, FaultServer
from .support import connection, csv_schema, flxpoint, raw_connection

CANARY = "canary-7Zq4"


def planned(provider: Any, base: Any, *secrets: str, action: str = "configs", **values: Any) -> Plan:
    plan = provider.plan_update(action, base, values, frozenset(secrets), csv_schema())
    assert isinstance(plan, Plan), plan
    return plan


def sent(provider: Any, base: Any, secrets: dict[str, str] | None = None, **values: Any) -> Outcome:
    given = secrets or {}
    plan = planned(provider, base, *given, **values)
    outcome: Outcome = provider.send(plan, values, {name: Secret(value) for name, value in given.items()})
    return outcome


def put_body(server: CannedServer) -> Any:
    return next(asked.json for asked in server.asked if asked.method == "PUT")


def canned_update(answer: Answer, **values: Any) -> tuple[Outcome, CannedServer]:
    """Change the sample's connection where the PUT gets this answer."""
    with CannedServer(as_json(raw_connection()), answer) as server:
        return sent(flxpoint(server.url), connection(), **values), server


# -- the full set, and its secrets


def test_kept_secrets_come_from_the_fresh_read_and_new_ones_from_the_form() -> None:
    outcome, server = canned_update(as_json(raw_connection()), refresh_minutes="15")
    assert isinstance(outcome, Ok)

    values = {entry["handle"]: entry["value"] for entry in put_body(server)["configs"]}

    assert (values["password"], values["refresh_minutes"]) == ("S4mple-Only-Pw", "15")
    assert [asked.method for asked in server.asked] == ["GET", "PUT"]


def test_a_value_that_looks_like_a_placeholder_is_sent_as_it_is() -> None:
    outcome, server = canned_update(as_json(raw_connection()), encoding="{{password}}")
    assert isinstance(outcome, Ok)

    assert {"handle": "encoding", "value": "{{password}}"} in put_body(server)["configs"]


@pytest.mark.parametrize("typed", ["********", "", "••••"])
def test_a_placeholder_typed_as_a_secret_is_sent_nowhere(typed: str) -> None:
    base = connection()
    plan = planned(flxpoint(), base, "password")
    with CannedServer(as_json(raw_connection())) as server:
        outcome = flxpoint(server.url).send(plan, {}, {"password": Secret(typed)})

    assert isinstance(outcome, FieldErrors) and set(outcome.errors) == {"password"}
    assert server.asked == []


def test_a_key_file_is_sent_as_text_and_one_that_is_none_is_refused() -> None:
    plan = planned(flxpoint(), connection(), "private_key")
    with CannedServer(as_json(raw_connection())) as server:
        assert isinstance(flxpoint(server.url).send(plan, {}, {"private_key": Secret(b"-----BEGIN\r\nx")}), Ok)
        refused = flxpoint(server.url).send(plan, {}, {"private_key": Secret(b"\xff\xfe")})

    assert {"handle": "private_key", "value": "-----BEGIN\nx"} in put_body(server)["configs"]
    assert isinstance(refused, FieldErrors)


def test_no_secret_of_either_side_is_in_an_outcome_or_an_exchange() -> None:
    exchanges: list[Any] = []
    refusal = as_json({"error": f"Cannot use {CANARY} with kept-key-123 for 'password'."}, 400)
    base = connection(private_key="kept-key-123")
    with CannedServer(as_json(raw_connection(private_key="kept-key-123")), refusal) as server:
        outcome = sent(flxpoint(server.url, exchanges), base, {"password": CANARY}, username="ana")

    assert isinstance(outcome, FieldErrors) and set(outcome.errors) == {"password"}
    assert CANARY not in repr([outcome, exchanges])
    assert "kept-key-123" not in repr([outcome, exchanges])
    assert "S4mple-Only-Pw" not in repr(exchanges)


# -- somebody else


@pytest.mark.parametrize("theirs", [{"host": "other.example"}, {"password": "other"}, {"internal_flags": "v3"}])
def test_any_change_by_somebody_else_stops_the_update(theirs: dict[str, str]) -> None:
    with CannedServer(as_json(raw_connection(**theirs))) as server:
        outcome = sent(flxpoint(server.url), connection(), refresh_minutes="15")

    assert isinstance(outcome, Conflict) and outcome.theirs is not None
    assert outcome.rule.code == "flxpoint.changed_meanwhile"
    assert [asked.method for asked in server.asked] == ["GET"]


def test_a_name_or_a_new_config_of_somebody_else_stops_it_too() -> None:
    renamed, larger = {**raw_connection(), "name": "Renamed"}, raw_connection()
    larger["configs"].append({"handle": "new", "editable": True, "value": "x1"})
    for raw in (renamed, larger):
        with CannedServer(as_json(raw)) as server:
            assert isinstance(sent(flxpoint(server.url), connection(), refresh_minutes="15"), Conflict)


# -- what the answers mean


@pytest.mark.parametrize("word", sorted(CASES))
def test_every_refusal_of_the_emulator_is_understood(emulated: Any, word: str) -> None:
    box, provider = emulated(pool_size=None)
    base = got(provider.fetch("48377"))

    outcome = sent(provider, base, host=word)

    expected: dict[int, type | tuple[type, ...]] = {
        200: Unavailable,
        400: FieldErrors,
        401: Denied,
        403: Denied,
        404: Gone,
        405: Refused,
        413: Refused,
        418: Unavailable,
        422: FieldErrors,
        429: RateLimited,
    }
    assert isinstance(outcome, expected.get(CASES[word].status, Unavailable)), outcome
    assert box.effects() == []
    if isinstance(outcome, FieldErrors) and word not in {"case-page", "case-empty"}:
        assert set(outcome.errors) == {"host"}, outcome


@pytest.mark.parametrize("word", sorted(APPLIED))
def test_what_was_applied_behind_a_strange_answer_is_found_by_reading_back(emulated: Any, word: str) -> None:
    box, provider = emulated(pool_size=None)
    base = got(provider.fetch("48377"))
    plan = planned(provider, base, host=word)

    outcome = provider.send(plan, {}, {})

    assert isinstance(outcome, Unavailable) and outcome.maybe_applied
    assert provider.confirms(plan, base, got(provider.fetch("48377")), None) is True
    assert len(box.effects()) == 1


@pytest.mark.parametrize("name", sorted(set(FAULTS) - {"good"}))
def test_no_fault_of_the_transport_reads_as_done(fault_server: FaultServer, name: str) -> None:
    bomb()  # making it takes longer than the deadline
    provider = flxpoint(fault_server.url(name))
    provider.session._deadline_s = 0.5
    plans = (planned(provider, connection(), host="b.example"),)

    provider.check()
    outcomes = [provider.fetch("48377"), *(provider.send(plan, {}, {}) for plan in plans)]

    assert not any(isinstance(outcome, Ok) for outcome in outcomes), name
    assert not [arrived for arrived in fault_server.arrived if arrived.method != "GET"]


@pytest.mark.parametrize("kind", ["cut", "silence", "apply_then_cut", "apply_then_silence"])
def test_a_lost_answer_may_have_been_applied_and_reading_back_tells(emulated: Any, kind: str) -> None:
    box, provider = emulated(pool_size=None)
    base = got(provider.fetch("48377"))
    plan = planned(provider, base, refresh_minutes="15")
    box.faults.add(Fault(kind, method="PUT", seconds=0.2))

    outcome = provider.send(plan, {}, {})

    assert isinstance(outcome, Unavailable) and outcome.maybe_applied
    applied = provider.confirms(plan, base, got(provider.fetch("48377")), None)
    assert applied is kind.startswith("apply")


@pytest.mark.parametrize("mode", ["full", "changed_only"])
@pytest.mark.parametrize("omitted", ["kept", "cleared"])
def test_either_way_of_treating_what_is_left_out_is_noticed(emulated: Any, mode: str, omitted: str) -> None:
    """Not documented: whether PUT clears what it leaves out."""
    _, provider = emulated(pool_size=None, omitted=omitted, config={"PUT_MODE": mode})
    base = got(provider.fetch("48377"))
    plan = planned(provider, base, refresh_minutes="15")

    assert isinstance(provider.send(plan, {}, {}), Ok)
    after = got(provider.fetch("48377"))

    assert provider.confirms(plan, base, after, None) is True
    found = provider.concern(plan, base, after)
    assert (found is not None) == (mode == "changed_only" and omitted == "cleared")
    assert found is None or found.evidence.remote_message.startswith("Cleared: Connection Method, Host")


# -- what reading back proves


def test_a_new_secret_is_proven_by_another_digest_only() -> None:
    provider = flxpoint()
    plan = planned(provider, connection(), "password")

    assert provider.confirms(plan, connection(), connection(password="new"), None) is True
    assert provider.confirms(plan, connection(), connection(), None) is None
    assert provider.confirms(plan, connection(), connection(password=None), None) is False


def test_a_masked_secret_proves_nothing_and_is_no_concern() -> None:
    provider = flxpoint()
    plan = planned(provider, connection(), "private_key")
    after = connection(private_key="****", password="********")

    assert provider.confirms(plan, connection(), after, None) is None
    assert provider.concern(plan, connection(), after) is None


def test_a_cleared_key_is_named() -> None:
    provider = flxpoint()
    plan = planned(provider, connection(private_key="-----BEGIN"), host="b.example")

    found = provider.concern(plan, connection(private_key="-----BEGIN"), connection(host="b.example"))

    assert found is not None and found.evidence.remote_message == "Cleared: Private Key."


# -- three versions


def test_typed_values_stand_on_top_of_what_somebody_else_made() -> None:
    typed = {"host": "mine.example", "port": "22", "connection.name": "Acme Supply - inventory feed"}

    found = flxpoint().carry_over("configs", typed, connection(), connection(port="2222", host="theirs.example"))

    assert found == {**typed, "port": "2222"}


def test_the_three_versions_show_no_secret() -> None:
    from providers.flxpoint.comparison import compare

    merge = compare(connection(), connection(password="theirs"), values={}, given_secrets=frozenset({"password"}))

    assert [part.name for part in merge.open] == ["password"]
    assert "S4mple" not in repr(merge) and "theirs" not in repr(merge).replace("theirs=", "").replace("THEIRS", "")


# -- a new connection


def new(provider: Any, **values: Any) -> Plan:
    fixed = {"connection.name": "Globex - price file", "host": "files.globex.example", "username": "globex"}
    return planned(provider, connection(), action="create", **{**fixed, **values})


def test_a_new_connection_is_made_and_read(emulated: Any) -> None:
    box, provider = emulated(pool_size=None)

    outcome = provider.send(new(provider), {}, {})

    assert isinstance(outcome, Ok) and outcome.value.title == "Globex - price file"
    assert int(outcome.value.remote_id) in box.world.connections


@pytest.mark.parametrize("kind", ["apply_then_cut", "apply_then_silence"])
def test_a_lost_answer_to_a_new_connection_is_found_in_the_list(emulated: Any, kind: str) -> None:
    box, provider = emulated(pool_size=None)
    box.faults.add(Fault(kind, method="POST", seconds=0.2))

    outcome = provider.send(new(provider), {}, {})

    assert isinstance(outcome, Ok) and outcome.value.title == "Globex - price file"
    assert len(box.effects()) == 1


def test_a_new_connection_that_never_arrived_stays_unknown(emulated: Any) -> None:
    box, provider = emulated(pool_size=None)
    box.faults.add(Fault("cut", method="POST"))

    outcome = provider.send(new(provider), {}, {})

    assert isinstance(outcome, Unavailable) and outcome.maybe_applied
    assert box.effects() == []


def test_a_second_connection_of_the_same_type_and_name_is_not_made(emulated: Any) -> None:
    box, provider = emulated(pool_size=None)

    outcome = provider.send(new(provider, **{"connection.name": "Acme Supply - inventory feed"}), {}, {})

    assert isinstance(outcome, Refused) and outcome.rule.code == "flxpoint.already_there"
    assert "48377" in outcome.evidence.remote_message
    assert json.dumps(box.effects()) == "[]"
