"""The emulator answers as the contract of Belvo says, over real HTTP."""

from __future__ import annotations

import base64
import csv
import re
import struct
import threading
import time
import uuid
import zlib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
import requests

from providers.belvo import sandbox
from providers.belvo.sandbox import BelvoSandbox, environment
from providers.belvo.sandbox_cases import ALSO, CASES, normal_word, refusal_for
from providers.belvo.sandbox_mfa import KIND_OF_PASSWORD
from providers.belvo.sandbox_world import customer_references

from .remote import GOOD_CODE, LINK, Remote, belvo, code_of, sample

WIDE = "lorien_br_retail"  # a bank without traits, whose form takes any password
CUSTOMERS = Path(__file__).parents[3] / "dashboard" / "demo" / "customers.csv"


@pytest.fixture
def remote() -> Iterator[Remote]:
    with belvo() as found:
        yield found


# -- keys and paths


def test_good_keys_open_the_root(remote: Remote) -> None:
    assert remote.get("/api/").status_code == 200


@pytest.mark.parametrize("keys", [("nobody", "x"), None, ("", ""), ("clé", "ключ")])
def test_other_keys_are_refused(remote: Remote, keys: tuple[str, str] | None) -> None:
    remote.keys = keys and (keys[0].encode(), keys[1].encode())  # type: ignore[assignment]

    refused = remote.get("/api/links/")

    assert (refused.status_code, code_of(refused)) == (401, "authentication_failed")


@pytest.mark.parametrize("header", ["Basic", "Basic ???", "Bearer abc", "Basic " + base64.b64encode(b"\xff").decode()])
def test_a_broken_authorization_header_is_refused(remote: Remote, header: str) -> None:
    refused = requests.get(f"{remote.url}/api/links/", headers={"Authorization": header}, timeout=5)

    assert refused.status_code == 401


@pytest.mark.parametrize(
    ("secret_id", "code"), [("no-production", "access_to_production_denied"), ("quota", "quota_limit_reached")]
)
def test_some_keys_are_refused_for_a_reason(remote: Remote, secret_id: str, code: str) -> None:
    remote.keys = (secret_id, "x")

    refused = remote.get("/api/links/")

    assert (refused.status_code, code_of(refused)) == (403, code)


@pytest.mark.parametrize(
    "path",
    ["/api/links", "/api/nothing/", "/api/links/not-a-uuid/", "/api/links/0f8fad5b-d9cb-469f-a165-70867728950e/"],
)
def test_what_is_not_there_is_not_found(remote: Remote, path: str) -> None:
    missing = remote.get(path)

    assert (missing.status_code, code_of(missing)) == (404, "not_found")


@pytest.mark.parametrize(
    ("method", "path"), [("PATCH", "/api/institutions/"), ("DELETE", "/api/token/"), ("PUT", "/api/")]
)
def test_a_wrong_method_is_refused(remote: Remote, method: str, path: str) -> None:
    refused = remote.ask(method, path)

    assert (refused.status_code, code_of(refused)) == (405, "method_not_allowed")


# -- lists


def test_pages_are_linked_by_absolute_addresses_and_end(remote: Remote) -> None:
    seen, address = [], f"{remote.url}/api/links/?page_size=50"
    while address:
        page = remote.get(address).json()
        seen += [link["id"] for link in page["results"]]
        address = page["next"]

    assert len(seen) == len(set(seen)) == page["count"] == len(remote.box.world.links)
    assert page["previous"] == f"{remote.url}/api/links/?page=2&page_size=50"


def test_the_page_size_is_100_and_at_most_1000() -> None:
    with belvo(links=1200) as remote:
        assert len(remote.get("/api/links/").json()["results"]) == 100
        assert len(remote.get("/api/links/", page_size="5000").json()["results"]) == 1000
        assert len(remote.get("/api/links/", page_size="nonsense").json()["results"]) == 100


@pytest.mark.parametrize("page", ["0", "99", "-1", "x"])
def test_a_page_that_does_not_exist_is_not_found(remote: Remote, page: str) -> None:
    assert remote.get("/api/links/", page=page).status_code == 404


@pytest.mark.parametrize(
    "query",
    [
        {"id": LINK["A"]},
        {"id__in": f"{LINK['A']},{LINK['B']}"},
        {"institution": "erebor_mx_retail"},
        {"institution__in": "erebor_mx_retail,heimdall_mx_retail"},
        {"access_mode": "single"},
        {"status": "invalid"},
        {"status__in": "invalid,token_required"},
        {"refresh_rate": "24h"},
        {"refresh_rate": "null"},
        {"external_id": "cust_004182"},
        {"external_id__in": "cust_004182,cust_001377"},
        {"created_at__gte": "2020-01-01", "created_at__lt": "2100-01-01"},
        {"created_at__range": "2020-01-01,2100-01-01", "status": "valid"},
    ],
)
def test_filters_find_some_links_and_only_those(remote: Remote, query: dict[str, str]) -> None:
    found = remote.get("/api/links/", page_size="1000", **query).json()["results"]

    assert found
    for name, value in query.items():
        key, _, lookup = name.partition("__")
        if not key.startswith("created"):
            assert {str(link[key]).replace("None", "null") for link in found} <= set(value.split(",")), (name, lookup)


def test_a_filter_that_matches_nothing_gives_an_empty_page(remote: Remote) -> None:
    assert remote.get("/api/links/", external_id="cust_999999").json() == sample("link_list_empty.json")
    assert remote.get("/api/links/", created_by__not_in="ed127484-8ccc-498a-9f0f-5cae981f57e1").json()["count"] == 0


@pytest.mark.parametrize(("name", "value"), [("id", "x"), ("id__in", "a,b"), ("created_at__gt", "yesterday")])
def test_a_filter_of_the_wrong_form_is_refused(remote: Remote, name: str, value: str) -> None:
    refused = remote.get("/api/links/", **{name: value})

    assert (refused.status_code, code_of(refused)) == (400, "invalid")


def test_fields_and_omit_choose_the_keys(remote: Remote) -> None:
    assert set(remote.get(f"/api/links/{LINK['A']}/", fields="id,status").json()) == {"id", "status"}
    assert "status" not in remote.get("/api/links/", omit="status").json()["results"][0]


# -- the world


def test_the_links_of_the_samples_are_there_with_the_same_data(remote: Remote) -> None:
    expected = {link["id"]: link for name in ("", "_page2") for link in sample(f"link_list{name}.json")["results"]}

    for link_id, link in expected.items():
        found = remote.get(f"/api/links/{link_id}/").json()
        dates = {"created_at", "last_accessed_at"}
        assert {key: found[key] for key in link.keys() - dates} == {key: link[key] for key in link.keys() - dates}
        assert [(found[key] or "")[10:] for key in dates] == [(link[key] or "")[10:] for key in dates]


def test_the_demo_world_has_what_a_demo_needs(remote: Remote) -> None:
    links = [link.body for link in remote.box.world.links.values()]
    banks = remote.get("/api/institutions/", page_size="1000").json()["results"]

    assert len(links) >= 120
    assert {bank["country_code"] for bank in banks} == {"MX", "BR", "CO"}
    assert len({link["institution"] for link in links}) >= 8
    assert {link["status"] for link in links} >= {"valid", "invalid", "token_required", "unconfirmed", "frozen"}
    assert {field["type"] for bank in banks for field in bank["form_fields"]} >= {
        "text",
        "number",
        "password",
        "select",
        "hidden",
    }
    assert {bank["integration_type"] for bank in banks} == {"credentials", "openfinance", "openbanking"}
    assert {bank["status"] for bank in banks} == {"healthy", "down"}
    assert {str(link["created_at"])[-6:] for link in links} & {"+00:00"}


def test_every_customer_of_belvos_in_the_demo_has_a_link_and_some_have_several(remote: Remote) -> None:
    with CUSTOMERS.open(encoding="utf-8", newline="") as file:
        customers = list(csv.DictReader(file))[:80]
    linked = [link.body["external_id"] for link in remote.box.world.links.values()]

    assert [customer["reference"] for customer in customers] == customer_references()
    assert set(customer_references()) <= set(linked)
    assert sum(reference in set(customer_references()) for reference in linked) >= 100
    assert linked.count(None) >= 5
    assert max(len(customer["name"]) for customer in customers) == 120
    assert len({customer["name"] for customer in customers}) == 80


def test_the_same_seed_gives_the_same_world_and_another_seed_another() -> None:
    first, second, other = BelvoSandbox(seed=5), BelvoSandbox(seed=5), BelvoSandbox(seed=6)

    assert list(first.world.links) == list(second.world.links) != list(other.world.links)


def test_no_date_of_the_world_lies_in_the_future(remote: Remote) -> None:
    now = remote.box.clock.now()
    for link in remote.box.world.links.values():
        for key in ("created_at", "last_accessed_at"):
            assert link.body[key] is None or datetime.fromisoformat(link.body[key]) <= now


def test_a_world_of_ten_thousand_links_answers_a_page_quickly() -> None:
    with belvo(links=10_000) as remote:
        started = time.monotonic()
        page = remote.get("/api/links/", page="7", page_size="1000").json()

        assert page["count"] == 10_000
        assert time.monotonic() - started < 2


def test_institutions_are_found_by_name_number_and_filter(remote: Remote) -> None:
    assert remote.get("/api/institutions/", name="heimdall_mx_retail").json()["results"][0]["id"] == 1014
    assert remote.get("/api/institutions/1015/").json() == sample("institution_detail.json")
    assert remote.get("/api/institutions/1/").status_code == 404
    assert remote.get("/api/institutions/erebor_mx_retail/").status_code == 404
    assert {b["country_code"] for b in remote.get("/api/institutions/", country_code="CO").json()["results"]} == {"CO"}
    assert remote.get("/api/institutions/", display_name="iron").json()["count"] == 2
    assert remote.get("/api/institutions/", resources__allin="INVOICES,TAX_STATUS", type="fiscal").json()["count"] == 1


def test_the_institutions_of_the_samples_are_the_same_byte_for_byte(remote: Remote) -> None:
    for bank in sample("institution_list.json")["results"]:
        assert remote.get(f"/api/institutions/{bank['id']}/").json() == bank


# -- replacing credentials


def test_a_good_password_makes_the_link_valid(remote: Remote) -> None:
    before = remote.get(f"/api/links/{LINK['B']}/").json()

    after = remote.put(LINK["B"], **sample("update_request.json"))

    assert after.status_code == 200
    assert (after.json()["id"], after.json()["status"]) == (LINK["B"], "valid")
    assert after.json()["last_accessed_at"] > before["last_accessed_at"]


def test_every_field_of_the_owners_document_is_taken(remote: Remote) -> None:
    assert remote.put(LINK["C"], **sample("update_request_all_fields.json")).json()["status"] == "valid"


@pytest.mark.parametrize("word", sorted({*CASES, *ALSO}))
def test_a_word_of_the_catalogue_typed_as_password_gives_that_row(remote: Remote, word: str) -> None:
    case = CASES[ALSO.get(word, word)]
    link = remote.link_at(WIDE)
    before = remote.get(f"/api/links/{link}/").json()

    refused = remote.put(link, password=f"{word.replace('_', '-')}--{uuid.uuid4().hex}")

    body = refused.json()[0]
    assert (refused.status_code, body["code"], body.get("message")) == (case.status, case.code, case.message)
    assert len(body["request_id"]) == 32
    assert remote.get(f"/api/links/{link}/").json() == before
    assert remote.box.effects() == []


def test_the_error_text_may_echo_the_password(remote: Remote) -> None:
    refused = remote.put(remote.link_at(WIDE), password="echo-Canary-77")

    assert "echo-Canary-77" in refused.json()[0]["message"]


def test_odd_answers_are_given_by_their_words(remote: Remote) -> None:
    link = remote.link_at(WIDE)

    assert [error["code"] for error in remote.put(link, password="two-errors").json()] == ["required", "invalid"]
    assert remote.put(link, password="bare-object").json()["code"] == "login_error"
    assert remote.put(link, password="blocked").headers["Content-Type"] == "text/html"
    assert remote.put(link, password="proxy-error").status_code == 502
    assert remote.put(link, password="empty").content == b""
    assert remote.put(link, password="still-invalid").json()["status"] == "invalid"


def test_a_connection_may_break_before_or_after_the_password_was_replaced(remote: Remote) -> None:
    link = remote.link_at(WIDE, "invalid")

    with pytest.raises(requests.ConnectionError):
        remote.put(link, password="cut-before")
    assert remote.status_of(link) == "invalid"

    with pytest.raises(requests.ConnectionError):
        remote.put(link, password="cut-after")
    assert remote.status_of(link) == "valid"
    assert [effect["what"] for effect in remote.box.effects()] == ["credentials_replaced"]


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({}, "required", "password"),
        ({"password": None}, "null", "password"),
        ({"password": ""}, "null", "password"),
        ({"password": 12345}, "invalid", "password"),
        ({"password": ["a"]}, "invalid", "password"),
        ({"password": "good", "token": None}, "null", "token"),
        ({"password": "good", "certificate": "QUJD"}, "required", "private_key"),
        ({"password": "good", "certificate": "QUJD", "private_key": "no base64!"}, "invalid", "private_key"),
    ],
)
def test_a_body_of_the_wrong_shape_names_the_field(
    remote: Remote, body: dict[str, object], code: str, field: str
) -> None:
    refused = remote.put(remote.link_at(WIDE), **body)

    assert refused.status_code == 400
    assert (refused.json()[0]["code"], refused.json()[0]["field"]) == (code, field)


def test_every_missing_field_of_the_form_is_named_under_one_request_id(remote: Remote) -> None:
    errors = remote.put(LINK["C"]).json()

    assert {error["field"] for error in errors} == {"username_type", "password", "password2"}
    assert len({error["request_id"] for error in errors}) == 1


@pytest.mark.parametrize("body", [b"{\n  'a'", b"[1]", b'"text"', b"{" * 100_000])
def test_a_body_that_is_no_object_is_refused(remote: Remote, body: bytes) -> None:
    refused = requests.put(
        f"{remote.url}/api/links/{LINK['B']}/",
        data=body,
        headers={"Content-Type": "application/json"},
        auth=remote.keys,
        timeout=5,
    )

    assert refused.status_code == 400
    assert code_of(refused) in ("parse_error", "invalid")


def test_what_does_not_fit_the_form_is_a_validation_error(remote: Remote) -> None:
    assert code_of(remote.put(LINK["B"], password="1234567890abcdefg")) == "validation_error"
    gondor = remote.link_at("gondor_co_retail")
    assert code_of(remote.put(gondor, username_type="001", password="letters")) == "validation_error"
    assert code_of(remote.put(gondor, username_type="777", password="1234")) == "invalid_choice"
    assert remote.put(gondor, username_type="020", password="1234").status_code == 200


def test_the_document_type_that_belvo_calls_invalid_is_refused_as_a_login(remote: Remote) -> None:
    assert code_of(remote.put(LINK["C"], username_type="999", password="a", password2="b")) == "login_error"


def test_nothing_has_to_be_typed_where_the_password_is_hidden(remote: Remote) -> None:
    assert remote.put(LINK["E"]).json()["status"] == "valid"
    assert remote.put(LINK["E"], password="fake-password").status_code == 200


def test_a_certificate_stands_for_the_password_of_a_fiscal_link(remote: Remote) -> None:
    assert remote.put(LINK["D"], certificate="QUJD", private_key="QUJD").status_code == 200


def test_a_link_by_consent_has_no_password(remote: Remote) -> None:
    for link in (LINK["F"], remote.link_at("ofbs2_br_business")):
        assert code_of(remote.put(link, password="x")) == "unsupported_operation"


def test_a_link_at_an_unlisted_institution_can_be_repaired(remote: Remote) -> None:
    link = remote.link_at("numenor_mx_retail")

    assert remote.get("/api/institutions/", name="numenor_mx_retail").json()["count"] == 0
    assert remote.put(link, password="pass_valid").json()["status"] == "valid"


@pytest.mark.parametrize(
    ("institution", "code"),
    [
        ("gringotts_co_retail", "institution_down"),
        ("mirkwood_br_retail", "institution_unavailable"),
        ("isengard_co_retail", "institution_inactive"),
    ],
)
def test_some_institutions_are_in_trouble(remote: Remote, institution: str, code: str) -> None:
    assert code_of(remote.put(remote.link_at(institution), password="pass_valid")) == code


def test_a_slow_bank_takes_its_time_and_lets_nobody_else_in(remote: Remote) -> None:
    link = remote.link_at("fangorn_mx_retail")
    remote.box.slow_s = 30.0
    answers: list[requests.Response] = []
    first = threading.Thread(target=lambda: answers.append(remote.put(link, password="pass_valid")))
    first.start()
    while not remote.box.world.links[link].is_busy:
        time.sleep(0.01)

    second = requests.put(
        f"{remote.url}/api/links/{link}/", json={"password": "pass_valid"}, auth=remote.keys, timeout=5
    )
    remote.control("clock", {"advance_s": 31})
    first.join(timeout=5)

    assert code_of(second) == "too_many_sessions"
    assert answers[0].status_code == 200


def test_old_institutions_answer_in_the_shapes_of_2021(remote: Remote) -> None:
    link = remote.link_at("gotham_br_business")

    challenge = remote.put(link, password="pass_valid")
    assert isinstance(challenge.json(), dict)
    assert challenge.json().keys() == sample("update_428_mfa_object.json").keys()
    assert len(challenge.json()["session"]) == 36

    many = remote.put(link, password="many-sessions")
    assert (many.status_code, code_of(many)) == (404, "too_many_sessions")

    resumed = remote.resume(challenge, GOOD_CODE)
    assert resumed.status_code == 201
    assert resumed.json().keys() == sample("update_ok_minimal.json").keys()


# -- challenges


def test_any_code_but_the_good_one_gives_a_new_challenge(remote: Remote) -> None:
    first = remote.put(LINK["A"], password="pass_valid")
    second = remote.resume(first, "999999")
    third = remote.resume(second, "000000")

    assert (first.status_code, second.status_code, third.status_code) == (428, 428, 428)
    assert len({answer.json()[0]["session"] for answer in (first, second, third)}) == 3
    assert remote.status_of(LINK["A"]) == "token_required"

    done = remote.resume(third, GOOD_CODE)
    assert (done.status_code, done.json()["status"]) == (200, "valid")


def test_a_session_that_was_answered_or_replaced_is_unknown(remote: Remote) -> None:
    first = remote.put(LINK["A"], password="pass_valid")
    second = remote.resume(first, "999999")
    remote.resume(second, GOOD_CODE)

    for challenge in (first, second):
        assert remote.resume(challenge, GOOD_CODE).status_code == 404


def test_a_session_of_another_link_is_unknown(remote: Remote) -> None:
    session = remote.put(LINK["A"], password="pass_valid").json()[0]["session"]

    other = remote.ask("PATCH", "/api/links/", {"session": session, "link": LINK["B"], "token": GOOD_CODE})

    assert other.status_code == 404


def test_a_session_ends_when_its_time_is_over(remote: Remote) -> None:
    challenge = remote.put(LINK["A"], password="pass_valid")

    remote.control("clock", {"advance_s": 721})

    late = remote.resume(challenge, GOOD_CODE)
    assert (late.status_code, code_of(late)) == (400, "session_expired")


def test_a_new_challenge_has_the_time_that_is_left(remote: Remote) -> None:
    challenge = remote.put(LINK["A"], password="pass_valid")
    remote.control("clock", {"advance_s": 80})

    again = remote.resume(challenge, "999999").json()[0]

    assert 638 <= again["expiry"] <= 640


@pytest.mark.parametrize(
    ("code", "answer"), [("222222", "session_expired"), ("444444", "login_error"), ("555555", "unexpected_error")]
)
def test_some_codes_end_the_session_otherwise(remote: Remote, code: str, answer: str) -> None:
    challenge = remote.put(LINK["A"], password="pass_valid")

    assert code_of(remote.resume(challenge, code)) == answer


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({}, "required", "session"),
        ({"session": "x", "link": "a6c007b9-e99c"}, "invalid", "link"),
        ({"session": None, "link": LINK["A"]}, "null", "session"),
        ({"session": "x", "link": LINK["A"], "token": 111111}, "invalid", "token"),
    ],
)
def test_a_resume_of_the_wrong_shape_is_refused(remote: Remote, body: dict[str, object], code: str, field: str) -> None:
    refused = remote.ask("PATCH", "/api/links/", body).json()[0]

    assert (refused["code"], refused["field"]) == (code, field)


@pytest.mark.parametrize(
    ("institution", "kind", "expiry"),
    [
        ("heimdall_mx_retail", "numeric", 720),
        ("heimdall_br_retail", "qr", 300),
        ("heimdall_co_retail", "text", "720"),
        ("bree_br_retail", "qr", 300),
        ("rohan_mx_retail", "inputless", 180),
        ("mordor_co_business", "numeric", 45),
    ],
)
def test_each_bank_asks_in_its_own_way(remote: Remote, institution: str, kind: str, expiry: object) -> None:
    challenge = remote.put(remote.link_at(institution), password="pass_valid").json()[0]

    assert (challenge["token_generation_data"]["type"], challenge["expiry"]) == (kind, expiry)


def test_a_qr_code_is_a_picture_or_a_text(remote: Remote) -> None:
    picture = remote.put(remote.link_at("heimdall_br_retail"), password="pass_valid").json()[0]
    text = remote.put(remote.link_at("bree_br_retail"), password="pass_valid").json()[0]

    head, _, content = picture["token_generation_data"]["value"].partition(",")
    png = base64.b64decode(content)
    width, height = struct.unpack(">II", png[16:24])
    assert head == "data:image/png;base64"
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    assert width == height >= 200
    start = png.index(b"IDAT") + 4
    (length,) = struct.unpack(">I", png[start - 8 : start - 4])
    assert len(zlib.decompress(png[start : start + length])) == height * (1 + -(-width // 8))
    assert not text["token_generation_data"]["value"].startswith("data:")


def test_an_approval_in_the_app_is_awaited_by_a_call_without_a_code(remote: Remote) -> None:
    challenge = remote.put(remote.link_at("rohan_mx_retail"), password="pass_valid")
    early = remote.resume(challenge)
    assert early.status_code == 428

    remote.control("clock", {"advance_s": 16})

    assert remote.resume(early).json()["status"] == "valid"


def test_the_customer_may_approve_at_once(remote: Remote) -> None:
    link = remote.link_at("rohan_mx_retail")
    challenge = remote.put(link, password="pass_valid")

    assert remote.control("approve", {"link": link}).json() == {"approved": 1}
    assert remote.resume(challenge).status_code == 200


def test_a_good_code_sent_up_front_needs_no_challenge(remote: Remote) -> None:
    assert remote.put(LINK["A"], password="pass_valid", token=GOOD_CODE).status_code == 200
    assert remote.put(LINK["A"], password="pass_valid", token="999999").status_code == 428


def test_a_wrong_password_is_refused_before_any_challenge(remote: Remote) -> None:
    assert code_of(remote.put(LINK["A"], password="pass_invalid")) == "login_error"


@pytest.mark.parametrize(
    "word", ["numeric-code", "qr-code", "qr-text", "text-code", "mfa-app", "mfa-old", "mfa-oldest"]
)
def test_a_kind_of_challenge_may_be_asked_for_anywhere(remote: Remote, word: str) -> None:
    challenge = remote.put(remote.link_at(WIDE), password=word)

    assert challenge.status_code == 428
    assert remote.resume(challenge, GOOD_CODE).json()["status"] == "valid"


# -- settings, refresh, delete


def test_settings_change_and_a_recurrent_link_gets_a_rate(remote: Remote) -> None:
    changed = remote.ask("PATCH", f"/api/links/{LINK['D']}/", sample("link_patch_request.json"))

    assert changed.status_code == 200
    assert {k: v for k, v in changed.json().items() if not k.endswith("_at")} == {
        k: v for k, v in sample("link_patch_ok.json").items() if not k.endswith("_at")
    }
    assert remote.box.effects()[0]["changes"]["access_mode"] == ["single", "recurrent"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"access_mode": "weekly"}, "invalid_choice"),
        ({"access_mode": 3}, "invalid"),
        ({"stale_in": "forever"}, "invalid"),
        ({"stale_in": "1234d"}, "invalid"),
        ({"stale_in": None}, "null"),
        ({"fetch_resources": "INVOICES"}, "not_a_list"),
        ({"fetch_resources": None}, "null"),
        ({"fetch_resources": ["ACCOUNTS"]}, "invalid"),
        ({"fetch_resources": [["INVOICES"]]}, "invalid"),
    ],
)
def test_settings_of_the_wrong_form_are_refused(remote: Remote, body: dict[str, object], code: str) -> None:
    refused = remote.ask("PATCH", f"/api/links/{LINK['D']}/", body)

    assert (refused.status_code, code_of(refused)) == (400, code)


def test_a_link_that_stores_nothing_stays_single_and_fetches_something(remote: Remote) -> None:
    path = f"/api/links/{remote.link_called('case-nostore')}/"

    assert code_of(remote.ask("PATCH", path, {"access_mode": "recurrent"})) == "invalid_credentials_storage"
    assert code_of(remote.ask("PATCH", path, {"fetch_resources": []})) == "invalid_fetch_resources"


def test_a_refresh_rests_for_ten_minutes(remote: Remote) -> None:
    assert remote.refresh(LINK["G"]).status_code == 202

    remote.control("clock", {"advance_s": 200})
    early = remote.refresh(LINK["G"])
    assert (early.status_code, code_of(early)) == (409, "link_refreshed")
    assert "wait 7 minutes" in early.json()[0]["message"]

    remote.control("clock", {"advance_s": 401})
    assert remote.refresh(LINK["G"]).status_code == 202


def test_a_refresh_that_is_through_was_an_access(remote: Remote) -> None:
    def accessed_at() -> str:
        return str(remote.get(f"/api/links/{LINK['G']}/").json()["last_accessed_at"])

    before = accessed_at()
    remote.refresh(LINK["G"])
    assert accessed_at() == before

    remote.control("clock", {"advance_s": 10})

    assert accessed_at() > before


def test_a_refresh_depends_on_the_state_of_the_link(remote: Remote) -> None:
    assert code_of(remote.refresh(LINK["B"])) == "invalid_link"
    assert code_of(remote.refresh(LINK["E"])) == "unconfirmed_link"
    assert code_of(remote.refresh(remote.link_called("case-expired_credentials"))) == "expired_credentials"
    assert code_of(remote.refresh(remote.link_at("ironbank_br_retail"))) == "unsupported_operation"
    assert remote.refresh(LINK["A"]).status_code == 428
    assert code_of(remote.refresh(LINK["E"], fetch_resources=["BILLS"])) == "invalid"


def test_links_named_after_a_case_answer_with_it(remote: Remote) -> None:
    for link in [found for found in remote.box.world.links.values() if found.case]:
        case = CASES[link.case]
        calls = {
            "detail": lambda link=link: remote.get(f"/api/links/{link.id}/"),
            "update": lambda link=link: remote.put(link.id, password="pass_valid"),
            "refresh": lambda link=link: remote.refresh(link.id),
            "settings": lambda link=link: remote.ask("PATCH", f"/api/links/{link.id}/", {"stale_in": "90d"}),
            "delete": lambda link=link: remote.ask(
                "DELETE", f"/api/links/{link.id}/", headers={"X-Belvo-Request-Mode": "async"}
            ),
            "token": lambda link=link: _update_mode_token(remote, link.id),
        }
        for where in link.case_on:
            answer = calls[where]()
            assert (answer.status_code, code_of(answer)) == (case.status, case.code), (link.case, where)


def test_an_asynchronous_delete_takes_some_seconds(remote: Remote) -> None:
    path = f"/api/links/{LINK['F']}/"

    accepted = remote.ask("DELETE", path, headers={"X-Belvo-Request-Mode": "async"})
    assert accepted.status_code == 202
    assert len(accepted.json()["request_id"]) == 36
    assert remote.get(path).status_code == 200

    remote.control("clock", {"advance_s": 4})
    assert remote.get(path).status_code == 404
    assert remote.get("/api/consents/", user_document="11144477735").json()["count"] == 0


def test_a_delete_at_once_is_allowed_five_times_a_minute(remote: Remote) -> None:
    links = list(remote.box.world.links)[-7:]

    answers = [remote.ask("DELETE", f"/api/links/{link}/") for link in links[:6]]
    assert [answer.status_code for answer in answers] == [204] * 5 + [429]
    assert answers[0].content == b""

    remote.control("clock", {"advance_s": 61})
    assert remote.ask("DELETE", f"/api/links/{links[6]}/").status_code == 204


# -- registering


REGISTRATION = {"institution": WIDE, "username": "user_valid", "password": "pass_valid"}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"institution": None}, "required"),
        ({"institution": "narnia"}, "does_not_exist"),
        ({"institution": "ofmockbank_br_retail"}, "unsupported_operation"),
        ({"username": "user_invalid"}, "login_error"),
        ({"password": "pass_invalid"}, "login_error"),
        ({"institution": "erebor_mx_retail", "username": "1234567890abcdefg"}, "validation_error"),
        ({"external_id": "ab"}, "invalid"),
        ({"credentials_storage": "30d"}, "invalid_credentials_storage"),
        ({"access_mode": "single", "credentials_storage": "nostore"}, "invalid_fetch_resources"),
        ({"access_mode": "always"}, "invalid_choice"),
    ],
)
def test_a_registration_may_be_refused(remote: Remote, change: dict[str, object], code: str) -> None:
    refused = remote.ask("POST", "/api/links/", REGISTRATION | change)

    assert (refused.status_code, code_of(refused)) == (400, code)


def test_a_registration_makes_a_link_once(remote: Remote) -> None:
    made = remote.ask("POST", "/api/links/", REGISTRATION | {"external_id": "ana@example.com"})
    again = remote.ask("POST", "/api/links/", REGISTRATION)

    assert (made.status_code, made.json()["status"], made.json()["external_id"]) == (201, "valid", None)
    assert code_of(again) == "duplicated"
    assert again.json()[0]["institution_user_id"] == made.json()["institution_user_id"]


@pytest.mark.parametrize(
    ("username", "kind"), [("mfa_default", "numeric"), ("mfa_qr", "qr"), ("mfa_numeric", "numeric")]
)
def test_a_registration_with_a_challenge_makes_an_unconfirmed_link(remote: Remote, username: str, kind: str) -> None:
    body = {"institution": "heimdall_mx_retail", "username": username, "password": "pass_valid"}

    challenge = remote.ask("POST", "/api/links/", body)

    link = challenge.json()[0]["link"]
    assert challenge.json()[0]["token_generation_data"]["type"] == kind
    assert remote.status_of(link) == "unconfirmed"
    assert remote.resume(challenge, GOOD_CODE).json()["status"] == "valid"
    assert remote.status_of(link) == "valid"


# -- consents and widget tokens


def test_consents_are_found_by_the_document_of_a_person_only(remote: Remote) -> None:
    assert code_of(remote.get("/api/consents/")) == "required"
    assert code_of(remote.get("/api/consents/", user_document="123")) == "invalid"
    assert remote.get("/api/consents/", user_document="99999999999").json()["count"] == 0
    consent = remote.get("/api/consents/", user_document="11144477735").json()["results"][0]
    assert consent["link_id"] == LINK["F"]
    assert remote.get(f"/api/consents/{consent['id']}/").json() == consent
    assert remote.get("/api/consents/nothing/").status_code == 404


def _update_mode_token(remote: Remote, link: str, **change: object) -> requests.Response:
    keys = remote.keys or ("", "")
    body = {"id": keys[0], "password": keys[1], "scopes": "read_institutions,write_links,read_links", "link_id": link}
    return requests.post(f"{remote.url}/api/token/", json=body | change, timeout=5)


def test_a_token_carries_its_keys_in_the_body(remote: Remote) -> None:
    assert _update_mode_token(remote, LINK["B"]).json().keys() == {"access", "refresh"}
    assert code_of(_update_mode_token(remote, LINK["B"], password="x")) == "authentication_failed"
    assert code_of(_update_mode_token(remote, "x")) == "invalid"
    assert code_of(_update_mode_token(remote, str(uuid.uuid4()))) == "does_not_exist"
    assert code_of(_update_mode_token(remote, LINK["B"], scopes=None)) == "null"


def test_the_customer_repairs_a_link_with_the_widget_once_and_in_time(remote: Remote) -> None:
    assert remote.control("finish", {"link": LINK["B"]}).status_code == 400
    _update_mode_token(remote, LINK["B"])

    assert remote.control("finish", {"link": LINK["B"]}).json()["link"]["status"] == "valid"
    assert remote.control("finish", {"link": LINK["B"]}).status_code == 400
    _update_mode_token(remote, LINK["B"])
    remote.control("clock", {"advance_s": 601})
    assert remote.control("finish", {"link": LINK["B"]}).status_code == 400


# -- the edge


def test_more_than_eighty_requests_in_thirty_seconds_are_blocked_with_html() -> None:
    with belvo(rate_limit=80) as remote:
        answers = [remote.get(f"/api/links/{LINK['A']}/") for _ in range(82)]

        assert [answer.status_code for answer in answers] == [200] * 80 + [403] * 2
        assert answers[-1].text == sample("error_403_blocked.html")
        assert answers[-1].headers["Content-Type"] == "text/html"
        remote.control("clock", {"advance_s": 31})
        assert remote.get("/api/").status_code == 200
        remote.control("settings", {"rate_limit": None})
        assert {remote.get("/api/").status_code for _ in range(90)} == {200}


# -- what a test can see


def test_the_log_of_effects_shows_each_write_once_and_no_secret(remote: Remote) -> None:
    remote.put(LINK["B"], password="Canary-1")
    challenge = remote.put(LINK["A"], password="Canary-2")
    remote.resume(challenge, "987654")
    remote.resume(remote.resume(remote.put(LINK["A"], password="Canary-3"), "1"), GOOD_CODE)

    effects = remote.control("effects")

    assert [(effect["subject"], effect["what"]) for effect in effects.json()["effects"]] == [
        (LINK["B"], "credentials_replaced"),
        (LINK["A"], "challenge_opened"),
        (LINK["A"], "challenge_opened"),
        (LINK["A"], "credentials_replaced"),
        (LINK["A"], "challenge_answered"),
    ]
    assert "Canary" not in effects.text
    assert GOOD_CODE not in effects.text
    hashed = remote.control("fingerprint", {"value": "Canary-1"}).json()["fingerprint"]
    assert effects.json()["effects"][0]["secrets"] == {"password": hashed}


def test_a_bank_may_break_a_link_by_itself(remote: Remote) -> None:
    remote.control("status", {"link": LINK["G"], "status": "token_required"})

    assert remote.status_of(LINK["G"]) == "token_required"


def test_the_environment_points_at_the_mount() -> None:
    assert environment("http://127.0.0.1:8100/belvo/")["BELVO_URL"] == "http://127.0.0.1:8100/belvo"


def test_every_word_the_description_names_does_something() -> None:
    table = (sandbox.__doc__ or "").split("make them unique):")[1].split("Every other row")[0]
    words = [normal_word(word) for row in table.splitlines() for word in re.findall(r"`([a-z-]+)", row[:40])]

    with belvo() as remote:
        link = remote.link_at(WIDE)
        others = {"slow", "still_invalid", "cut_after", *KIND_OF_PASSWORD}
        assert [word for word in words if word not in others and refusal_for(word) is None] == []
        assert remote.put(link, password="slow").status_code == 200
    assert len(words) > 35
