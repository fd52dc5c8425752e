"""The emulator answers as the contract of MoneyKit says, over real HTTP."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
import requests

from providers.moneykit.codes import LINK_CODES
from providers.moneykit.sandbox import CLIENT_ID, CLIENT_SECRET, MoneyKitSandbox, environment
from providers.moneykit.sandbox_errors import CASES, ODD_ANSWERS
from providers.moneykit.sandbox_people import references, shared_references

from .support import SAMPLES, Remote, running, sample

CUSTOMERS = Path(__file__).parents[3] / "dashboard" / "demo" / "customers.csv"


def shape(value: Any) -> Any:
    """Return what kinds of values stand where: the keys of objects, the kind of the rest (null is any kind)."""
    match value:
        case dict():
            return {key: shape(item) for key, item in value.items()}
        case list():
            return [shape(item) for item in value[:1]]
        case _:
            return type(value).__name__


def fits(found: Any, documented: Any) -> bool:
    """Say whether `found` has the keys of `documented` and values of its kinds, as far as both have values."""
    if found is None or documented is None:
        return True
    if isinstance(documented, dict):
        return isinstance(found, dict) and set(found) == set(documented) and all(
            fits(found[key], documented[key]) for key in documented
        )  # fmt: skip
    if isinstance(documented, list):
        return isinstance(found, list) and all(fits(one, documented[0]) for one in found[:1] if documented)
    return isinstance(found, (int, float)) if isinstance(documented, float) else isinstance(found, type(documented))


# -- fidelity: the documented samples


def test_a_link_has_the_documented_shape(moneykit_remote: Remote) -> None:
    documented = {key: value for key, value in sample("link_connected").items() if key != "products"}
    product = sample("link_connected")["products"]["accounts"]

    for record in moneykit_remote.links()[:10]:
        found = moneykit_remote.ask("GET", f"/links/{record.id}").json()

        assert fits({key: value for key, value in found.items() if key != "products"}, documented)
        assert all(fits(one, product) for name, one in found["products"].items() if name != "transactions")


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("GET", "/auth/introspect", "auth_introspect_ok"),
        ("GET", "/links?limit=500", "links_list"),
        ("GET", "/institutions?limit=3", "institution_list"),
        ("GET", "/institutions/chase", "institution_get"),
        ("GET", "/.well-known/jwks.json", "jwks"),
        ("GET", "/users/nobody-here/links", "user_links_empty"),
        ("GET", "/links/mk_nobody", "error_404"),
        ("GET", "/institutions/nobody", "error_404_institution"),
    ],
)
def test_other_answers_have_the_documented_shape(moneykit_remote: Remote, method: str, path: str, name: str) -> None:
    assert fits(moneykit_remote.ask(method, path).json(), sample(name))


@pytest.mark.parametrize("file", sorted(path.stem for path in SAMPLES.glob("error_*.json")))
def test_each_documented_error_is_one_of_the_emulators(file: str) -> None:
    documented = sample(file)
    status = int(file.removeprefix("error_")[:3])

    assert (status, documented["error_code"]) in {(case.status, case.code) for case in CASES.values()}


# -- keys and tokens


def token_request(remote: Remote, **form: str) -> requests.Response:
    return requests.post(f"{remote.url}/auth/token", data=form, timeout=5)


def test_a_token_is_a_201_and_opens_the_api(moneykit_remote: Remote) -> None:
    made = token_request(
        moneykit_remote, grant_type="client_credentials", client_id=CLIENT_ID, client_secret=CLIENT_SECRET
    )
    moneykit_remote.keys = {"Authorization": f"Bearer {made.json()['access_token']}"}

    assert made.status_code == 201
    assert fits(made.json(), sample("auth_token_ok"))
    assert moneykit_remote.ask("GET", "/auth/introspect").status_code == 200


def test_the_keys_may_come_as_http_basic(moneykit_remote: Remote) -> None:
    made = requests.post(
        f"{moneykit_remote.url}/auth/token",
        data={"grant_type": "client_credentials"},
        auth=(CLIENT_ID, CLIENT_SECRET),
        timeout=5,
    )

    assert made.status_code == 201


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": "wrong"}, 401),
        ({"grant_type": "password", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}, 400),
        ({}, 400),
    ],
)
def test_other_requests_for_a_token_are_refused(moneykit_remote: Remote, form: dict[str, str], status: int) -> None:
    refused = token_request(moneykit_remote, **form)

    assert refused.status_code == status
    assert refused.json()["error_code"] == "api_error.auth.unauthorized"


@pytest.mark.parametrize(
    "keys", [{}, {"Authorization": "Bearer nobody"}, {"X-Client-Id": CLIENT_ID, "X-Client-Secret": "wrong"}]
)
def test_nobody_else_is_let_in(moneykit_remote: Remote, keys: dict[str, str]) -> None:
    moneykit_remote.keys = keys

    for path in ("/links", "/auth/introspect", "/institutions"):
        assert moneykit_remote.ask("GET", path).status_code == 401


# -- the world


def test_the_world_is_the_same_for_the_same_seed() -> None:
    first, second, other = (MoneyKitSandbox(seed=seed) for seed in (1, 1, 2))

    assert list(first.world.links) == list(second.world.links) != list(other.world.links)
    assert len(first.world.links) == 90


def test_every_state_and_error_code_has_a_link(moneykit_remote: Remote) -> None:
    found = {(link.state, link.body["error_code"]) for link in moneykit_remote.box.world.links.values()}

    assert {("connecting", None), ("awaiting_token_exchange", None), ("connected", None), ("deleted", None)} <= found
    assert {("error", code) for code in LINK_CODES} <= found


def test_every_row_of_the_catalogue_has_a_link_or_is_reached_by_what_is_sent(moneykit_remote: Remote) -> None:
    cases = {link.case for link in moneykit_remote.box.world.links.values()}

    by_what_is_sent = {"invalid_grant", "no_institution", "bad_exchange"}
    assert set(CASES) | set(ODD_ANSWERS) <= cases | by_what_is_sent


def test_the_customers_are_those_of_the_demo(moneykit_remote: Remote) -> None:
    with CUSTOMERS.open(encoding="utf-8") as file:
        known = {row["reference"] for row in csv.DictReader(file)}

    users = {link.user for link in moneykit_remote.box.world.links.values()}

    assert users <= known
    assert set(references()) <= {reference for reference in known if 4 <= len(reference) <= 150}
    assert len({link.user for link in moneykit_remote.box.world.links.values()} - set(shared_references())) >= 30


def test_the_environment_points_at_it() -> None:
    found = environment("http://127.0.0.1:8001/moneykit/")

    assert found["MONEYKIT_URL"] == "http://127.0.0.1:8001/moneykit"
    assert found["MONEYKIT_CONNECT_URL"] == "http://127.0.0.1:8001"
    suffixes = ("URL", "CLIENT_ID", "CLIENT_SECRET", "REDIRECT_URI", "CONNECT_URL")
    assert set(found) == {f"MONEYKIT_{suffix}" for suffix in suffixes}


# -- lists


def test_the_list_has_only_links_once_connected(moneykit_remote: Remote) -> None:
    listed = {one["link_id"] for one in moneykit_remote.ask("GET", "/links").json()["links"]}

    states = {moneykit_remote.box.world.links[link_id].state for link_id in listed}

    assert "connected" in states and "error" in states
    assert not states & {"connecting", "awaiting_token_exchange", "deleted"}


@pytest.mark.parametrize("limit", ["499", "5001", "x", "-1"])
def test_a_page_of_another_size_is_refused(moneykit_remote: Remote, limit: str) -> None:
    refused = moneykit_remote.ask("GET", f"/links?limit={limit}")

    assert (refused.status_code, refused.json()["error_code"]) == (422, "api_error.request.validation_failed")


def test_pages_end_with_an_empty_cursor() -> None:
    with running(links=1200) as remote:
        first = remote.ask("GET", "/links?limit=500").json()
        second = remote.ask("GET", f"/links?limit=500&cursor={first['next_cursor']}").json()
        third = remote.ask("GET", f"/links?limit=500&cursor={second['next_cursor']}").json()

    assert third["next_cursor"] == ""
    ids = [one["link_id"] for page in (first, second, third) for one in page["links"]]
    assert len(ids) == len(set(ids)) > 1000


# -- changes


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"webhook": ""}, ["body", "webhook"]),
        ({"webhook": 7}, ["body", "webhook"]),
        ({"webhook": "hooks"}, ["body", "webhook"]),
        ({"webhook": "https://h.example/" + "a" * 65_536}, ["body", "webhook"]),
        ({"link_tags": "a"}, ["body", "link_tags"]),
        ({"link_tags": ["a", 7]}, ["body", "link_tags", 1]),
        ({"link_tags": ["a" * 100]}, ["body", "link_tags", 0]),
        ([], ["body"]),
    ],
)
def test_a_wrong_change_names_its_place(moneykit_remote: Remote, body: Any, where: list[Any]) -> None:
    refused = moneykit_remote.ask("PATCH", f"/links/{moneykit_remote.links()[0].id}", body)

    assert refused.status_code == 422
    assert refused.json()["validation_errors"][0]["location"] == where


def test_an_absent_field_is_left_alone(moneykit_remote: Remote) -> None:
    record = next(found for found in moneykit_remote.links() if found.body["webhook"])
    before = dict(record.body)

    after = moneykit_remote.ask("PATCH", f"/links/{record.id}", {"link_tags": ["only"]}).json()

    assert after["webhook"] == before["webhook"]
    assert after["tags"] == after["link_tags"] == ["only"]


def test_an_unfinished_link_refuses_changes(moneykit_remote: Remote) -> None:
    record = moneykit_remote.links("connecting")[0]

    refused = moneykit_remote.ask("PATCH", f"/links/{record.id}", {"link_tags": []})

    assert (refused.status_code, refused.json()["link_error_code"]) == (422, "incomplete")


def test_a_session_removes_what_it_does_not_carry(moneykit_remote: Remote) -> None:
    record = next(found for found in moneykit_remote.links("error", "auth_expired") if found.body["link_tags"])
    body = {"customer_user": {"id": record.user}, "existing_link_id": record.id, "redirect_uri": "https://a.example/"}

    token = moneykit_remote.ask("POST", "/link-session", body).json()["link_session_token"]
    moneykit_remote.control("finish", token=token)

    assert (record.state, record.body["webhook"], record.body["link_tags"]) == ("connected", None, [])


def test_a_session_is_finished_once(moneykit_remote: Remote) -> None:
    body = {"customer_user": {"id": "cust_new"}, "redirect_uri": "https://a.example/"}
    token = moneykit_remote.ask("POST", "/link-session", body).json()["link_session_token"]

    assert "link" in moneykit_remote.control("finish", token=token)
    assert "error" in moneykit_remote.control("finish", token=token)


@pytest.mark.parametrize(
    "change",
    [
        {"customer_user": {"id": "abc"}},
        {"customer_user": {"id": "x" * 151}},
        {"customer_user": None},
        {"redirect_uri": None},
        {"redirect_uri": "https://a.example/?x=1"},
        {"link_tags": ["-x"]},
    ],
)
def test_a_wrong_session_is_refused(moneykit_remote: Remote, change: dict[str, Any]) -> None:
    body = {"customer_user": {"id": "cust_new"}, "redirect_uri": "https://a.example/", **change}

    assert moneykit_remote.ask("POST", "/link-session", body).status_code == 422


def test_a_test_webhook_wants_a_webhook(moneykit_remote: Remote) -> None:
    record = moneykit_remote.links()[0]
    record.body["webhook"] = None

    refused = moneykit_remote.ask("POST", f"/webhooks/test/link/{record.id}", sample("webhook_test_request"))

    assert (refused.status_code, refused.json()["error_code"]) == (400, "link_error.bad_config")


def test_signed_events_have_the_documented_shape(moneykit_remote: Remote) -> None:
    record = moneykit_remote.links()[0]
    moneykit_remote.ask("POST", f"/links/{record.id}/reset")
    moneykit_remote.ask("DELETE", f"/links/{record.id}")

    deliveries = moneykit_remote.control("deliveries")["deliveries"]

    assert [shape(one["headers"]) for one in deliveries] == [shape(sample("webhook_signed_delivery")["headers"])] * 2


def test_errors_name_a_page_if_they_are_told_to(moneykit_remote: Remote) -> None:
    moneykit_remote.control("settings", with_pages=True)

    assert (
        moneykit_remote.ask("GET", "/links/mk_nobody")
        .json()["documentation_url"]
        .startswith("https://docs.moneykit.com/")
    )
