"""Plans are pure, send only what changed, and say what it costs."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.answers import Schema, Snapshot
from providers.fields import FieldValue
from providers.outcomes import FieldErrors
from providers.plan import Plan
from tests.providers.contract import NoSession

from .support import belvo, institution, link, pure, sample_json

ACTIONS = ("credentials", "settings", "refresh", "repair_link", "consents", "delete")
SECRETS = ("password", "password2", "token", "certificate", "private_key", "encryption_key", "user_document", "unknown")
VALUES = st.dictionaries(
    st.sampled_from(("access_mode", "stale_in", "fetch_resources", "locale", "username_type", "unknown")),
    st.none() | st.booleans() | st.text(max_size=8) | st.lists(st.text(max_size=8), max_size=3).map(tuple),
)
INSTITUTIONS = st.sampled_from([raw["name"] for raw in sample_json("institution_list.json")["results"]])


def plan(
    action: str,
    values: dict[str, FieldValue] | None = None,
    *secrets: str,
    base: Snapshot | None = None,
    schema: Schema | None = None,
) -> Plan:
    found = pure().plan_update(action, base or link(), values or {}, frozenset(secrets), schema or institution())
    assert isinstance(found, Plan), found
    return found


@given(st.sampled_from(ACTIONS), VALUES, st.frozensets(st.sampled_from(SECRETS)), INSTITUTIONS | st.none())
def test_planning_is_pure_and_its_digest_stable(
    action: str, values: dict[str, FieldValue], secrets: frozenset[str], name: str | None
) -> None:
    schema = institution(name) if name else None
    provider = type(pure())(pure().config, NoSession())

    first, second = (provider.plan_update(action, link(), values, secrets, schema) for _ in range(2))

    assert first == second
    if isinstance(first, Plan):
        assert isinstance(second, Plan)
        assert first.digest == second.digest
        assert set(first.secret_names) <= secrets


def test_only_the_fields_that_were_filled_in_are_sent() -> None:
    schema = institution("ironbank_br_business")

    found = plan("credentials", {"username_type": "003"}, "password", schema=schema)

    assert (found.call.method, found.call.path) == ("PUT", f"/api/links/{found.remote_id}/")
    assert found.call.body == {"username_type": "003", "password": "{{password}}"}
    assert found.secret_names == ("password",)
    assert [(change.field, change.secret, change.after) for change in found.changes] == [
        ("username_type", False, "Passport (valid)"),
        ("password", True, None),
    ]


def test_username_and_institution_are_never_sent() -> None:
    values: dict[str, FieldValue] = {"username": "x", "username2": "x", "institution": "x", "save_data": "x"}

    found = plan("credentials", values, "password", "username", schema=institution("ironbank_br_business"))

    assert set(found.call.body or {}) == {"password", "username_type"}


def test_nothing_typed_is_nothing_to_send() -> None:
    for name in ("erebor_mx_retail", "ironbank_br_business", "planet_mx_employment"):
        found = plan("credentials", {"username_type": "003"}, schema=institution(name))

        assert found.is_empty
        assert found.warnings == ()


def test_hidden_fields_go_along_silently() -> None:
    hidden = {"name": "username_type", "type": "hidden", "value": "103"}
    schema = institution(form_fields=[hidden, {"name": "password", "type": "password"}])

    found = plan("credentials", {}, "password", schema=schema)

    assert found.call.body == {"username_type": "103", "password": "{{password}}"}
    assert [change.field for change in found.changes] == ["password"]


@pytest.mark.parametrize("given", ["certificate", "private_key"])
def test_a_certificate_goes_only_with_its_key(given: str) -> None:
    found = pure().plan_update("credentials", link(), {}, frozenset({given}), institution("tatooine_mx_fiscal"))

    assert isinstance(found, FieldErrors)
    assert set(found.errors) == {"certificate", "private_key"} - {given}


def test_all_seven_fields_of_the_owners_document_can_be_sent() -> None:
    form = [{"name": name, "type": "password"} for name in ("password", "password2", "token")]
    schema = institution(type="fiscal", form_fields=[*form, {"name": "username_type", "type": "select"}])
    secrets = ("password", "password2", "token", "encryption_key", "certificate", "private_key")

    found = plan("credentials", {"username_type": "003"}, *secrets, schema=schema)

    assert set(found.call.body or {}) == set(sample_json("update_request_all_fields.json"))


def test_a_typed_placeholder_cannot_fetch_a_secret() -> None:
    found = plan(
        "credentials", {"username_type": "{{password}}"}, "password", schema=institution("ironbank_br_business")
    )

    assert found.call.body == {"password": "{{password}}"}


def test_a_plan_tells_that_a_secret_is_given_and_not_which() -> None:
    once = plan("credentials", {}, "password")

    assert once.digest != plan("credentials", {}, "password", "encryption_key").digest
    assert once.changes[0].before is once.changes[0].after is None


def test_a_new_success_of_belvos_own_does_not_void_the_preview() -> None:
    base = link()
    assert base.last_success_at is not None
    later = link(last_accessed_at=(base.last_success_at + timedelta(days=1)).isoformat())

    assert (
        plan("credentials", {}, "password", base=base).digest == plan("credentials", {}, "password", base=later).digest
    )
    assert (
        plan("credentials", {}, "password", base=base).digest
        != plan("credentials", {}, "password", base=link(status="valid")).digest
    )


def test_only_changed_settings_are_sent() -> None:
    values: dict[str, FieldValue] = {
        "access_mode": "recurrent",
        "stale_in": "90",
        "fetch_resources": ("TRANSACTIONS", "ACCOUNTS", "OWNERS"),
    }

    found = plan("settings", values)

    assert (found.call.method, found.call.body) == ("PATCH", {"stale_in": "90d"})
    assert [(change.before, change.after) for change in found.changes] == [("365 days", "90 days")]


def test_unchanged_settings_are_an_empty_plan() -> None:
    same: dict[str, FieldValue] = {
        "access_mode": "recurrent",
        "stale_in": "0365",
        "fetch_resources": ("ACCOUNTS", "OWNERS", "TRANSACTIONS"),
    }
    for values in ({}, same, {"access_mode": "", "stale_in": " ", "fetch_resources": None}):
        assert plan("settings", values).is_empty


@pytest.mark.parametrize("days", ["0", "1000", "-1", "1.5", "many", "9d9", "٣", "9" * 5000])
def test_a_lifetime_that_belvo_cannot_take_is_refused_here(days: str) -> None:
    found = pure().plan_update("settings", link(), {"stale_in": days}, frozenset(), institution())

    assert isinstance(found, FieldErrors)
    assert set(found.errors) == {"stale_in"}


def test_what_a_change_of_settings_costs_is_said() -> None:
    billed = plan("settings", {"access_mode": "recurrent"}, base=link(access_mode="single"))
    shorter = plan("settings", {"stale_in": "30"})
    longer = plan("settings", {"stale_in": "400"})
    nothing = plan("settings", {"fetch_resources": ()})

    assert "billed" in billed.warnings[0]
    assert "historical update" in billed.warnings[0]
    assert "delete data earlier" in shorter.warnings[0]
    assert longer.warnings == ()
    assert nothing.call.body == {"fetch_resources": []}
    assert nothing.changes[0].after is None


def test_new_credentials_warn_of_a_lock_and_of_an_institution_that_is_down() -> None:
    down = plan("credentials", {}, "password", schema=institution("gringotts_co_retail"))

    assert "Gringotts Bank is down" in down.warnings[0]
    assert any("lock the customer's account" in warning for warning in down.warnings)
    assert any("read again by itself" in warning for warning in down.warnings)
    assert not any(
        "by itself" in w for w in plan("credentials", {}, "password", base=link(access_mode="single")).warnings
    )


def test_deleting_says_that_it_is_for_good_and_what_becomes_of_a_brazilian_consent() -> None:
    here, brazil = plan("delete"), plan("delete", schema=institution("ofmockbank_br_retail"))

    assert here.call.headers == {"X-Belvo-Request-Mode": "async"}
    assert "cannot be undone" in here.warnings[0]
    assert len(here.warnings) == 1
    assert "consent" in brazil.warnings[1]


def test_no_plan_of_an_action_without_a_form_is_empty() -> None:
    assert not any(plan(action).is_empty for action in ("refresh", "repair_link", "delete"))


def test_a_refresh_of_some_resources_names_them() -> None:
    assert plan("refresh", {"fetch_resources": ("ACCOUNTS", "BILLS")}).call.body == {
        "fetch_resources": ["ACCOUNTS", "BILLS"]
    }
    assert plan("refresh").call.body == {}


def test_an_unknown_action_is_our_own_mistake() -> None:
    with pytest.raises(ValueError, match="no action"):
        belvo("http://127.0.0.1:9").plan_update("paint", link(), {}, frozenset(), None)
