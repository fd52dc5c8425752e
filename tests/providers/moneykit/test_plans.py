"""Plans are pure, send only what changed, and say what is lost and what it costs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.answers import Snapshot
from providers.fields import FieldKind, FieldValue
from providers.outcomes import FieldErrors
from providers.plan import Plan

from ..contract import NoSession
from .support import CONNECTED, link, pure, sample

ACTIONS = ("settings", "refresh", "repair_link", "test_webhook", "reset", "delete")
VALUES = st.dictionaries(
    st.sampled_from(("webhook", "link_tags", "products", "may_be_billed", "add_products", "event", "tags", "unknown")),
    st.none() | st.booleans() | st.text(max_size=8) | st.lists(st.text(max_size=8), max_size=3).map(tuple),
)
WEBHOOK = "https://hooks.northwind-pocket.example/moneykit"


def plan(action: str, base: Snapshot | None = None, **values: FieldValue) -> Plan:
    found = pure().plan_update(action, base or link(), values, frozenset(), None)
    assert isinstance(found, Plan), found
    return found


def errors(action: str, base: Snapshot | None = None, **values: FieldValue) -> dict[str, tuple[str, ...]]:
    found = pure().plan_update(action, base or link(), values, frozenset(), None)
    assert isinstance(found, FieldErrors), found
    return dict(found.errors)


@given(st.sampled_from(ACTIONS), VALUES)
def test_planning_is_pure_and_its_digest_stable(action: str, values: dict[str, FieldValue]) -> None:
    provider = type(pure())(pure().config, NoSession())

    first, second = (provider.plan_update(action, link(), values, frozenset(), None) for _ in range(2))

    assert first == second
    if isinstance(first, Plan):
        assert first.digest == second.digest  # type: ignore[union-attr]
        assert "tags" not in (first.call.body or {})


# -- webhook and tags


def test_the_documented_change_is_the_documented_request() -> None:
    wanted = sample("patch_request")

    found = plan("settings", webhook=wanted["webhook"], link_tags=tuple(wanted["link_tags"]))

    assert (found.call.method, found.call.path) == ("PATCH", f"/links/{CONNECTED}")
    assert found.call.body == wanted


@pytest.mark.parametrize("nothing", ["", "  ", None])
def test_clearing_the_webhook_sends_null_and_says_so(nothing: FieldValue) -> None:
    found = plan("settings", webhook=nothing)

    assert found.call.body == sample("patch_request_remove_webhook")
    assert (found.changes[0].before, found.changes[0].after) == (WEBHOOK, None)
    assert "will be removed" in found.warnings[0]
    assert found.summary == "Remove the webhook of this link"


def test_clearing_the_tags_sends_an_empty_list() -> None:
    assert plan("settings", link_tags=()).call.body == sample("patch_request_clear_tags")


def test_only_what_changed_is_sent() -> None:
    assert plan("settings", webhook=WEBHOOK, link_tags=("vip:yes",)).call.body == {"link_tags": ["vip:yes"]}
    assert plan("settings", webhook=WEBHOOK + "/v2").call.body == {"webhook": WEBHOOK + "/v2"}


def test_the_same_values_are_nothing_to_send() -> None:
    tags = ("cohort:2025-q1", "env:sandbox", "env:sandbox")

    assert plan("settings", webhook=f" {WEBHOOK} ", link_tags=tags).is_empty
    assert plan("settings").is_empty
    assert plan("settings", link("link_connecting"), webhook="", link_tags=()).is_empty


def test_the_deprecated_tags_are_never_sent() -> None:
    found = plan("settings", tags=("old",), link_tags=("new",))

    assert found.call.body == {"link_tags": ["new"]}


@pytest.mark.parametrize(
    "webhook",
    [
        "http://hooks.example/x",
        "ftp://hooks.example",
        "https://",
        "https://:443/x",
        "hooks.example/x",
        "https://hooks.example/a b",
        "https://hooks.example/\u00fc",
        "https://[::1",
        "https://hooks.example:99999/",
        "javascript:alert(1)",
    ],
)
def test_a_webhook_is_a_full_https_address(webhook: str) -> None:
    assert set(errors("settings", webhook=webhook)) == {"webhook"}


@pytest.mark.parametrize("webhook", ["https://ex\u00e4mple.de/x", "https://hooks.example/\u00fc"])
def test_letters_outside_ascii_are_told_how_to_be_written(webhook: str) -> None:
    (problem,) = errors("settings", webhook=webhook)["webhook"]

    assert "punycode" in problem and "percent-encoded" in problem


def test_a_webhook_holds_no_name_or_password() -> None:
    assert "name or password" in errors("settings", webhook="https://a:b@hooks.example/")["webhook"][0]


def test_a_webhook_may_be_very_long_but_not_longer() -> None:
    longest = "https://hooks.example/" + "a" * (65_536 - 22)

    assert plan("settings", webhook=longest).call.body == {"webhook": longest}
    assert "65,537" in errors("settings", webhook=longest + "a")["webhook"][0]


def test_a_query_in_a_webhook_is_warned_about() -> None:
    assert "query" in plan("settings", webhook="https://hooks.example/?key=1").warnings[0]


@pytest.mark.parametrize("tag", ["-x", ":x", "_x", "#1", "a" * 100])
def test_a_tag_that_moneykit_would_refuse_is_not_sent(tag: str) -> None:
    assert set(errors("settings", link_tags=("fine", tag))) == {"link_tags"}


@pytest.mark.parametrize("tag", ["9", "z", "a" * 99, "vip:yes, really", "{a"[1:], "\u00e9t\u00e9"])
def test_other_tags_are_sent_as_they_are(tag: str) -> None:
    assert plan("settings", link_tags=("fine", tag)).call.body == {"link_tags": ["fine", tag]}


def test_what_is_wrong_already_does_not_stop_another_change() -> None:
    base = link(webhook="http://old.example/", link_tags=["-odd"])

    assert plan("settings", base, webhook="http://old.example/", link_tags=("good",)).call.body == {
        "link_tags": ["good"]
    }
    assert plan("settings", base, webhook="").call.body == {"webhook": None}


def test_the_form_holds_the_current_values() -> None:
    fields = {field.name: field for field in pure().fields("settings", link(), None)}

    assert fields["webhook"].initial == WEBHOOK
    assert fields["link_tags"].initial == ("env:sandbox", "cohort:2025-q1")
    assert fields["link_tags"].kind is FieldKind.LIST


def test_a_refresh_meanwhile_does_not_void_a_preview_and_another_webhook_does() -> None:
    later = {**sample("link_connected"), "last_synced_at": "2030-01-01T00:00:00"}

    first = plan("settings", link_tags=("x",)).digest
    assert first == plan("settings", link(**later), link_tags=("x",)).digest
    assert first != plan("settings", link(webhook="https://other.example/"), link_tags=("x",), webhook=WEBHOOK).digest


# -- refresh


def test_a_refresh_wants_a_product_and_consent_to_the_bill() -> None:
    assert set(errors("refresh", products=(), may_be_billed=True)) == {"products"}
    assert set(errors("refresh", products=("telepathy",), may_be_billed=True)) == {"products"}
    assert set(errors("refresh", products=("accounts",))) == {"may_be_billed"}
    assert set(errors("refresh", products=("accounts",), may_be_billed="yes")) == {"may_be_billed"}


def test_a_refresh_tells_limits_and_the_bill() -> None:
    found = plan("refresh", products=("transactions", "accounts"), may_be_billed=True)

    assert found.call.body == sample("refresh_request")
    assert any("billed" in warning for warning in found.warnings)
    assert any("once an hour" in warning for warning in found.warnings)


def test_the_form_of_a_refresh_shows_limits_before_the_click() -> None:
    products, billing = pure().fields("refresh", link("link_connected_product_errors"), None)

    labels = [choice.label for choice in products.choices]
    assert "at most once an hour" in labels[0] and "2025-03-04 09:40 UTC" in labels[0]
    assert "at most once a day" in labels[1] and "not granted" in labels[1]
    assert products.initial == ("accounts", "transactions"), "what cannot be refreshed is not chosen"
    assert billing.kind is FieldKind.BOOLEAN


def test_a_product_that_nobody_knows_is_not_chosen_for_a_refresh() -> None:
    known = sample("link_connected")["products"]["accounts"]
    products, _ = pure().fields("refresh", link(products={"accounts": known, "telepathy": known}), None)

    assert [choice.value for choice in products.choices] == ["accounts", "telepathy"]
    assert products.initial == ("accounts",)


# -- the repair link


def test_the_documented_reconnect_is_the_documented_request() -> None:
    wanted = sample("link_session_request_reconnect")
    base = link("link_error_auth_expired", reference=wanted["customer_user"]["id"])

    found = plan("repair_link", base)

    assert found.call.body == {**wanted, "redirect_uri": pure().config["REDIRECT_URI"]}
    assert "keeps the webhook and" in found.warnings[1] and "sends it along" in found.warnings[1]


def test_nothing_is_said_to_be_kept_where_there_is_nothing() -> None:
    (only,) = plan("repair_link", link(webhook=None, link_tags=[])).warnings

    assert "send it to the customer only" in only
    assert "keeps the webhook. " in plan("repair_link", link(link_tags=[])).warnings[1]
    assert "keeps 1 tag. " in plan("repair_link", link(webhook=None, link_tags=["vip"])).warnings[1]


@pytest.mark.parametrize("reference", ["", "abc", "x" * 151])
def test_an_id_that_moneykit_would_not_take_is_replaced_by_the_links(reference: str) -> None:
    body = plan("repair_link", link(reference=reference)).call.body

    assert body is not None
    assert body["customer_user"] == {"id": CONNECTED}


def test_products_can_be_added_and_the_preview_says_what_comes() -> None:
    found = plan("repair_link", add_products=("investments", "enrichment", "telepathy", "accounts"))

    assert found.call.body is not None
    assert found.call.body["settings"] == {"products": {"investments": {"required": False, "prefetch": True}}}
    change = next(change for change in found.changes if change.field == "add_products")
    assert change.before == "Accounts, Account numbers, Transactions"
    assert change.after == "Accounts, Account numbers, Transactions, Investments"


def test_the_form_and_the_preview_of_more_products_say_that_none_is_taken_away() -> None:
    (field,) = pure().fields("repair_link", link(), None)
    adding = plan("repair_link", add_products=("investments",))

    assert "takes no product away" in field.help
    assert adding.warnings[-1] in field.help
    assert not any("takes no product away" in warning for warning in plan("repair_link").warnings)


def test_only_products_that_a_session_can_ask_for_are_offered() -> None:
    (field,) = pure().fields("repair_link", link(), None)

    assert [choice.value for choice in field.choices] == ["identity", "investments"]
    assert pure().fields("repair_link", link("link_connecting"), None) == ()


def test_what_is_granted_already_is_not_offered_or_asked_for_again() -> None:
    base = link(available_products=["transactions", "identity", "identity", "telepathy"])

    (field,) = pure().fields("repair_link", base, None)
    found = plan("repair_link", base, add_products=("transactions", "identity"))

    assert [choice.value for choice in field.choices] == ["identity"]
    assert found.changes[-1].after == "Accounts, Account numbers, Transactions, Identity"
    assert found.call.body is not None and set(found.call.body["settings"]["products"]) == {"identity"}


# -- what makes sense


def why_not(base: Snapshot, **config: str) -> dict[str, str]:
    return {found.action.name: found.why_not for found in pure(**config).availability(base, None)}


def test_a_connected_sandbox_link_offers_everything() -> None:
    assert set(why_not(link()).values()) == {""}


def test_live_keys_offer_nothing_of_the_sandbox() -> None:
    reasons = why_not(link(), client_id="live_4be1a90c77d2f3580e16")

    assert "sandbox only" in reasons["reset"] and "sandbox only" in reasons["test_webhook"]


def test_a_broken_link_is_repaired_before_it_is_refreshed() -> None:
    reasons = why_not(link("link_error_auth_expired"))

    assert reasons["refresh"].startswith("MoneyKit refreshes connected links only")
    assert reasons["repair_link"] == reasons["settings"] == reasons["delete"] == ""


def test_a_deleted_link_offers_nothing() -> None:
    assert all("deleted" in reason for reason in why_not(link("link_deleted")).values())


def test_without_a_return_address_there_is_no_repair_link() -> None:
    provider = pure()
    provider.config = {**provider.config, "REDIRECT_URI": ""}

    offered = {found.action.name: found.why_not for found in provider.availability(link(), None)}

    assert "MONEYKIT_REDIRECT_URI" in offered["repair_link"]
    assert provider.primary_action(link("link_error_auth_expired"), None) == ""


@pytest.mark.parametrize(
    ("connect_url", "is_sound"),
    [
        ("https://connect.moneykit.com", True),
        ("https://connect.moneykit.com/", True),
        ("https://connect.moneykit.com/v2", False),
        ("connect.moneykit.com", False),
    ],
)
def test_the_launcher_listens_to_an_origin_and_not_to_a_path(connect_url: str, is_sound: bool) -> None:
    problems = pure().find_problems({**pure().config, "CONNECT_URL": connect_url})

    assert [name for name, _ in problems] == ([] if is_sound else ["CONNECT_URL"])


# -- evidence


SENT_AT = datetime(2025, 3, 4, 10, 0, 0, 700_000, tzinfo=UTC)


def refreshed(**products: dict[str, Any]) -> Snapshot:
    raw = sample("link_connected")
    return link(products={name: raw["products"][name] | changes for name, changes in products.items()})


@pytest.mark.parametrize(
    ("accounts", "confirmed"),
    [
        ({"refreshed_at": "2025-03-04T10:00:00", "last_attempted_at": "2025-03-04T10:00:00"}, True),
        ({"refreshed_at": "2025-03-04T10:05:00Z"}, True),
        ({"last_attempted_at": "2025-03-04T10:00:03", "error_code": "rate_limit"}, False),
        ({"last_attempted_at": "2025-03-04T10:00:03"}, None),
        ({}, None),
    ],
)
def test_a_refresh_is_proven_by_the_products_own_times(accounts: dict[str, Any], confirmed: bool | None) -> None:
    found = plan("refresh", products=("accounts",), may_be_billed=True)

    assert pure().confirms(found, link(), refreshed(accounts=accounts), SENT_AT) is confirmed


def test_settings_are_proven_by_what_is_read_back() -> None:
    after = link("patch_ok")
    found = plan("settings", webhook=after.body["webhook"], link_tags=tuple(reversed(after.tags)))

    assert pure().confirms(found, link(), after, SENT_AT) is True
    assert pure().confirms(found, link(), link(), SENT_AT) is False
    removed = plan("settings", webhook="")
    assert pure().confirms(removed, link(), link("patch_ok_webhook_removed"), SENT_AT) is True


def test_a_reset_is_proven_by_the_state() -> None:
    assert pure().confirms(plan("reset"), link(), link("reset_ok"), SENT_AT) is True
    assert pure().confirms(plan("reset"), link(), link(), SENT_AT + timedelta(hours=1)) is False


def test_an_action_that_does_not_exist_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="no action"):
        pure().plan_update("credentials", link(), {}, frozenset(), None)
