"""What is sent and what comes of it, over the emulator and over answers of every kind."""

from __future__ import annotations

from typing import Any

import pytest

from providers.answers import Handover, LookupTable, Snapshot
from providers.fields import FieldValue
from providers.moneykit.errors import RULES, documentation_of, rule_for
from providers.moneykit.payloads import ErrorPayload
from providers.outcomes import (
    Accepted,
    Denied,
    FieldErrors,
    Gone,
    Ok,
    Outcome,
    RateLimited,
    Refused,
    Unavailable,
)
from providers.plan import Plan

from ..canned import Answer, CannedServer, as_json
from .support import CONNECTED, REDIRECT_URI, Remote, answer, link, moneykit, sample

TYPED: dict[str, dict[str, FieldValue]] = {
    "settings": {"webhook": "https://hooks.example/new", "link_tags": ("vip:yes",)},
    "refresh": {"products": ("accounts",), "may_be_billed": True},
}


def send(provider: Any, action: str, base: Snapshot, **values: FieldValue) -> Outcome:
    plan = provider.plan_update(action, base, values or TYPED.get(action, {}), frozenset(), None)
    assert isinstance(plan, Plan), plan
    outcome: Outcome = provider.send(plan, {}, {})
    return outcome


def canned(action: str, *answers: Answer, **values: FieldValue) -> tuple[Outcome, CannedServer]:
    with CannedServer(*answers) as server:
        return send(moneykit(server.url), action, link(), **values), server


def effects(remote: Remote) -> list[dict[str, Any]]:
    return [found for found in remote.box.effects() if found["subject"]]


# -- over the emulator


def test_a_refused_field_is_named(moneykit_remote: Remote) -> None:
    record = next(found for found in moneykit_remote.box.world.links.values() if found.case == "validation")

    outcome = send(moneykit_remote.provider(), "settings", moneykit_remote.snapshot(record), link_tags=("new",))

    assert isinstance(outcome, FieldErrors)
    assert outcome.errors == {"link_tags": ("MoneyKit says: not allowed for this link. Change the tags.",)}


def test_a_webhook_is_removed_and_the_tags_stay(moneykit_remote: Remote) -> None:
    record = next(found for found in moneykit_remote.links() if found.body["webhook"])
    tags = record.body["link_tags"]

    outcome = send(moneykit_remote.provider(), "settings", moneykit_remote.snapshot(record), webhook="")

    assert isinstance(outcome, Ok) and isinstance(outcome.value, Snapshot)
    assert outcome.value.body["webhook"] is None
    assert record.body["link_tags"] == tags
    assert effects(moneykit_remote)[0]["changes"]["sent"] == ["webhook"]


def test_a_repair_keeps_webhook_and_tags_and_adds_a_product(moneykit_remote: Remote) -> None:
    record = moneykit_remote.links("error", "auth_expired")[0]
    record.body |= {"webhook": "https://hooks.example/a", "available_products": ["investments"]}
    provider = moneykit_remote.provider()
    base = moneykit_remote.snapshot(record)
    # Somebody changes both after we have read the link and before the session is made.
    record.body |= {"webhook": "https://hooks.example/b", "link_tags": ["newer"]}

    outcome = send(provider, "repair_link", base, add_products=("investments",))

    assert isinstance(outcome, Ok) and isinstance(outcome.value, Handover)
    token = str(outcome.value.session.reveal())
    assert not outcome.value.url
    assert (outcome.value.expires_at - moneykit_remote.box.clock.now()).total_seconds() == pytest.approx(1800, abs=30)
    assert token not in repr(outcome) + repr(moneykit_remote.exchanges)

    moneykit_remote.control("finish", token=token)

    fetched = provider.fetch(record.id)
    assert isinstance(fetched, Ok)
    assert (fetched.value.status, fetched.value.tags) == ("connected", ("newer",))
    assert fetched.value.body["webhook"] == "https://hooks.example/b"
    assert "investments" in fetched.value.body["products"]


def test_a_repair_may_end_in_a_refusal_at_the_bank(moneykit_remote: Remote) -> None:
    record = moneykit_remote.links("error", "auth_expired")[0]
    provider = moneykit_remote.provider()
    outcome = send(provider, "repair_link", moneykit_remote.snapshot(record))
    assert isinstance(outcome, Ok) and isinstance(outcome.value, Handover)

    moneykit_remote.control("finish", token=str(outcome.value.session.reveal()), grants=False)

    fetched = provider.fetch(record.id)
    assert isinstance(fetched, Ok)
    assert fetched.value.error_code == "user_oauth_denied"


def test_a_link_without_a_webhook_gets_none_by_a_repair(moneykit_remote: Remote) -> None:
    record = moneykit_remote.links()[0]
    record.body |= {"webhook": None, "link_tags": []}

    send(moneykit_remote.provider(), "repair_link", moneykit_remote.snapshot(record))

    (effect,) = effects(moneykit_remote)
    assert effect["changes"] == {"link_tags": []}


def test_a_refresh_is_accepted_and_proven_later(moneykit_remote: Remote) -> None:
    record = moneykit_remote.links()[0]
    provider = moneykit_remote.provider()
    base = moneykit_remote.snapshot(record)
    plan = provider.plan_update("refresh", base, TYPED["refresh"], frozenset(), None)
    assert isinstance(plan, Plan)
    sent_at = moneykit_remote.box.clock.now()

    assert isinstance(provider.send(plan, {}, {}), Accepted)
    early = provider.fetch(record.id)
    moneykit_remote.box.clock.advance(5)
    late = provider.fetch(record.id)

    assert isinstance(early, Ok) and isinstance(late, Ok)
    assert provider.confirms(plan, base, early.value, sent_at) is None
    assert provider.confirms(plan, base, late.value, sent_at) is True


@pytest.mark.parametrize("is_410", [True, False])
def test_a_deleted_link_is_gone_either_way(moneykit_remote: Remote, is_410: bool) -> None:
    record = next(found for found in moneykit_remote.links() if found.id[-1].isupper() != is_410)
    provider = moneykit_remote.provider()

    assert isinstance(send(provider, "delete", moneykit_remote.snapshot(record)), Ok)
    fetched = provider.fetch(record.id)

    assert isinstance(fetched, Gone)
    assert fetched.rule.code == "moneykit.deleted"
    assert fetched.evidence.http_status == (410 if is_410 else 200)


def test_after_90_days_a_deleted_link_is_not_found(moneykit_remote: Remote) -> None:
    record = moneykit_remote.links()[0]
    provider = moneykit_remote.provider()
    send(provider, "delete", moneykit_remote.snapshot(record))

    moneykit_remote.box.clock.advance(91 * 86_400)

    fetched = provider.fetch(record.id)
    assert isinstance(fetched, Gone) and fetched.rule.code == "moneykit.not_found"


def test_a_test_webhook_gives_a_token_to_quote(moneykit_remote: Remote) -> None:
    record = next(found for found in moneykit_remote.links() if found.body["webhook"])

    outcome = send(moneykit_remote.provider(), "test_webhook", moneykit_remote.snapshot(record))

    assert isinstance(outcome, Ok) and isinstance(outcome.value, LookupTable)
    delivery = moneykit_remote.control("deliveries")["deliveries"][-1]
    assert outcome.value.rows[0][2] == delivery["headers"]["moneykit-delivery-token"]


@pytest.mark.parametrize(
    ("word", "action", "kind", "code"),
    [
        ("other_app", "settings", Refused, "moneykit.other_app"),
        ("forbidden_action", "settings", Refused, "moneykit.forbidden_action"),
        ("not_found", "settings", Gone, "moneykit.not_found"),
        ("deleted", "settings", Gone, "moneykit.deleted"),
        ("bad_state", "settings", Refused, "moneykit.bad_state.auth_expired"),
        ("rate_limit", "settings", RateLimited, "moneykit.rate_limited"),
        ("validation", "settings", FieldErrors, "moneykit.validation_failed"),
        ("unauthorized", "settings", Denied, "moneykit.unauthorized"),
        ("unknown_code", "settings", Unavailable, "unexpected_response"),
        ("server_error", "settings", Unavailable, "moneykit.out_of_order"),
        ("bad_gateway", "settings", Unavailable, "moneykit.out_of_order"),
        ("empty", "settings", Unavailable, "unexpected_response"),
        ("cut", "settings", Unavailable, "broken_off"),
        ("forbidden_config", "repair_link", Denied, "moneykit.forbidden_config"),
        ("rate_limit", "delete", RateLimited, "moneykit.rate_limited"),
        ("server_error", "delete", Unavailable, "moneykit.out_of_order"),
    ],
)
def test_each_case_of_the_demo_is_reached_by_a_link(
    moneykit_remote: Remote, word: str, action: str, kind: type[Any], code: str
) -> None:
    record = next(found for found in moneykit_remote.box.world.links.values() if found.case == word and found.case_on)
    if word == "deleted":
        record = next(f for f in moneykit_remote.box.world.links.values() if f.body["link_tags"] == ["case:deleted"])

    outcome = send(moneykit_remote.provider(), action, moneykit_remote.snapshot(record))

    assert isinstance(outcome, kind)
    assert outcome.rule is not None and outcome.rule.code == code


def test_a_return_address_that_is_not_registered_is_our_fault(moneykit_remote: Remote) -> None:
    provider = moneykit_remote.provider()
    provider.config = {**provider.config, "REDIRECT_URI": "https://unregistered.example/back"}

    outcome = send(provider, "repair_link", moneykit_remote.snapshot(moneykit_remote.links()[0]))

    assert isinstance(outcome, Denied)
    assert REDIRECT_URI not in repr(effects(moneykit_remote))


# -- answers of every kind


def test_problems_are_shown_at_their_fields() -> None:
    outcome, _ = canned("settings", answer("error_422_validation"))

    assert isinstance(outcome, FieldErrors)
    assert dict(outcome.errors) == {
        "webhook": (
            "MoneyKit says: ensure this value has at least 1 characters. Change the webhook, or take it away.",
        ),
        "link_tags": ("Entry 1. MoneyKit says: tag must begin with an alphanumeric character. Change the tags.",),
    }


@pytest.mark.parametrize(
    "errors",
    [None, [], "x", [None, 7], [{}], [{"location": ["body", "telepathy", 2], "message": "no"}], [{"location": 7}]],
)
def test_a_problem_of_no_field_of_ours_is_shown_above_the_form(errors: Any) -> None:
    outcome, _ = canned("settings", as_json({**sample("error_422_validation"), "validation_errors": errors}, 422))

    assert isinstance(outcome, FieldErrors)
    assert set(outcome.errors) == {""} and all(outcome.errors[""])


def test_a_state_that_forbids_it_says_what_helps() -> None:
    outcome, _ = canned("settings", answer("error_422"))

    assert isinstance(outcome, Refused)
    assert outcome.rule.script
    assert outcome.evidence.remote_code == "link_error.bad_state/auth_expired"
    assert "Nothing was changed" in outcome.rule.sentence


@pytest.mark.parametrize("status", [200, 201, 202])
def test_any_success_with_the_link_is_a_success(status: int) -> None:
    changed, _ = canned("settings", Answer(status, answer("patch_ok").body))
    refreshed, _ = canned("refresh", Answer(status, answer("refresh_accepted").body))
    reset, _ = canned("reset", Answer(status, answer("reset_ok").body))

    assert isinstance(changed, Ok) and isinstance(refreshed, Accepted) and isinstance(reset, Ok)


@pytest.mark.parametrize("found", [Answer(204), Answer(200, b"{}"), Answer(202), answer("link_deleted")])
def test_any_success_of_a_delete_is_one(found: Answer) -> None:
    outcome, _ = canned("delete", found)

    assert isinstance(outcome, Ok)


def test_a_page_of_html_is_no_delete() -> None:
    outcome, _ = canned("delete", Answer(200, b"<html>Sign in to the network</html>", "text/html"))

    assert isinstance(outcome, Unavailable) and outcome.maybe_applied


def test_a_change_that_answers_with_a_deleted_link_is_gone() -> None:
    outcome, _ = canned("settings", as_json({**sample("link_connected"), "state": "deleted"}))

    assert isinstance(outcome, Gone)


@pytest.mark.parametrize("status", [200, 201])
def test_a_session_is_taken_whatever_the_success(status: int) -> None:
    outcome, server = canned(
        "repair_link", answer("link_connected"), Answer(status, answer("link_session_created").body)
    )

    assert isinstance(outcome, Ok) and isinstance(outcome.value, Handover)
    assert server.asked[1].json["webhook"] == sample("link_connected")["webhook"]
    assert server.asked[1].json["existing_link_id"] == CONNECTED


def test_a_session_is_not_made_for_a_link_that_cannot_be_read() -> None:
    outcome, server = canned("repair_link", answer("error_410"))

    assert isinstance(outcome, Gone)
    assert [asked.method for asked in server.asked] == ["GET"]


@pytest.mark.parametrize(
    "found", [as_json({}, 201), as_json({"link_session_token": None}, 201), Answer(201, b"<html>")]
)
def test_a_session_without_a_token_is_none(found: Answer) -> None:
    outcome, _ = canned("repair_link", answer("link_connected"), found)

    assert isinstance(outcome, Unavailable) and not outcome.maybe_applied


def test_a_page_of_moneykits_about_an_error_is_passed_on() -> None:
    page = "https://docs.moneykit.com/errors/link"
    outcome, _ = canned("settings", as_json({**sample("error_403"), "documentation_url": page}, 403))

    assert isinstance(outcome, Refused)
    assert outcome.evidence.documentation_url == page


@pytest.mark.parametrize(
    "url",
    [
        "http://docs.moneykit.com/x",
        "https://moneykit.com.evil.example/",
        "https://evil.example/moneykit.com",
        "https://docs.moneykit.com@evil.example/",
        "https://docs.moneykit.com:8443/",
        "https://evilmoneykit.com/",
        "javascript:alert(1)",
        "//docs.moneykit.com/",
        "",
        "https://",
        "https://evil.example\\.moneykit.com/",
    ],
)
def test_a_page_anywhere_else_is_not(url: str) -> None:
    assert documentation_of(ErrorPayload(documentation_url=url)) == ""


def test_what_the_catalogue_does_not_know_is_not_guessed() -> None:
    for status, code in ((400, ""), (401, ""), (403, "link_error.brand_new"), (404, ""), (409, ""), (422, "")):
        assert rule_for(status, ErrorPayload(error_code=code)) is None


def test_a_401_is_told_apart_by_its_code_and_by_nothing_else() -> None:
    codes = ("api_error.auth.expired_access_token", "api_error.auth.unauthorized", "link_error.unauthorized_access")

    found = [rule_for(status, ErrorPayload(error_code=code)) for code in codes for status in (401, 400, 403)]

    assert len({rule.code for rule in found if rule}) == 3
    assert None not in found


def test_each_code_of_ours_is_there_once() -> None:
    codes = [rule.code for rule in RULES]

    assert len(codes) == len(set(codes))
