"""What is read: every documented link, what it means, and what MoneyKit may send that nobody expects."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.answers import LookupTable, Snapshot
from providers.attention import Attention
from providers.moneykit.codes import LINK_CODES
from providers.moneykit.listing import LINKS_PER_PAGE
from providers.moneykit.snapshots import snapshot_of
from providers.outcomes import Gone, Ok, RateLimited, Unavailable

from ..canned import Answer, CannedServer, as_json
from .support import CONNECTED, SAMPLES, Remote, answer, institution, link, moneykit, pure, sample

LINKS = sorted(path.stem for path in SAMPLES.glob("link_*.json") if "session" not in path.stem)
ATTENTION = {
    "auth_expired": Attention.NEEDS_RECONNECT,
    "invalid_credentials": Attention.NEEDS_RECONNECT,
    "user_input_incorrect": Attention.NEEDS_RECONNECT,
    "user_oauth_denied": Attention.NEEDS_RECONNECT,
    "user_setup_required": Attention.CUSTOMER_AT_INSTITUTION,
    "no_accounts": Attention.CUSTOMER_AT_INSTITUTION,
    "institution_error": Attention.INSTITUTION_DOWN,
    "provider_error": Attention.PROVIDER_TROUBLE,
    "system_error": Attention.PROVIDER_TROUBLE,
    "incomplete": Attention.INCOMPLETE,
    "user_error": Attention.INCOMPLETE,
}


@pytest.mark.parametrize("name", LINKS)
def test_every_documented_link_is_read(name: str) -> None:
    found = link(name)

    assert found.status == sample(name)["state"]
    assert pure().assess(found, None).headline
    assert "institution_avatar" not in found.body, "a picture on a host of somebody else's"
    assert "tags" not in found.body, "the deprecated twin"


def test_every_state_and_code_of_one_user_is_told_apart() -> None:
    links = sample("user_links_all_states")["links"].values()
    snapshots = [snapshot_of(raw) for raw in links]

    said = {pure().assess(found, None).headline for found in snapshots if found}

    assert len(said) == len(snapshots) == 15


@pytest.mark.parametrize(("code", "attention"), ATTENTION.items())
def test_each_error_code_says_who_must_act(code: str, attention: Attention) -> None:
    assessment = pure().assess(link("link_error_auth_expired", error_code=code), institution("wells_fargo"))

    assert assessment.attention is attention
    assert assessment.code == code
    assert "{" not in assessment.headline + assessment.explanation
    assert set(ATTENTION) == set(LINK_CODES)


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"state": "hibernating"}, "hibernating"),
        ({"state": "error", "error_code": "quantum_decoherence"}, "quantum_decoherence"),
        ({"state": "error", "error_code": None}, "no code"),
    ],
)
def test_unknown_words_are_shown_as_they_are(changes: dict[str, Any], word: str) -> None:
    assessment = pure().assess(link(**changes), None)

    assert assessment.attention is Attention.UNKNOWN
    assert word in assessment.headline


def with_products(*codes: str | None) -> Snapshot:
    one = sample("link_connected")["products"]["accounts"]
    return link(
        products={
            f"{name}": {**one, "error_code": code} for name, code in zip(("accounts", "identity"), codes, strict=True)
        }
    )


@pytest.mark.parametrize(
    ("codes", "attention"),
    [
        ((None, None), Attention.HEALTHY),
        (("rate_limit", None), Attention.HEALTHY),
        (("no_permission", "not_supported"), Attention.HEALTHY),
        (("timeout", None), Attention.HEALTHY),
        (("timeout", "institution_error"), Attention.INSTITUTION_DOWN),
        (("auth_expired", None), Attention.NEEDS_RECONNECT),
        (("brain_fog", "unknown"), Attention.HEALTHY),
    ],
)
def test_a_connected_link_may_have_products_in_trouble(codes: tuple[str | None, ...], attention: Attention) -> None:
    assessment = pure().assess(with_products(*codes), None)

    assert assessment.attention is attention
    for code in filter(None, codes):
        assert code in assessment.explanation


def test_the_page_shows_a_table_of_products() -> None:
    found = {fact.label: fact for fact in pure().facts(link("link_connected_product_errors"), institution())}

    table = found["Products"].value
    assert isinstance(table, LookupTable)
    assert table.rows[0][:4] == (
        "Accounts",
        "2025-03-04 09:14",
        "2025-03-04 09:40",
        "rate_limit: Accounts were refreshed less than one hour ago.",
    )
    assert found["Country"].value == "United States"
    assert found["Connected through"].value == "Plaid"


def test_a_password_in_an_old_webhook_is_not_shown() -> None:
    facts = {fact.label: fact.value for fact in pure().facts(link(webhook="https://me:s3cret@hooks.example/x"), None)}

    assert facts["Webhook"] == "https://•••@hooks.example/x"


def test_the_last_success_is_the_newest_product_or_the_deprecated_time() -> None:
    assert str(link().last_success_at) == "2025-03-04 09:14:11+00:00"
    assert str(link(products={}).last_success_at) == "2025-03-04 09:14:11+00:00"
    assert link("link_connecting").last_success_at is None


def test_the_old_name_of_the_tags_is_read_where_the_new_one_is_missing() -> None:
    assert link(link_tags=None).tags == ("env:sandbox", "cohort:2025-q1")
    assert link(link_tags=[]).tags == ()


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(list(sample("link_connected"))), inner)
        ),
        max_leaves=12,
    ),
    st.sampled_from(list(sample("link_connected"))),
)
def test_whatever_a_field_holds_nothing_raises(value: Any, name: str) -> None:
    found = snapshot_of({**sample("link_connected"), name: value})

    if found is not None:
        assert pure().assess(found, None).headline
        assert pure().facts(found, None)
        assert json.dumps(found.body)
        for offered in pure().availability(found, None):
            pure().fields(offered.action.name, found, None)


@pytest.mark.parametrize("link_id", ["", "..", "a/b", "a?b", "a b", None, 7.5, [], "x" * 201, ".hidden"])
def test_what_could_leave_its_place_in_a_path_is_no_id(link_id: Any) -> None:
    found = snapshot_of({**sample("link_connected"), "link_id": link_id})

    assert found is None or found.remote_id == "7.5"


# -- gone


@pytest.mark.parametrize(
    ("name", "code"), [("error_410", "deleted"), ("link_deleted", "deleted"), ("error_404", "not_found")]
)
def test_each_way_of_being_gone(name: str, code: str) -> None:
    link_id = sample("link_deleted")["link_id"]
    with CannedServer(answer(name)) as server:
        outcome = moneykit(server.url).fetch(link_id)

    assert isinstance(outcome, Gone)
    assert outcome.rule.code == f"moneykit.{code}"


def test_a_bare_404_does_not_make_a_link_gone() -> None:
    with CannedServer(Answer(404, b"<html>nginx</html>", "text/html")) as server:
        assert isinstance(moneykit(server.url).fetch(CONNECTED), Unavailable)


def test_another_link_than_the_one_asked_for_is_not_believed() -> None:
    with CannedServer(answer("link_connected")) as server:
        assert isinstance(moneykit(server.url).fetch("mk_another"), Unavailable)


# -- lists


def test_the_list_reads_each_link_and_says_when_it_was_made(moneykit_remote: Remote) -> None:
    provider = moneykit_remote.provider()

    page = provider.list()

    assert isinstance(page, Ok)
    assert len(page.value.items) == LINKS_PER_PAGE
    assert all(found.created_at for found in page.value.items)


def test_the_list_follows_moneykits_own_pages() -> None:
    from .support import running

    with running(links=140, least_limit=1) as remote:
        remote.box.least_limit = 1
        found: list[str] = []
        provider, cursor = remote.provider(), None
        from providers.moneykit import client

        before, client.IDS_PER_PAGE = client.IDS_PER_PAGE, 40
        try:
            while True:
                page = provider.list(cursor)
                assert isinstance(page, Ok)
                found += [one.remote_id for one in page.value.items]
                cursor = page.value.next_cursor
                if cursor is None:
                    break
        finally:
            client.IDS_PER_PAGE = before

    listed = {one.id for one in remote.box.world.links.values() if one.was_connected}
    assert len(found) == len(set(found)) == len(listed)
    assert set(found) == listed


def test_a_link_that_vanishes_while_we_read_is_left_out() -> None:
    listing = as_json(
        {"links": [{"link_id": CONNECTED}, {"link_id": "mk_gone"}, {"link_id": "../x"}, 7], "next_cursor": ""}
    )
    with CannedServer(listing, answer("link_connected"), answer("error_410")) as server:
        page = moneykit(server.url).list()

    assert isinstance(page, Ok)
    assert [found.remote_id for found in page.value.items] == [CONNECTED]
    assert page.value.next_cursor is None


def test_a_limit_on_the_way_ends_the_page_and_not_the_list() -> None:
    listing = as_json({"links": [{"link_id": CONNECTED}], "next_cursor": ""})
    limited = Answer(429, (SAMPLES / "error_429.json").read_bytes(), headers={"Retry-After": "7"})
    with CannedServer(listing, limited) as server:
        outcome = moneykit(server.url).list()

    assert isinstance(outcome, RateLimited)
    assert outcome.retry_after_s == 7


@pytest.mark.parametrize("cursor", ["", "x", "[]", "[1, 2]", '["a", -1]', '["a", true]', '["a"]', "7", "null"])
def test_a_cursor_that_is_none_of_ours_is_said_so(cursor: str) -> None:
    outcome = pure().list(cursor)

    assert isinstance(outcome, Unavailable)
    assert outcome.rule.code == "moneykit.cursor_unusable"


@pytest.mark.parametrize("following", ["", None])
def test_the_last_page_ends_the_list(following: str | None) -> None:
    with CannedServer(as_json({"links": [], "next_cursor": following})) as server:
        page = moneykit(server.url).list()

    assert isinstance(page, Ok) and page.value.next_cursor is None


# -- users and institutions


def test_the_links_of_a_user_carry_our_reference() -> None:
    with CannedServer(answer("user_links")) as server:
        found = moneykit(server.url).list_of_customer("cust/4182 ?")

    assert isinstance(found, Ok)
    assert {one.external_id for one in found.value} == {"cust/4182 ?"}
    assert server.asked[0].path == "/users/cust%2F4182%20%3F/links"


@pytest.mark.parametrize("unknown", [answer("user_links_empty"), answer("error_404"), Answer(404, b"", "text/plain")])
def test_a_user_that_moneykit_does_not_know_has_no_links(unknown: Answer) -> None:
    with CannedServer(unknown) as server:
        found = moneykit(server.url).list_of_customer("cust_004182")

    assert isinstance(found, Ok) and found.value == ()


@pytest.mark.parametrize("reference", ["abc", "x" * 151])
def test_a_reference_that_cannot_be_a_users_is_not_asked_for(reference: str) -> None:
    assert pure().list_of_customer(reference) == Ok(())


def test_institutions_are_read_page_by_page() -> None:
    with CannedServer(answer("institution_list"), answer("institution_list_last_page")) as server:
        provider = moneykit(server.url)
        first = provider.list_schemas()
        assert isinstance(first, Ok) and first.value.next_cursor == "inst_cur_00042"
        last = provider.list_schemas(first.value.next_cursor)

    assert isinstance(last, Ok) and last.value.next_cursor is None
    assert first.value.items[0].title == "Chase"
    assert "cursor=inst_cur_00042" in server.asked[1].path


def test_an_institution_is_found_by_its_alias_too(moneykit_remote: Remote) -> None:
    found = moneykit_remote.provider().fetch_schema("ins_90101")

    assert isinstance(found, Ok)
    assert (found.value.key, found.value.title) == ("ins_90101", "Chase")
