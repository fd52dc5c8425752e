"""What exactly is sent for each action, and that secrets go there and nowhere else."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from providers.answers import Handover, LookupTable, Schema, Snapshot
from providers.fields import FieldValue
from providers.http import Exchange
from providers.outcomes import Accepted, FieldErrors, Gone, Ok, Outcome, RateLimited, Unavailable
from providers.plan import Plan
from providers.secrets import Secret

from ..canned import Answer, Asked, CannedServer, as_json
from ..contract import got
from .support import LINK_B, belvo, institution, link, sample, sample_json


def send(
    action: str,
    answer: Answer,
    values: dict[str, FieldValue] | None = None,
    *,
    schema: Schema | None = None,
    base: Snapshot | None = None,
    exchanges: list[Exchange] | None = None,
    **secrets: str | bytes,
) -> tuple[Outcome, list[Asked]]:
    sealed = {name: Secret(value) for name, value in secrets.items()}
    with CannedServer(answer) as server:
        provider = belvo(server.url, exchanges)
        plan = provider.plan_update(
            action, base or link(), values or {}, frozenset(sealed), schema or institution("tatooine_mx_fiscal")
        )
        assert isinstance(plan, Plan), plan
        return provider.send(plan, values or {}, sealed), server.asked


def test_a_new_password_is_put_and_the_link_read_from_the_answer() -> None:
    outcome, asked = send("credentials", sample("update_ok.json"), password="N3w-passw0rd!")

    assert (asked[0].method, asked[0].path) == ("PUT", f"/api/links/{LINK_B}/")
    assert asked[0].json == sample_json("update_request.json")
    assert asked[0].headers["content-type"] == "application/json"
    assert got(outcome).status == "valid"
    assert len(asked) == 1


@pytest.mark.parametrize("status", [200, 201])
def test_any_success_with_the_link_is_a_success(status: int) -> None:
    outcome, _ = send("credentials", Answer(status, sample("update_ok_minimal.json").body), password="N3w-passw0rd!")

    assert isinstance(outcome, Ok)


def test_an_answer_with_a_hole_where_a_secret_was_is_not_shown_as_the_link() -> None:
    """A password that equals the external id is filtered from the answer; reading back shows the link whole."""
    outcome, _ = send("credentials", sample("update_ok.json"), password="cust_001377")

    assert isinstance(outcome, Ok)
    assert outcome.value is None


def test_certificate_and_key_are_encoded_once() -> None:
    der, pem = b"\x30\x82\x05\xb9\x00\xff", "-----BEGIN PRIVATE KEY-----\nMIIF\n-----END PRIVATE KEY-----\n"

    _, asked = send("credentials", sample("update_ok.json"), certificate=der, private_key=pem)
    packed = base64.encodebytes(der).decode()
    _, pasted = send("credentials", sample("update_ok.json"), certificate=packed, private_key=pem)

    assert base64.b64decode(asked[0].json["certificate"]) == der
    assert base64.b64decode(asked[0].json["private_key"]) == pem.encode()
    assert pasted[0].json["certificate"] == asked[0].json["certificate"]


def test_a_secret_that_nobody_gave_again_stops_before_sending() -> None:
    with CannedServer(sample("update_ok.json")) as server:
        provider = belvo(server.url)
        plan = provider.plan_update("credentials", link(), {}, frozenset({"password", "token"}), None)
        assert isinstance(plan, Plan)
        outcome = provider.send(plan, {}, {"password": Secret("x")})

    assert isinstance(outcome, FieldErrors)
    assert set(outcome.errors) == {"token"}
    assert server.asked == []


def test_changed_settings_are_patched() -> None:
    values: dict[str, FieldValue] = {
        "access_mode": "recurrent",
        "stale_in": "90",
        "fetch_resources": ("INVOICES", "TAX_STATUS"),
    }
    answer = Answer(
        200, sample("link_patch_ok.json").body.replace(b"4094e773-f420-4f9c-b61a-08df2442baa9", LINK_B.encode())
    )

    outcome, asked = send("settings", answer, values, base=link(access_mode="single"))

    assert (asked[0].method, asked[0].path) == ("PATCH", f"/api/links/{LINK_B}/")
    assert asked[0].json == sample_json("link_patch_request.json")
    assert got(outcome).body["stale_in"] == "90d"


def test_our_own_keys_cannot_be_typed_into_a_setting() -> None:
    outcome, asked = send("settings", sample("link_patch_ok.json"), {"fetch_resources": ("{{SECRET_PASSWORD}}",)})

    assert isinstance(outcome, FieldErrors)
    assert asked == []


def test_a_refresh_is_accepted_with_its_request_id() -> None:
    outcome, asked = send("refresh", sample("refresh_202.json"), {"fetch_resources": ("ACCOUNTS", "TRANSACTIONS")})

    assert isinstance(outcome, Accepted)
    assert outcome.evidence.request_id == "50bcc5593d4747b0bd2a09849b52d85c"
    assert (asked[0].method, asked[0].path) == ("POST", f"/api/links/{LINK_B}/refresh/")
    assert asked[0].json == sample_json("refresh_request.json")


@pytest.mark.parametrize("answer", [sample("delete_202.json"), Answer(204)], ids=["202", "204"])
def test_a_delete_is_asked_for_asynchronously_and_read_back(answer: Answer) -> None:
    outcome, asked = send("delete", answer)

    assert outcome == Accepted(30, outcome.evidence)
    assert (asked[0].method, asked[0].headers["x-belvo-request-mode"]) == ("DELETE", "async")
    assert asked[0].body == b""


def test_deleting_what_is_gone_says_so_and_five_a_minute_are_too_many() -> None:
    assert isinstance(send("delete", sample("error_404_not_found.json"))[0], Gone)
    assert isinstance(send("delete", sample("error_429_too_many_requests.json"))[0], RateLimited)


def test_a_repair_link_is_made_with_our_keys_in_update_mode() -> None:
    outcome, asked = send("repair_link", sample("token_ok.json"), {"locale": "pt"})

    handover = got(outcome)
    assert isinstance(handover, Handover)
    assert asked[0].json == {
        **sample_json("token_update_mode_request.json"),
        "id": "id-of-tests",
        "password": "password-of-tests",
        "link_id": LINK_B,
    }
    address = urlsplit(str(handover.url.reveal()))
    assert (address.scheme, address.netloc) == ("https", "widget.belvo.io")
    assert parse_qs(address.query) == {"access_token": [sample_json("token_ok.json")["access"]], "locale": ["pt"]}
    assert timedelta(minutes=9) < handover.expires_at - datetime.now(UTC) <= timedelta(minutes=10)


def test_a_repair_link_speaks_the_language_of_the_country() -> None:
    for name, locale in (("erebor_mx_retail", "es"), ("ofmockbank_br_retail", "pt"), ("gringotts_co_retail", "es")):
        outcome, _ = send("repair_link", sample("token_ok.json"), schema=institution(name))

        assert f"locale={locale}" in str(got(outcome).url.reveal())


def test_a_repair_link_shows_its_address_and_our_keys_to_nobody() -> None:
    exchanges: list[Exchange] = []

    outcome, _ = send("repair_link", sample("token_ok.json"), exchanges=exchanges)

    shown = repr([outcome, exchanges])
    assert sample_json("token_ok.json")["access"] not in shown
    assert "password-of-tests" not in shown


def test_no_token_is_no_repair_link() -> None:
    for answer in (as_json({}), as_json({"access": ""}), as_json([]), Answer(cut=True)):
        outcome, _ = send("repair_link", answer)

        assert isinstance(outcome, Unavailable)
        assert not outcome.maybe_applied, "a token that nobody holds changes nothing"


def test_consents_are_shown_without_name_and_document() -> None:
    exchanges: list[Exchange] = []
    base = link("link_detail_openfinance.json")

    outcome, asked = send(
        "consents", sample("consent_list.json"), base=base, exchanges=exchanges, user_document="111.444.777-35"
    )

    table = got(outcome)
    assert isinstance(table, LookupTable)
    assert asked[0].path == "/api/consents/?user_document=11144477735&page_size=100"
    assert table.rows == (
        (
            *("this link", "OF Mock Bank by Raidiam", "given", "2025-08-21 13:05 UTC", "2026-08-22 13:05 UTC"),
            *("366 days", "accounts, credit cards, credit operations, register, resources"),
        ),
    )
    shown = repr([table, exchanges])
    assert "Marina" not in shown
    assert "11144477735" not in shown
    assert "111.444" not in shown


@pytest.mark.parametrize("document", ["123", "not digits", "1" * 15, ""])
def test_a_document_number_of_the_wrong_length_is_not_sent(document: str) -> None:
    outcome, asked = send("consents", sample("consent_list.json"), user_document=document)

    assert isinstance(outcome, FieldErrors)
    assert set(outcome.errors) == {"user_document"}
    assert asked == []


def test_no_consent_and_somebody_elses_consents_are_told_apart() -> None:
    none, _ = send("consents", sample("link_list_empty.json"), user_document="11144477735")
    others, _ = send("consents", sample("consent_list.json"), user_document="11144477735")

    assert "no consent" in got(none).note
    assert "another person" in got(others).note
    assert got(others).rows[0][0] == "another link"
