"""What is kept of a connection: no secret, whatever it is called, and everything else as it is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from providers.answers import Schema
from providers.attention import Attention
from providers.fingerprints import own_fingerprint
from providers.flxpoint.configs import Held, configs_in
from providers.flxpoint.feeds import NOT_REPORTED, feeds_of
from providers.flxpoint.secrecy import is_mask, is_secret
from providers.flxpoint.snapshots import content_digest, snapshot_of, snapshots_of

from .support import connection, csv_schema, flxpoint, of_raw, raw_connection, sample_json


def held(snapshot: Any, handle: str) -> Any:
    return next(config for config in configs_in(snapshot) if config.handle == handle)


@pytest.mark.parametrize(
    ("handle", "name", "data_type"),
    [
        ("password", "", ""),
        ("pw", "Passphrase", ""),
        ("x1", "", "password"),
        ("api_key", "", "string"),
        ("apiKey", "", ""),
        ("x", "API Key", ""),
        ("clientSecret", "", ""),
        ("x", "Private key", ""),
        ("access_token", "", ""),
        ("credentials", "", ""),
        ("oauth", "Authorise", "oauth2"),
        ("auth_type", "Authentication", "select"),
        ("thing", "", "oauth2"),
        ("x", "", "privateText"),
    ],
)
def test_a_secret_is_known_by_its_type_handle_or_name(handle: str, name: str, data_type: str) -> None:
    assert is_secret(handle=handle, name=name, data_type=data_type, hidden=False)


def test_what_is_hidden_or_holds_credentials_is_secret_too() -> None:
    assert is_secret(handle="flags", name="Flags", data_type="", hidden=True)
    assert is_secret(handle="url", name="URL", data_type="", hidden=False, value="https://ana:pw@files.example/a.csv")
    assert not is_secret(handle="url", name="URL", data_type="", hidden=False, value="https://files.example/a.csv")
    assert not is_secret(handle="host", name="Host", data_type="string", hidden=False)


@pytest.mark.parametrize("value", ["********", "•••", "xxxx", "*", "x•*"])
def test_a_mask_is_no_value(value: str) -> None:
    assert is_mask(value)


@pytest.mark.parametrize("value", ["", None, "xl", "a***", "X"])
def test_what_only_looks_like_a_mask_is_a_value(value: str | None) -> None:
    assert not is_mask(value)


def test_a_choice_that_is_offered_is_no_mask() -> None:
    assert not is_mask("*", ("*", "one"))


def test_no_secret_is_kept_in_any_form() -> None:
    snapshot = connection(private_key="-----BEGIN x", internal_flags="hidden-value")

    text = json.dumps(snapshot.body)

    for secret in ("S4mple-Only-Pw", "BEGIN x", "hidden-value"):
        assert secret not in text
    assert "sftp.acme-supply.example" in text
    assert held(snapshot, "password").held == Held.SET


def test_another_secret_shows_as_another_digest_and_nothing_else() -> None:
    first, second = connection(), connection(password="another")

    assert held(first, "password").digest != held(second, "password").digest
    assert content_digest(first) != content_digest(second)
    assert content_digest(first) == content_digest(connection())


def test_the_same_secret_in_two_connections_does_not_look_the_same() -> None:
    other = of_raw({**raw_connection(), "id": 48378})

    assert held(connection(), "password").digest != held(other, "password").digest


def test_a_masked_secret_is_set_and_has_no_digest() -> None:
    token = held(connection("48213"), "access_token")

    assert (token.held, token.digest, token.value) == (Held.MASKED, "", None)


def test_configs_stand_in_the_order_of_the_form_null_last() -> None:
    raw = raw_connection()
    raw["configs"] = [{**one, "sortOrder": None if one["handle"] == "protocol" else 5} for one in raw["configs"]]

    handles = [config.handle for config in configs_in(of_raw(raw))]

    assert handles[0] == "host" and handles[-1] == "protocol"


@pytest.mark.parametrize(
    "raw",
    [
        {"id": 1},
        {"id": 1, "configs": None, "name": None, "connectionType": None},
        {"id": 1, "configs": [None, 5, {}, {"handle": None}, {"handle": "a"}]},
        {"id": 1, "configs": {"handle": "a"}},
        {"id": 1, "configs": [{"handle": "a", "value": 5, "options": "x", "sortOrder": "9"}]},
        {"id": 1, "configs": [{"handle": "a", "value": {"b": 1}, "options": [None, {"value": None}]}]},
    ],
)
def test_anything_may_be_null_absent_or_of_another_type(raw: Any) -> None:
    found = of_raw(raw)
    provider = flxpoint()

    assert found.remote_id == "1" and found.title
    assert provider.assess(found, None).headline
    assert provider.facts(found, None)
    assert provider.availability(found, None)
    provider.fields("configs", found, None)


@pytest.mark.parametrize("raw", [None, [], {}, {"id": None}, {"id": "7/../8"}, {"id": -4}, {"id": True}, {"id": 0}])
def test_what_has_no_usable_id_is_no_connection(raw: Any) -> None:
    assert snapshot_of(raw, own_fingerprint) is None
    assert snapshots_of([raw], own_fingerprint) == ()


# -- the state is worked out, and said to be


@pytest.mark.parametrize(
    ("file", "status", "attention"),
    [
        ("48377", "complete", Attention.HEALTHY),
        ("48213", "complete", Attention.HEALTHY),
        ("48402", "incomplete", Attention.INCOMPLETE),
        ("48590", "incomplete", Attention.INCOMPLETE),
    ],
)
def test_the_samples_have_the_states_of_the_contract(file: str, status: str, attention: Attention) -> None:
    snapshot = connection(file)
    found = flxpoint().assess(snapshot, None)

    assert (snapshot.status, found.attention) == (status, attention)


def test_what_is_missing_is_named() -> None:
    assert flxpoint().assess(connection("48402"), None).headline == "Access Token is required and not set."


def test_a_default_makes_a_required_config_complete() -> None:
    assert of_raw(raw_connection(protocol=None)).status == "complete"


def test_what_only_the_store_can_authorise_is_said() -> None:
    assert "authorised in the store's own app screen" in flxpoint().assess(connection("48590"), None).explanation


def test_without_configs_there_is_nothing_to_go_by() -> None:
    assert flxpoint().assess(of_raw({"id": 1, "configs": None}), None).attention == Attention.UNKNOWN


def test_missing_configs_lead_to_the_form_if_it_can_help() -> None:
    assert flxpoint().primary_action(connection("48402"), None) == "configs"
    assert flxpoint().primary_action(connection("48590"), None) == ""
    assert flxpoint().primary_action(connection(), None) == ""


# -- what it feeds


def facts_about_feeding(snapshot: Any, schema: Schema | None) -> list[Any]:
    return [(f.label, f.value) for f in flxpoint().facts(snapshot, schema) if f.group == "What it feeds"]


def test_a_connection_shows_what_it_feeds() -> None:
    assert facts_about_feeding(connection(), csv_schema()) == [
        ("Source “Acme Supply”", ("get inventory primary", "send orders"))
    ]


def test_feeding_nothing_is_said_only_where_it_is_known() -> None:
    untold = Schema("csv_xlsx", "", {"feeds": None})
    nothing = Schema("csv_xlsx", "", {"feeds": {"1": []}})

    assert facts_about_feeding(connection(), untold) == [("Sources and channels", NOT_REPORTED)]
    assert facts_about_feeding(connection(), None) == [("Sources and channels", NOT_REPORTED)]
    assert facts_about_feeding(connection(), nothing) == [("Sources and channels", "none uses this connection")]


@pytest.mark.parametrize("naming", [{"connectionId": 7}, {"connection_id": "7"}, {"connection": {"id": 7}}])
def test_an_integration_may_name_its_connection_in_three_ways(naming: dict[str, Any]) -> None:
    found = feeds_of([{"id": 1, "name": "A", "integrations": [{"id": 2, **naming}]}], [])

    assert found is not None and [feed.name for feed in found.by_connection["7"]] == ["A"]


@pytest.mark.parametrize("answer", [[], None, {"a": 1}, [{"integrations": [{"id": 3, "operation": "get_orders"}]}]])
def test_answers_that_name_no_connection_tell_nothing(answer: Any) -> None:
    assert feeds_of(answer, answer) is None


def test_the_samples_tell_what_each_feeds() -> None:
    found = feeds_of(
        sample_json("sources_include_integrations.200.json"), sample_json("channels_include_integrations.200.json")
    )

    assert found is not None
    assert {key: [feed.name for feed in feeds] for key, feeds in found.by_connection.items()} == {
        "48213": ["Northwind storefront"],
        "48377": ["Acme Supply"],
        "48402": ["Outlet store"],
    }


def test_values_are_shown_as_people_read_them() -> None:
    found = {f.label: (f.value, f.kind) for f in flxpoint().facts(connection(), None) if f.group == "Configs"}

    assert found["File Has Header Row"] == ("Yes", "text")
    assert found["Delimiter"] == ("Comma", "text")
    assert found["Host"] == ("sftp.acme-supply.example", "code")
    assert found["Character Encoding"] == ("not set (default: UTF-8)", "text")
    assert found["Password"] == ("set", "text")
    assert "Internal Flags" not in found


def test_what_the_api_does_not_offer_is_said_with_the_reason() -> None:
    labels = {f.label for f in flxpoint().facts(connection(), None) if f.group == "Not offered by Flxpoint's API"}

    assert labels == {"Delete or disable", "Test", "Authorise by OAuth"}
