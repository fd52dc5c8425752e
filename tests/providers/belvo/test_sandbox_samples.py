"""Every documented answer comes from the emulator with the same status, keys and types as its sample."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests

from .remote import GOOD_CODE, INDEX, LINK, Remote, belvo, sample

Ask = Callable[[Remote], requests.Response]
ASYNC = {"X-Belvo-Request-Mode": "async"}
REGISTRATION = sample("link_register_request.json")


def _typed(word: str) -> Ask:
    return lambda remote: remote.put(remote.link_at("lorien_br_retail"), password=word)


def _register(**change: Any) -> Ask:
    return lambda remote: remote.ask("POST", "/api/links/", REGISTRATION | change)


def _settings(**body: Any) -> Ask:
    return lambda remote: remote.ask("PATCH", f"/api/links/{LINK['D']}/", body)


def _get(path: str) -> Ask:
    return lambda remote: remote.get(path)


def _case(word: str) -> Ask:
    return lambda remote: remote.refresh(remote.link_called(f"case-{word}"))


def _token(remote: Remote, link: str) -> requests.Response:
    keys = remote.keys or ("", "")
    return remote.ask(
        "POST",
        "/api/token/",
        sample("token_update_mode_request.json") | {"id": keys[0], "password": keys[1], "link_id": link},
    )


def _wrong_keys(remote: Remote, name: str = "nobody") -> requests.Response:
    remote.keys = (name, "x")
    return remote.get("/api/links/")


def _blocked(remote: Remote) -> requests.Response:
    remote.box.rate_limit = 0
    return remote.get("/api/links/")


def _expired(remote: Remote) -> requests.Response:
    challenge = remote.put(LINK["A"], password="pass_valid")
    remote.box.clock.advance(900)
    return remote.resume(challenge, GOOD_CODE)


def _too_fast(remote: Remote) -> requests.Response:
    remote.refresh(LINK["G"])
    return remote.refresh(LINK["G"], **sample("refresh_request.json"))


def _many_deletes(remote: Remote) -> requests.Response:
    for link in list(remote.box.world.links)[-5:]:
        remote.ask("DELETE", f"/api/links/{link}/")
    return remote.ask("DELETE", f"/api/links/{LINK['B']}/")


def _broken_json(remote: Remote) -> requests.Response:
    headers = {"Content-Type": "application/json"}
    url = f"{remote.url}/api/links/{LINK['B']}/"
    return requests.put(url, data=b'{\n"a": 1,\n}', headers=headers, auth=remote.keys, timeout=5)


HOW: dict[str, Ask] = {
    "link_list.json": _get("/api/links/?page_size=5"),
    "link_list_page2.json": lambda r: r.get("/api/links/?page_size=100&page=2"),
    "link_list_needs_attention.json": _get("/api/links/?status__in=invalid,token_required&external_id__in=cust_004182"),
    "link_list_empty.json": _get("/api/links/?external_id=cust_999999"),
    "link_detail.json": _get(f"/api/links/{LINK['A']}/"),
    "link_detail_invalid.json": _get(f"/api/links/{LINK['B']}/"),
    "link_detail_unconfirmed.json": _get(f"/api/links/{LINK['E']}/"),
    "link_detail_openfinance.json": _get(f"/api/links/{LINK['F']}/"),
    "link_register_201.json": _register(),
    "update_ok.json": lambda r: r.put(LINK["B"], **sample("update_request.json")),
    "update_ok_minimal.json": lambda r: r.put(r.link_at("gotham_br_business"), password="pass_valid", token=GOOD_CODE),
    "update_428_mfa.json": lambda r: r.put(LINK["A"], password="pass_valid"),
    "update_428_mfa_object.json": lambda r: r.put(r.link_at("gotham_br_business"), password="pass_valid"),
    "update_428_mfa_qr.json": lambda r: r.put(r.link_at("heimdall_br_retail"), password="pass_valid"),
    "update_428_mfa_inputless.json": lambda r: r.put(r.link_at("rohan_mx_retail"), password="pass_valid"),
    "update_428_mfa_text.json": lambda r: r.put(r.link_at("heimdall_co_retail"), password="pass_valid"),
    "update_428_activation_required.json": _typed("activation-required"),
    "mfa_resume_ok.json": lambda r: r.resume(r.put(LINK["A"], password="pass_valid"), GOOD_CODE),
    "mfa_resume_428_wrong_token.json": lambda r: r.resume(r.put(LINK["A"], password="pass_valid"), "999999"),
    "link_patch_ok.json": _settings(**sample("link_patch_request.json")),
    "refresh_202.json": lambda r: r.refresh(LINK["G"], **sample("refresh_request.json")),
    "delete_202.json": lambda r: r.ask("DELETE", f"/api/links/{LINK['B']}/", headers=ASYNC),
    "token_ok.json": lambda r: _token(r, LINK["B"]),
    "error_400_login_error.json": _typed("wrong"),
    "error_400_login_error_account_locked.json": _typed("locked-account"),
    "error_400_login_error_forbidden.json": _typed("forbidden"),
    "error_400_login_error_mfa_unsupported.json": _typed("mfa-unsupported"),
    "error_400_login_error_try_later.json": _typed("try-later"),
    "error_400_login_error_not_attempted.json": _typed("not-attempted"),
    "error_400_login_error_missing.json": _typed("missing"),
    "error_400_too_many_sessions.json": _typed("many-sessions"),
    "error_404_too_many_sessions.json": lambda r: r.put(r.link_at("gotham_br_business"), password="many-sessions"),
    "error_400_session_expired.json": _expired,
    "error_400_session_expired_ob.json": lambda r: _token(r, r.link_called("case-session_expired_ob")),
    "error_400_institution_down.json": lambda r: r.put(LINK["G"], password="pass_valid"),
    "error_400_institution_unavailable.json": _typed("unavailable"),
    "error_400_institution_inactive.json": _typed("inactive"),
    "error_400_invalid_link.json": lambda r: r.refresh(LINK["B"]),
    "error_400_unconfirmed_link.json": lambda r: r.refresh(LINK["E"]),
    "error_400_activation_failed.json": _typed("activation-failed"),
    "error_400_validation_error.json": lambda r: r.put(LINK["B"], password="1234567890abcdefg"),
    "error_400_required.json": lambda r: r.put(LINK["C"], password2="4821"),
    "error_400_null.json": lambda r: r.put(LINK["B"], password=None),
    "error_400_blank.json": lambda r: r.put(LINK["B"], password=""),
    "error_400_invalid_uuid.json": lambda r: r.ask("PATCH", "/api/links/", {"session": "x", "link": "a6c007b9-e99c"}),
    "error_400_invalid_resources.json": lambda r: r.refresh(LINK["E"], fetch_resources=["BILLS"]),
    "error_400_invalid_choice.json": _settings(access_mode="weekly"),
    "error_400_not_a_list.json": _settings(fetch_resources="INVOICES"),
    "error_400_does_not_exist.json": _register(institution="narnia"),
    "error_400_parse_error.json": _broken_json,
    "error_400_duplicated.json": lambda r: [_register()(r), _register()(r)][1],
    "error_400_invalid_credentials_storage.json": _register(access_mode="recurrent"),
    "error_400_invalid_fetch_resources.json": _register(credentials_storage="nostore", fetch_resources=[]),
    "error_400_unsupported_operation.json": lambda r: r.refresh(r.link_at("ironbank_br_retail")),
    "error_400_unavailable_data.json": _case("unavailable_data"),
    "error_400_operational_limits_reached.json": _case("operational_limits_reached"),
    "error_401_authentication_failed.json": _wrong_keys,
    "error_401_consent_without_accounts.json": lambda r: r.get(
        f"/api/links/{r.link_called('case-consent_without_accounts')}/"
    ),
    "error_403_access_to_resource_denied.json": lambda r: r.get(
        f"/api/links/{r.link_called('case-access_to_resource_denied')}/"
    ),
    "error_403_access_to_production_denied.json": lambda r: _wrong_keys(r, "no-production"),
    "error_403_quota_limit_reached.json": _case("quota_limit_reached"),
    "error_403_blocked.html": _blocked,
    "error_404_not_found.json": _get("/api/links/6e7bec03-a7ef-4523-989e-174e3a430432/"),
    "error_404_expired_credentials.json": _case("expired_credentials"),
    "error_405_method_not_allowed.json": lambda r: r.ask("PATCH", "/api/institutions/"),
    "error_408_request_timeout.json": _typed("timeout"),
    "error_409_link_refreshed.json": _too_fast,
    "error_429_too_many_requests.json": _many_deletes,
    "error_500_unexpected_error.json": _typed("unexpected"),
    "error_500_service_unavailable.json": _typed("no-service"),
    "institution_list.json": _get("/api/institutions/?page_size=100"),
    "institution_list_by_name.json": _get("/api/institutions/?name=heimdall_mx_retail"),
    "institution_detail.json": _get("/api/institutions/1015/"),
    "consent_list.json": _get("/api/consents/?user_document=11144477735"),
}
RESPONSES = [entry for entry in INDEX["samples"] if entry["direction"] == "response"]


def test_every_response_sample_is_asked_for() -> None:
    assert set(HOW) == {entry["file"] for entry in RESPONSES}


@pytest.mark.parametrize("entry", RESPONSES, ids=lambda entry: entry["file"])
def test_an_answer_looks_like_its_sample(entry: dict[str, Any]) -> None:
    with belvo() as remote:
        answer = HOW[entry["file"]](remote)

    assert answer.status_code == entry["status"]
    assert answer.headers["Content-Type"] == entry["content_type"]
    if entry["content_type"] == "text/html":
        assert answer.text == sample(entry["file"])
        return
    differences = list(_differences(sample(entry["file"]), answer.json(), ""))
    assert not differences
    if entry["status"] >= 400 and entry["file"] != "error_400_parse_error.json":
        assert _codes(answer.json()) == _codes(sample(entry["file"]))


def _codes(body: Any) -> list[tuple[Any, Any]]:
    errors = body if isinstance(body, list) else [body]
    return [(error["code"], "message" in error) for error in errors]


def _differences(expected: Any, found: Any, where: str) -> Any:
    """Yield where keys or types differ. A null says nothing of a type; of a list, the first item is compared."""
    if expected is None or found is None:
        return
    if type(expected) is not type(found):
        yield f"{where}: {type(found).__name__} instead of {type(expected).__name__}"
    elif isinstance(expected, dict):
        if expected.keys() != found.keys():
            yield f"{where}: keys {sorted(found.keys() ^ expected.keys())}"
        for key in expected.keys() & found.keys():
            yield from _differences(expected[key], found[key], f"{where}.{key}")
    elif isinstance(expected, list) and expected and found:
        yield from _differences(expected[0], found[0], f"{where}[0]")
