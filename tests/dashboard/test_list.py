"""The list of linked accounts over the test client: counts, filters, search, polls, empty states, query counts."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from dashboard.forms.filters import SORT_WORDS, LinkedAccountFilter
from dashboard.models import LinkedAccount
from dashboard.services import account_list
from providers.attention import Attention
from providers.config import read_configuration
from tests import people
from tests.dashboard import accounts
from tests.dashboard.pages import besides_the_look

pytestmark = pytest.mark.django_db
MOST_QUERIES = 8
PARTIAL = {"HTTP_HX_REQUEST": "true", "HTTP_HX_REQUEST_TYPE": "partial"}


@pytest.fixture
def viewer(client: Client) -> Client:
    client.force_login(people.member("viewer"))
    return client


@pytest.fixture(autouse=True)
def belvo_is_configured(settings: Any) -> None:
    settings.INTEGRATIONS = read_configuration(
        {
            "INTEGRATIONS": "belvo",
            "BELVO_URL": "http://127.0.0.1:1/belvo",
            "BELVO_SECRET_ID": "x",
            "BELVO_SECRET_PASSWORD": "y",
        }
    )


def page(client: Client, query: str = "", **headers: Any) -> str:
    response = client.get(f"{reverse('linked-account-list')}{query}", **headers)
    assert response.status_code == 200
    return response.content.decode()


def rows(html: str) -> list[str]:
    return re.findall(r'<tr id="linked-account-([0-9a-f-]{36})"', html)


def count_of(html: str, word: str) -> int:
    found = re.search(rf"<b>(\d+)</b><span>{word}</span>", html)
    return int(found[1]) if found else 0


def poll_address(html: str) -> str:
    found = re.search(r'id="linked-account-table"[^>]*hx-get="([^"]+)"', html)
    assert found
    return found[1].replace("&amp;", "&")


def poll(client: Client, address: str) -> HttpResponse:
    return client.get(address, **PARTIAL)


# -- counts and filters


def test_counts_are_exact_and_leave_the_attention_filter_aside(viewer: Client) -> None:
    for attention, number in ((Attention.NEEDS_CODE, 2), (Attention.NEEDS_PASSWORD, 3), (Attention.HEALTHY, 4)):
        for _ in range(number):
            accounts.account(attention=attention)
    accounts.account(attention=Attention.ENDED, gone_at=accounts.NOW)

    html = page(viewer, "?attention=needs_code")

    assert [count_of(html, word) for word in ("All", "Needs code", "Needs password", "Healthy", "Ended")] == [
        9,
        2,
        3,
        4,
        1,
    ]
    assert len(rows(html)) == 2


def test_a_count_keeps_the_other_filters(viewer: Client) -> None:
    accounts.institution("azul_mx_retail", "Banco Azul")
    accounts.account(attention=Attention.NEEDS_CODE)

    html = page(viewer, "?institution=azul_mx_retail&after=zzz")

    assert 'href="/linked-accounts/?institution=azul_mx_retail&amp;attention=needs_code"' in html


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("integration=belvo", {"plain", "stale", "theirs"}),
        ("institution=rojo", {"stale"}),
        ("fresh=stale", {"stale"}),
        ("fresh=expiring", {"theirs"}),
        ("customer=has", {"theirs"}),
        ("customer=none", {"plain", "stale"}),
        ("ended=on", {"plain", "stale", "theirs", "gone"}),
        ("attention=ended", {"gone"}),
        ("attention=healthy&customer=has", {"theirs"}),
    ],
)
def test_each_filter_narrows_the_list(viewer: Client, query: str, wanted: set[str]) -> None:
    accounts.institution("rojo", "Banco Rojo")
    now = timezone.now()
    made = {
        "plain": accounts.account(checked_at=now),
        "stale": accounts.account(schema_key="rojo", checked_at=now - timedelta(days=1)),
        "theirs": accounts.account(accounts.customer(), checked_at=now, expires_at=now + timedelta(days=3)),
        "gone": accounts.account(attention=Attention.ENDED, gone_at=now, checked_at=now),
    }

    found = rows(page(viewer, f"?{query}"))

    assert set(found) == {str(made[name].pk) for name in wanted}


def test_a_wrong_filter_value_is_named_and_left_aside(viewer: Client) -> None:
    account = accounts.account()

    html = page(viewer, "?attention=melted&sort=up&fresh=%00")

    assert "melted" in html
    assert rows(html) == [str(account.pk)]


def test_every_order_of_the_form_is_one_of_the_list() -> None:
    assert set(SORT_WORDS) == set(account_list.SORTS)


def test_the_sorted_column_says_so(viewer: Client) -> None:
    accounts.account()

    html = page(viewer, "?sort=-since")

    assert re.search(
        r'<th scope="col" class="col-4" aria-sort="descending"><a class="sort" href="[^"]*sort=since"', html
    )


# -- search


@pytest.mark.parametrize("query", ["maria@mail.example", "cust-77", "c7d9a1e0-0000-4000-8000-000000000001"])
def test_a_single_hit_opens_the_account(viewer: Client, query: str) -> None:
    owner = accounts.customer(email="maria@mail.example", reference="cust-77")
    account = accounts.account(owner, remote_id="c7d9a1e0-0000-4000-8000-000000000001")
    accounts.account()

    response = viewer.get(reverse("linked-account-list"), {"q": query})

    assert response.status_code == 302
    assert response["Location"] == reverse("linked-account-detail", args=[account.pk])


def test_many_hits_stand_together_by_customer(viewer: Client) -> None:
    first, second = accounts.customer("Ana Prado"), accounts.customer("Ana Zamora")
    made = [accounts.account(owner) for owner in (second, first, second, first)]

    html = page(viewer, "?q=ana")

    assert rows(html) and set(rows(html)[:2]) == {str(made[1].pk), str(made[3].pk)}
    assert html.index("Ana Prado") < html.index("Ana Zamora")
    assert html.count('class="group"') == 2


def test_a_single_hit_under_further_filters_stays_a_list(viewer: Client) -> None:
    accounts.account(accounts.customer("Ana Prado"), attention=Attention.NEEDS_CODE)

    assert len(rows(page(viewer, "?q=ana&attention=needs_code"))) == 1


@pytest.mark.parametrize("query", ["x" * 10_000, "ana " * 3_000])
def test_a_query_of_ten_kilobytes_gets_a_clear_answer(viewer: Client, query: str) -> None:
    accounts.account()

    response = viewer.get(reverse("linked-account-list"), {"q": query})

    assert response.status_code == 200
    assert "longer than 200 characters" in response.content.decode()
    assert not rows(response.content.decode())


@pytest.mark.parametrize("query", ["%00", "%E2%80%AE", "%ED%A0%80", "%FF%FE", "a%00b", "[[[", "%25"])
def test_odd_characters_never_break_the_page(viewer: Client, query: str) -> None:
    accounts.account()
    accounts.account()

    page(viewer, f"?q={query}")


def test_names_are_escaped_and_keep_their_own_direction(viewer: Client) -> None:
    accounts.account(accounts.customer("<script>alert(1)</script>"))
    accounts.account(accounts.customer("محمد عبد الله"))

    html = page(viewer)

    assert "<script>alert" not in html
    assert 'dir="auto">محمد عبد الله</a>' in html


# -- empty states


def test_without_accounts_it_says_how_to_fetch_them(viewer: Client) -> None:
    assert "manage.py sync" in page(viewer)


def test_without_a_provider_it_shows_the_settings_lines(viewer: Client, settings: Any) -> None:
    settings.INTEGRATIONS = read_configuration({})

    html = page(viewer)

    assert "INTEGRATIONS=belvo" in html
    assert "manage.py demo" in html


def test_no_match_names_the_filter_that_excludes_most(viewer: Client) -> None:
    for _ in range(3):
        accounts.account(accounts.customer("Ana"))
    accounts.account(attention=Attention.NEEDS_CODE)

    html = page(viewer, "?q=ana&attention=needs_code")

    assert html.index("Without <bdi>Needs code</bdi>: 3 accounts") < html.index(
        "Without <bdi>Search “ana”</bdi>: 1 account<"
    )


def test_no_match_offers_the_ended_ones(viewer: Client) -> None:
    accounts.account(accounts.customer("Ana"), attention=Attention.ENDED, gone_at=accounts.NOW)

    html = page(viewer, "?q=ana")

    assert "Show ended ones too: 1 account" in html
    assert 'href="/linked-accounts/?q=ana&amp;ended=on"' in html


# -- pages


def test_the_next_page_keeps_the_filters(viewer: Client) -> None:
    LinkedAccount.objects.bulk_create([accounts.unsaved() for _ in range(60)])

    first = page(viewer, "?attention=healthy")
    following = re.search(r'rel="next" href="([^"]+)"', first)
    assert following
    second = viewer.get(following[1].replace("&amp;", "&")).content.decode()

    assert len(rows(first)) == 50
    assert len(rows(second)) == 10
    assert not set(rows(first)) & set(rows(second))
    assert 'rel="prev"' in second and 'rel="next"' not in second


# -- live rows


def test_a_poll_without_news_is_204(viewer: Client) -> None:
    accounts.account()
    address = poll_address(page(viewer))

    response = poll(viewer, address)

    assert response.status_code == 204
    assert "HX-Request-Type" in response["Vary"]


def test_a_changed_row_comes_in_its_old_place_with_new_counts(viewer: Client) -> None:
    made = [accounts.account() for _ in range(3)]
    html = page(viewer)
    changed = made[2]
    LinkedAccount.objects.filter(pk=changed.pk).update(
        attention=Attention.NEEDS_CODE, version=changed.version + 1, changed_at=timezone.now() + timedelta(days=900)
    )

    answer = poll(viewer, poll_address(html)).content.decode()

    assert rows(answer) == rows(html)
    assert "Needs code" in answer
    assert "Refresh the order" in answer
    assert count_of(answer, "Needs code") == 1
    assert '<hx-partial hx-target="#account-counts" hx-swap="outerMorph">' in answer


def test_a_renamed_customer_is_news(viewer: Client) -> None:
    owner = accounts.customer("Ana")
    accounts.account(owner)
    html = page(viewer)
    owner.name = "Ana María"
    owner.save()

    assert "Ana María" in poll(viewer, poll_address(html)).content.decode()


@pytest.mark.parametrize("shown", ["", "x", "é", "AAAA", "A" * 5_000])
def test_a_poll_for_nothing_goes_to_the_list(viewer: Client, shown: str) -> None:
    response = viewer.get(reverse("linked-account-table"), {"shown": shown, "q": "ana"}, **PARTIAL)

    assert response.status_code == 302
    assert response["Location"] == "/linked-accounts/?q=ana"


def test_a_page_and_a_fragment_hold_the_same_bytes(viewer: Client) -> None:
    accounts.account()

    fragment = page(viewer, **PARTIAL)

    assert fragment.startswith('<div class="stack" id="linked-account-list">')
    assert fragment.strip() in page(viewer)


def test_the_back_button_gets_a_whole_page(viewer: Client) -> None:
    assert "<html" in page(viewer, HTTP_HX_REQUEST="true", HTTP_HX_REQUEST_TYPE="full")


def test_a_filter_changed_by_htmx_pushes_a_clean_address(viewer: Client) -> None:
    response = viewer.get(reverse("linked-account-list"), {"customer": "has", "fresh": "", "sort": ""}, **PARTIAL)

    assert response["HX-Push-Url"] == "/linked-accounts/?customer=has"


# -- cost


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?q=person",
        "?q=6ba7b8109dad11d180b400c04fd430c8",
        "?q=nobody+at+all&attention=needs_code&institution=azul_mx_retail&customer=has&fresh=stale",
        "?attention=needs_code&integration=belvo&institution=azul_mx_retail&fresh=stale&customer=has&ended=on&sort=-customer",
        *(f"?sort={sort}" for sort in account_list.SORTS),
    ],
)
def test_at_most_eight_queries_whatever_the_filter(viewer: Client, query: str) -> None:
    accounts.institution("azul_mx_retail", "Banco Azul")
    people_ = [accounts.customer() for _ in range(20)]
    LinkedAccount.objects.bulk_create([accounts.unsaved(people_[number % 20]) for number in range(60)])

    page(viewer, query)  # a search is put on record once; from then on it is only looked up whether it is
    with CaptureQueriesContext(connection) as asked:
        page(viewer, query)

    of_the_page = besides_the_look(asked)
    assert len(of_the_page) <= MOST_QUERIES, [sql[:120] for sql in of_the_page]


def test_a_poll_takes_at_most_eight_queries(viewer: Client) -> None:
    account = accounts.account(accounts.customer())
    address = poll_address(page(viewer))
    LinkedAccount.objects.filter(pk=account.pk).update(version=9)

    with CaptureQueriesContext(connection) as asked:
        assert poll(viewer, address).status_code == 200

    assert len(asked) <= MOST_QUERIES


def test_institutions_of_one_name_are_told_apart_in_the_filter() -> None:
    known = [("erebor_co", "Erebor Bank"), ("erebor_mx", "Erebor Bank"), ("lorien", "Lórien")]

    form = LinkedAccountFilter({}, institutions=known)

    labels = [label for _, label in form.fields["institution"].choices]
    assert labels == ["Any", "Erebor Bank (erebor_co)", "Erebor Bank (erebor_mx)", "Lórien"]


def test_a_first_run_names_what_each_provider_needs(client: Client, settings: Any) -> None:
    settings.INTEGRATIONS = read_configuration({})
    client.force_login(people.member("agent"))

    told = " ".join(re.sub(r"<[^>]+>", " ", client.get("/linked-accounts/").content.decode()).split())

    for provider in ("Belvo", "MoneyKit", "Flxpoint", "Linkar"):
        assert provider in told
    assert "INTEGRATIONS=flxpoint" in told and "FLXPOINT_TOKEN=…" in told
