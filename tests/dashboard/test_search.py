"""Finding accounts by whatever a person reads out on the phone."""

from __future__ import annotations

import pytest

from dashboard.models import ApiCall, LinkedAccount
from dashboard.query_text import QueryTooLong, clean
from dashboard.services.search import find
from tests.dashboard import accounts

pytestmark = pytest.mark.django_db


@pytest.fixture
def wanted() -> LinkedAccount:
    """Return one account among others that must never be found instead of it."""
    for _ in range(3):
        accounts.account(accounts.customer())
    owner = accounts.customer("María Núñez", email="Maria.Nunez@Mail.Example", reference="cust_100%\\x")
    return accounts.account(
        owner, title="Banco Ávila", remote_id="6ba7b810-9dad-11d1-80b4-00c04fd430c8", tags=["a@b.example"]
    )


@pytest.mark.parametrize(
    "query",
    [
        "maria.nunez@mail.example",
        "MARIA.NUNEZ@",
        "María Núñez",
        "núñez maría",
        "MARÍA",
        "cust_100%\\x",
        "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
        "6ba7b8109dad11d180b400c04fd430c8",
        "6BA7B810-9DAD-11D1-80B4-00C04FD430C8",
        "  6ba7b810  ",
        "banco ávila",
        "a@b.example",
        "\u202emaría\u202c",
        "maría\x00",
    ],
)
def test_everything_shown_of_an_account_finds_it(wanted: LinkedAccount, query: str) -> None:
    assert [found.pk for found in find(query)] == [wanted.pk]


def test_our_own_id_finds_it(wanted: LinkedAccount) -> None:
    assert find(str(wanted.pk)).get() == wanted
    assert find(wanted.pk.hex).get() == wanted


@pytest.mark.parametrize("query", ["0F3C-11", "0f3c11", "0f3c-11"])
def test_a_request_id_finds_the_account_it_was_about(wanted: LinkedAccount, query: str) -> None:
    ApiCall.objects.create(
        integration="belvo",
        account=wanted,
        method="GET",
        path_template="/api/links/{id}/",
        path="/",
        duration_ms=1,
        request_id="0f3c-11",
        request_id_key="0f3c11",
    )

    assert find(query).get() == wanted


@pytest.mark.parametrize("query", ["%", "cust_1000", "cust%x", "María\nLópez", "' OR 1=1 --"])
def test_wildcards_and_quotes_stand_for_themselves(wanted: LinkedAccount, query: str) -> None:
    assert all(query in account.search_text for account in find(query))


def test_accents_count_as_typed(wanted: LinkedAccount) -> None:
    assert not find("maria nuñez").exists()


def test_an_empty_query_matches_all(wanted: LinkedAccount) -> None:
    assert find(" \x00\u202e ").count() == LinkedAccount.objects.count()


def test_what_cannot_be_seen_is_not_searched_for() -> None:
    assert clean("a\x00b\u202ec\ud800d\n e") == "a b c d e"


def test_joiners_inside_names_stay() -> None:
    assert clean("می\u200cخواهم") == "می\u200cخواهم"


def test_ten_kilobytes_are_no_query() -> None:
    with pytest.raises(QueryTooLong):
        clean("x" * 10_000)


def test_a_pasted_mess_of_invisible_characters_is_no_query() -> None:
    assert clean("\u202e" * 10_000) == ""
