"""Each status says who must act and what helps, in words; the badge and the button follow the same table."""

from __future__ import annotations

import pytest

from providers.answers import Assessment, Snapshot
from providers.attention import Attention

from .support import institution, link, pure

BANK, OPEN_FINANCE, DOWN, NO_PASSWORD = (
    *("erebor_mx_retail", "ofmockbank_br_retail"),
    *("gringotts_co_retail", "planet_mx_employment"),
)


def assess(status: str, name: str = BANK) -> Assessment:
    return pure().assess(link(status=status, institution=name), institution(name))


def why_not(snapshot: Snapshot, name: str | None = BANK) -> dict[str, str]:
    offered = pure().availability(snapshot, institution(name) if name else None)
    return {one.action.name: one.why_not for one in offered}


@pytest.mark.parametrize(
    ("status", "name", "attention", "primary"),
    [
        ("valid", BANK, Attention.HEALTHY, "refresh"),
        ("invalid", BANK, Attention.NEEDS_PASSWORD, "credentials"),
        ("token_required", BANK, Attention.NEEDS_CODE, "credentials"),
        ("unconfirmed", BANK, Attention.INCOMPLETE, "repair_link"),
        ("invalid", OPEN_FINANCE, Attention.NEEDS_RECONNECT, "repair_link"),
        ("token_required", OPEN_FINANCE, Attention.NEEDS_RECONNECT, "repair_link"),
        ("valid", OPEN_FINANCE, Attention.HEALTHY, "refresh"),
        ("invalid", NO_PASSWORD, Attention.NEEDS_PASSWORD, "repair_link"),
        ("valid", DOWN, Attention.INSTITUTION_DOWN, ""),
        ("invalid", DOWN, Attention.INSTITUTION_DOWN, ""),
        ("hibernating", BANK, Attention.UNKNOWN, ""),
        ("", BANK, Attention.UNKNOWN, ""),
    ],
)
def test_status_and_institution_say_who_must_act_and_what_helps(
    status: str, name: str, attention: Attention, primary: str
) -> None:
    snapshot = link(status=status, institution=name)

    assert assess(status, name).attention is attention
    assert pure().primary_action(snapshot, institution(name)) == primary


def test_the_headline_names_the_institution() -> None:
    assert assess("invalid").headline == "Erebor Bank no longer accepts the password."
    assert assess("valid", DOWN).headline == "Gringotts Bank is down."


def test_an_institution_that_is_down_hides_no_other_cause() -> None:
    assert "still needs a new password" in assess("invalid", DOWN).explanation
    assert "was fine" in assess("valid", DOWN).explanation


def test_an_unknown_status_is_shown_as_it_is() -> None:
    found = assess("hibernating")

    assert "hibernating" in found.headline
    assert found.code == "hibernating"


def test_an_unknown_institution_is_no_obstacle() -> None:
    snapshot = link(institution="narnia_xx_retail")

    assert pure().assess(snapshot, None).headline == "narnia_xx_retail no longer accepts the password."
    assert why_not(snapshot, None)["credentials"] == ""
    assert "does not know this institution" in why_not(snapshot, None)["consents"]


def test_whoever_must_be_called_has_a_script() -> None:
    for status in ("invalid", "token_required", "unconfirmed"):
        for name in (BANK, OPEN_FINANCE):
            assert assess(status, name).script


def test_what_makes_no_sense_says_why() -> None:
    assert "renews the consent" in why_not(link(), OPEN_FINANCE)["credentials"]
    assert "no password" in why_not(link(), NO_PASSWORD)["credentials"]
    assert "not with consents" in why_not(link())["consents"]
    assert "Repair the credentials first" in why_not(link(status="invalid"))["refresh"]
    assert why_not(link(status="valid"))["refresh"] == ""


def test_an_institution_that_is_down_may_be_tried_all_the_same() -> None:
    assert why_not(link(status="invalid"), DOWN)["credentials"] == ""


def test_deleting_asks_for_the_name() -> None:
    delete = next(action for action in pure().actions if action.name == "delete")

    assert delete.confirm_name and delete.danger


def test_facts_show_what_belvo_said_and_the_ids_to_copy() -> None:
    found = {fact.label: fact for fact in pure().facts(link("link_detail.json"), institution("heimdall_mx_retail"))}

    assert found["Institution"].value == "Heimdall Bank (Pruebas MFA)"
    assert found["Country"].value == "MX"
    assert found["Last success"].value == link("link_detail.json").last_success_at
    assert found["Resources"].value == ("ACCOUNTS", "OWNERS", "TRANSACTIONS")
    assert [label for label, fact in found.items() if fact.group == "Ids"] == [
        *("External id", "Link id", "Institution name", "Institution user id", "Created by (Belvo user)"),
    ]


def test_facts_that_belvo_did_not_give_are_empty() -> None:
    found = {fact.label: fact.value for fact in pure().facts(link("update_ok_minimal.json"), None)}

    assert found["Country"] is found["Created"] is found["External id"] is None
    assert found["Institution"] == "erebor_mx_retail"
