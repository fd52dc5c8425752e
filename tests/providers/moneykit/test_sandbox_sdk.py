"""The vendor's own SDK, `moneykit`, drives the emulator: whoever wrote it believes to talk to MoneyKit.

Its faults are the contract's section 11: it cannot list a user's links, sends no null, and knows no new word.
"""

from __future__ import annotations

import json
from typing import Any

import moneykit
import pytest
from moneykit.exceptions import ApiException, ForbiddenException, NotFoundException, UnauthorizedException

from providers.moneykit.sandbox import CLIENT_ID, CLIENT_SECRET, REDIRECT_URI

from .support import Remote


@pytest.fixture
def client(moneykit_remote: Remote) -> moneykit.ApiClient:
    """Return a client that has signed in as the SDK's pages say."""
    configuration = moneykit.Configuration(host=moneykit_remote.url)
    api = moneykit.ApiClient(configuration)
    token = moneykit.AccessTokenApi(api).create_access_token(
        grant_type="client_credentials", client_id=CLIENT_ID, client_secret=CLIENT_SECRET
    )
    assert token.expires_in == 3600
    configuration.access_token = token.access_token
    return api


@pytest.fixture
def links(client: moneykit.ApiClient) -> moneykit.LinksApi:
    return moneykit.LinksApi(client)


def code_of(error: ApiException) -> str:
    return str(json.loads(error.body)["error_code"])


def test_wrong_keys_are_refused(moneykit_remote: Remote) -> None:
    api = moneykit.AccessTokenApi(moneykit.ApiClient(moneykit.Configuration(host=moneykit_remote.url)))

    with pytest.raises(UnauthorizedException):
        api.create_access_token(grant_type="client_credentials", client_id=CLIENT_ID, client_secret="wrong")


def test_it_learns_who_it_is_and_the_signing_keys(client: moneykit.ApiClient) -> None:
    api = moneykit.AccessTokenApi(client)

    assert api.instrospect_client().client_id == CLIENT_ID
    assert len(api.get_well_known_jwks(x_client_id=CLIENT_ID).keys) == 1


def test_it_lists_links_and_reads_each(links: moneykit.LinksApi, moneykit_remote: Remote) -> None:
    listed = links.get_links().links
    assert {one.link_id for one in listed} == {
        one.id for one in moneykit_remote.box.world.links.values() if one.was_connected
    }

    for record in moneykit_remote.links()[:10]:
        found = links.get_link(record.id)
        assert (found.link_id, found.state.value, found.webhook) == (record.id, "connected", record.body["webhook"])


@pytest.mark.parametrize(
    "code", ["auth_expired", "institution_error", "user_setup_required", "incomplete", "no_accounts"]
)
def test_it_reads_broken_links(links: moneykit.LinksApi, moneykit_remote: Remote, code: str) -> None:
    found = links.get_link(moneykit_remote.links("error", code)[0].id)

    assert (found.state.value, found.error_code.value) == ("error", code)


def test_it_changes_webhook_and_tags(links: moneykit.LinksApi, moneykit_remote: Remote) -> None:
    link_id = moneykit_remote.links()[0].id

    changed = links.update_link(
        link_id, moneykit.UpdateLinkRequest(webhook="https://hooks.example/v2", link_tags=["vip:yes", "2nd"])
    )

    assert (changed.webhook, changed.link_tags, changed.tags) == (
        "https://hooks.example/v2",
        ["vip:yes", "2nd"],
        ["vip:yes", "2nd"],
    )


def test_it_removes_a_webhook_by_the_back_door_only(links: moneykit.LinksApi, moneykit_remote: Remote) -> None:
    record = next(found for found in moneykit_remote.links() if found.body["webhook"])

    assert links.update_link(record.id, moneykit.UpdateLinkRequest(webhook=None)).webhook is not None
    assert (
        links.update_link(record.id, moneykit.UpdateLinkRequest(additional_properties={"webhook": None})).webhook
        is None
    )


def test_it_is_told_which_tag_is_wrong(links: moneykit.LinksApi, moneykit_remote: Remote) -> None:
    with pytest.raises(ApiException) as refused:
        links.update_link(moneykit_remote.links()[0].id, moneykit.UpdateLinkRequest(link_tags=["fine", "-not"]))

    assert refused.value.status == 422
    (problem,) = json.loads(refused.value.body)["validation_errors"]
    assert problem["location"] == ["body", "link_tags", 1]


def test_an_unknown_link_is_a_404(links: moneykit.LinksApi) -> None:
    with pytest.raises(NotFoundException) as refused:
        links.get_link("mk_nobody")

    assert code_of(refused.value) == "link_error.not_found"


def test_a_deleted_link_is_a_410(links: moneykit.LinksApi, moneykit_remote: Remote) -> None:
    record = next(found for found in moneykit_remote.links() if not found.id[-1].isupper())

    links.delete_link(record.id)

    with pytest.raises(ApiException) as refused:
        links.get_link(record.id)
    assert (refused.value.status, code_of(refused.value)) == (410, "link_error.deleted")


def test_a_deleted_link_may_also_be_a_200(links: moneykit.LinksApi, moneykit_remote: Remote) -> None:
    record = next(found for found in moneykit_remote.links() if found.id[-1].isupper())

    links.delete_link(record.id)

    assert links.get_link(record.id).state.value == "deleted"


def test_a_broken_link_is_a_422_with_its_code(client: moneykit.ApiClient, moneykit_remote: Remote) -> None:
    link_id = moneykit_remote.links("error", "auth_expired")[0].id

    with pytest.raises(ApiException) as refused:
        moneykit.ProductsApi(client).refresh_products(link_id, _products(["accounts"]))

    assert refused.value.status == 422
    assert json.loads(refused.value.body)["link_error_code"] == "auth_expired"


def test_a_second_refresh_within_the_hour_is_a_429_or_an_error_of_the_product(
    client: moneykit.ApiClient, moneykit_remote: Remote
) -> None:
    api = moneykit.ProductsApi(client)
    ends = set()
    for record in moneykit_remote.links():
        api.refresh_products(record.id, _products(["accounts"]))
        try:
            again = api.refresh_products(record.id, _products(["accounts"]))
            assert again.products.accounts.error_code.value == "rate_limit"
            ends.add(202)
        except ApiException as refused:
            assert code_of(refused) == "api_error.rate_limit_exceeded"
            ends.add(refused.status)

    assert ends == {202, 429}


def test_a_product_that_was_not_granted_is_a_403(client: moneykit.ApiClient, moneykit_remote: Remote) -> None:
    record = next(found for found in moneykit_remote.links() if "identity" not in found.products)

    with pytest.raises(ForbiddenException) as refused:
        moneykit.ProductsApi(client).refresh_products(record.id, _products(["identity"]))

    assert code_of(refused.value) == "link_error.forbidden_action"


def test_a_token_ends_after_an_hour(links: moneykit.LinksApi, moneykit_remote: Remote) -> None:
    moneykit_remote.box.clock.advance(3601)

    with pytest.raises(UnauthorizedException) as refused:
        links.get_links()

    assert code_of(refused.value) == "api_error.auth.expired_access_token"


def test_it_connects_a_new_user_from_session_to_exchange(client: moneykit.ApiClient, moneykit_remote: Remote) -> None:
    api = moneykit.LinkSessionApi(client)
    session = api.create_link_session(
        moneykit.CreateLinkSessionRequest(
            customer_user=moneykit.CustomerUser(id="cust_new"), redirect_uri=REDIRECT_URI, link_tags=["new"]
        )
    )
    finished = moneykit_remote.control("finish", token=session.link_session_token)

    made = api.exchange_token(moneykit.ExchangeTokenRequest(exchangeable_token=finished["exchangeable_token"]))

    assert (made.link.state.value, made.link.link_tags) == ("connected", ["new"])
    with pytest.raises(ApiException) as refused:
        api.exchange_token(moneykit.ExchangeTokenRequest(exchangeable_token=finished["exchangeable_token"]))
    assert code_of(refused.value) == "link_session_error.invalid_token_exchange"


def test_it_resets_a_link(links: moneykit.LinksApi, moneykit_remote: Remote) -> None:
    found = links.reset_link(moneykit_remote.links()[0].id)

    assert (found.state.value, found.error_code.value) == ("error", "auth_expired")


def test_it_lists_institutions_and_accounts(client: moneykit.ApiClient, moneykit_remote: Remote) -> None:
    institutions = moneykit.InstitutionsApi(client)

    assert institutions.get_institution("ins_90101").institution_id == "chase"
    assert institutions.get_institutions(name="Wells").institutions[0].name == "Wells Fargo"
    assert len(moneykit.AccountsApi(client).get_accounts(moneykit_remote.links()[0].id).accounts) == 2


def test_its_list_of_a_users_links_works_only_unread(client: moneykit.ApiClient, moneykit_remote: Remote) -> None:
    """The SDK refuses every 200 of this call; what was answered is right all the same."""
    user = moneykit_remote.links()[0].user

    with pytest.raises(ValueError):
        moneykit.UsersApi(client).get_user_links(user)
    raw = moneykit.UsersApi(client).get_user_links_without_preload_content(user)

    assert set(json.loads(raw.data)["links"]) == {
        found.id for found in moneykit_remote.box.world.links.values() if found.user == user and not found.deleted_at
    }


def _products(names: list[str]) -> Any:
    return moneykit.RefreshProductsRequest(products=names)
