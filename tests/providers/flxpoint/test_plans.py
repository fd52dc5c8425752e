"""The form and the plan of an update: built from the configs, the full set, nothing masked, nothing secret."""

from __future__ import annotations

from typing import Any

import pytest

from providers.answers import Snapshot
from providers.fields import AuditClass, Field, FieldKind, FieldValue
from providers.outcomes import FieldErrors
from providers.plan import Plan

from .support import connection, csv_schema, flxpoint, of_raw, raw_connection, sample_json, untouched


def fields_of(snapshot: Snapshot) -> dict[str, Field]:
    return {field.name: field for field in flxpoint().fields("configs", snapshot, None)}


def planned(base: Snapshot, *secrets: str, mode: str = "full", **values: FieldValue) -> Plan:
    typed = {**untouched(base), **values}
    plan = flxpoint(PUT_MODE=mode).plan_update("configs", base, typed, frozenset(secrets), csv_schema())
    assert isinstance(plan, Plan), plan
    return plan


def sent(plan: Plan) -> dict[str, Any]:
    return {entry["handle"]: entry["value"] for entry in (plan.call.body or {})["configs"]}


# -- the form


def test_the_form_stands_in_flxpoints_order_with_the_name_first() -> None:
    names = list(fields_of(connection()))

    assert names[:4] == ["connection.name", "protocol", "host", "port"]
    assert names[-1] == "legacy_connector_id"


def test_hidden_configs_are_absent_and_what_cannot_be_edited_is_locked() -> None:
    fields = fields_of(connection())

    assert "internal_flags" not in fields
    assert not fields["legacy_connector_id"].editable and fields["legacy_connector_id"].initial == "A-1017"


def test_each_type_has_its_input_and_an_unknown_one_plain_text() -> None:
    raw = raw_connection()
    raw["configs"].append({"handle": "odd", "dataType": "hologram", "editable": True, "value": "v"})
    kinds = {name: field.kind for name, field in {**fields_of(connection("48402")), **fields_of(of_raw(raw))}.items()}

    assert kinds["protocol"] == kinds["has_header"] == FieldKind.SELECT
    assert kinds["port"] == kinds["rate_limit_share"] == FieldKind.NUMBER
    assert kinds["password"] == FieldKind.PASSWORD and kinds["private_key"] == FieldKind.DOCUMENT
    assert kinds["notes"] == FieldKind.LINES and kinds["order_statuses"] == FieldKind.MULTISELECT
    assert kinds["odd"] == kinds["order_start_date"] == FieldKind.TEXT


def test_a_number_that_is_none_can_stay_as_it_is() -> None:
    assert fields_of(connection(port="22/tcp"))["port"].kind == FieldKind.TEXT


def test_required_default_and_advanced_are_taken_over() -> None:
    fields = fields_of(of_raw(raw_connection(remote_path=None)))

    assert fields["host"].required and not fields["protocol"].required
    assert fields["remote_path"].placeholder == "/" and fields["remote_path"].initial is None
    assert fields["encoding"].advanced and not fields["host"].advanced


def test_a_secret_that_is_set_may_stay_blank_and_one_that_is_not_is_needed() -> None:
    assert not fields_of(connection("48213"))["access_token"].required
    assert fields_of(connection("48402"))["access_token"].required


def test_a_secret_is_never_in_the_form() -> None:
    for name, field in fields_of(connection(private_key="-----BEGIN")).items():
        if field.secret:
            assert (field.initial, field.audit) == (None, AuditClass.SECRET), name
    assert "S4mple" not in repr(fields_of(connection()))


def test_a_value_that_is_not_offered_any_more_is_kept() -> None:
    base = connection(refresh_minutes="30")

    assert fields_of(base)["refresh_minutes"].initial == "30"
    assert sent(planned(base, host="b.example"))["refresh_minutes"] == "30"


def test_oauth_is_locked_and_so_is_what_does_not_say_that_it_is_editable() -> None:
    fields = fields_of(connection("48590"))

    assert not fields["oauth"].editable and "store's own app screen" in fields["oauth"].help
    assert not fields["qualifier"].editable and "does not say" in fields["qualifier"].help


# -- the plan


def test_the_full_set_is_that_of_the_sample() -> None:
    plan = planned(
        connection(),
        **{
            "connection.name": "Acme Supply - inventory feed (SFTP2)",
            "host": "sftp2.acme-supply.example",
            "refresh_minutes": "15",
        },
    )
    wanted = sample_json("connection_update_48377.request.json")
    wanted["configs"] = [
        {**entry, "value": "{{password}}"} if entry["handle"] == "password" else entry for entry in wanted["configs"]
    ]

    assert plan.call.body == wanted
    assert (plan.call.method, plan.call.path) == ("PUT", "/connections/48377")
    assert [(change.field, change.before, change.after) for change in plan.changes][1:] == [
        ("host", "sftp.acme-supply.example", "sftp2.acme-supply.example"),
        ("refresh_minutes", "Every hour", "Every 15 minutes"),
    ]


def test_only_what_changed_is_that_of_the_other_sample() -> None:
    values = {"host": "sftp2.acme-supply.example", "refresh_minutes": "15"}
    plan = planned(
        connection(), mode="changed_only", **{"connection.name": "Acme Supply - inventory feed (SFTP2)", **values}
    )

    assert plan.call.body == sample_json("connection_update_48377_changed_only.request.json")


def test_a_form_that_nobody_touched_plans_nothing() -> None:
    for file in ("48377", "48213", "48402"):
        assert planned(connection(file)).is_empty


def test_the_browsers_line_ends_are_no_change() -> None:
    assert planned(connection(), notes="Acme nightly feed.\r\nAsk for Dana when it stops.").is_empty


def test_a_tab_is_a_choice_and_not_blank() -> None:
    assert sent(planned(connection(), delimiter="\t"))["delimiter"] == "\t"
    assert sent(planned(connection(delimiter="\t"), delimiter=""))["delimiter"] == ""


def test_a_masked_secret_is_left_out_and_said() -> None:
    plan = planned(connection("48213"), store_url="elsewhere.example")

    assert "access_token" not in sent(plan) and "api_secret_key" not in sent(plan)
    assert sent(plan)["api_key"] == "{{api_key}}"
    assert "Admin API Access Token" in plan.warnings[0]
    assert "****" not in repr(plan)


def test_a_masked_secret_that_is_typed_anew_is_sent() -> None:
    plan = planned(connection("48213"), "access_token")

    assert sent(plan)["access_token"] == "{{access_token}}"
    assert plan.secret_names == ("access_token",)


def test_locked_hidden_and_empty_configs_are_left_out() -> None:
    assert not {"legacy_connector_id", "internal_flags", "encoding", "private_key"} & set(sent(planned(connection())))
    assert "access_token" not in sent(planned(connection("48402"), store_hash="other"))


def test_a_value_that_is_emptied_is_sent_empty_and_said() -> None:
    plan = planned(connection(), notes="")

    assert sent(plan)["notes"] == ""
    assert plan.changes[0].after is None
    assert "Will be emptied: Notes." in plan.warnings


def test_several_choices_are_joined_and_their_order_means_nothing() -> None:
    base = connection("48402")

    assert planned(base, order_statuses=("11", "7", "9")).is_empty
    assert sent(planned(base, order_statuses=("7", "11")))["order_statuses"] == "7,11"


@pytest.mark.parametrize("value", ["********", "••", "xxx"])
def test_a_mask_that_was_typed_is_refused(value: str) -> None:
    found = flxpoint().plan_update("configs", connection(), {"host": value}, frozenset(), None)

    assert isinstance(found, FieldErrors) and set(found.errors) == {"host"}


def test_an_address_with_a_password_is_refused_because_it_would_be_kept() -> None:
    found = flxpoint().plan_update("configs", connection(), {"host": "https://a:b@c.example/"}, frozenset(), None)

    assert isinstance(found, FieldErrors) and set(found.errors) == {"host"}


def test_what_cannot_be_edited_is_never_planned() -> None:
    assert planned(connection(), legacy_connector_id="B-1", internal_flags="v3").is_empty


def test_a_secret_in_the_plain_values_is_ignored() -> None:
    assert planned(connection(), password="typed in the clear").is_empty


def test_the_digest_covers_that_a_secret_is_given_and_the_whole_base() -> None:
    base = connection()

    assert planned(base, "password").digest != planned(base).digest
    assert planned(base, host="b").digest == planned(base, host="b").digest
    assert planned(base, host="b").digest != planned(connection(password="other"), host="b").digest


def test_the_preview_names_what_the_connection_feeds() -> None:
    assert any("Acme Supply" in warning for warning in planned(connection(), host="b.example").warnings)


# -- a new one


def test_a_new_connection_is_that_of_the_sample() -> None:
    wanted = sample_json("connection_create.request.json")
    values = {entry["handle"]: entry["value"] for entry in wanted["configs"] if entry["handle"] != "password"}
    schema = csv_schema()
    plan = flxpoint().plan_update(
        "create", connection(), {"connection.name": wanted["name"], **values}, frozenset({"password"}), schema
    )

    assert isinstance(plan, Plan)
    body = plan.call.body or {}
    assert (body["connectionType"], body["name"]) == ("csv_xlsx", wanted["name"])
    assert sent(plan) == {**values, "password": "{{password}}"}


def test_a_new_connection_needs_what_is_required() -> None:
    found = flxpoint().plan_update("create", connection(), {"connection.name": "A"}, frozenset(), csv_schema())

    assert isinstance(found, FieldErrors) and set(found.errors) == {"host", "username"}


def test_a_new_connection_begins_with_an_empty_plan() -> None:
    found = flxpoint().plan_update("create", connection(), {}, frozenset(), csv_schema())

    assert isinstance(found, Plan) and found.is_empty


def test_there_is_no_new_connection_without_a_description_of_its_type() -> None:
    offered = {one.action.name: one for one in flxpoint().availability(connection(), None)}

    assert not offered["create"].is_available and offered["configs"].is_available
