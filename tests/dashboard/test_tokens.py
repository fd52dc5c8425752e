"""Access tokens rest sealed, and one process renews them for all."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from django.db import connection, connections
from django.utils import timezone

from dashboard.models import RemoteToken
from dashboard.tokens import SharedTokens
from providers.secrets import Secret
from providers.tokens import AccessToken

EXPIRES_AT = datetime(2030, 1, 1, tzinfo=UTC)


def token(serial: str) -> AccessToken:
    return AccessToken(Secret(f"canary-token-{serial}"), serial, "keys", EXPIRES_AT)


@pytest.fixture
def store(db: None) -> SharedTokens:
    return SharedTokens()


def test_a_token_comes_back_as_it_was(store: SharedTokens) -> None:
    store.renew("moneykit", "", lambda: token("1"), wait_s=1)

    found = SharedTokens().get("moneykit")

    assert found is not None
    assert found.value.reveal() == "canary-token-1"
    assert (found.serial, found.made_with, found.expires_at) == ("1", "keys", EXPIRES_AT)
    assert store.get("other") is None


def test_the_row_shows_nothing_of_the_token(store: SharedTokens) -> None:
    store.renew("moneykit", "", lambda: token("1"), wait_s=1)

    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM dashboard_remotetoken")
        row = cursor.fetchone()

    assert b"canary" not in b"".join(
        bytes(part) if not isinstance(part, str) else part.encode() for part in row if part
    )


def test_a_token_of_another_row_does_not_open(store: SharedTokens) -> None:
    store.renew("moneykit", "", lambda: token("1"), wait_s=1)
    stolen = RemoteToken.objects.get(pk="moneykit")

    RemoteToken.objects.create(name="other", serial="1", sealed=stolen.sealed)

    assert store.get("other") is None
    assert store.renew("other", "", lambda: token("2"), wait_s=1) is not None


def test_who_comes_too_late_gets_what_was_fetched_meanwhile(store: SharedTokens) -> None:
    store.renew("moneykit", "1", lambda: token("2"), wait_s=1)

    found = store.renew("moneykit", "1", lambda: token("3"), wait_s=1)

    assert found is not None and found.serial == "2"


def test_a_failure_gives_the_lease_back(store: SharedTokens) -> None:
    assert store.renew("moneykit", "", lambda: None, wait_s=1) is None
    with pytest.raises(ZeroDivisionError):
        store.renew("moneykit", "", lambda: token(str(1 // 0)), wait_s=1)

    assert store.renew("moneykit", "", lambda: token("1"), wait_s=0) is not None


def test_the_lease_of_a_process_that_died_ends(store: SharedTokens) -> None:
    row = RemoteToken.objects.create(name="moneykit", lease="dead", lease_until=timezone.now() + timedelta(minutes=1))

    assert store.renew("moneykit", "", lambda: token("1"), wait_s=0.1) is None

    row.lease_until = timezone.now() - timedelta(seconds=1)
    row.save()
    assert store.renew("moneykit", "", lambda: token("1"), wait_s=0.1) is not None


def test_only_the_token_that_was_refused_is_forgotten(store: SharedTokens) -> None:
    store.renew("moneykit", "", lambda: token("2"), wait_s=1)

    store.forget("moneykit", "1")
    assert store.get("moneykit") is not None

    store.forget("moneykit", "2")
    assert store.get("moneykit") is None


@pytest.mark.django_db(transaction=True)
def test_many_threads_make_one_request() -> None:
    fetched, found = count(1), list[AccessToken | None]()

    def fetch() -> AccessToken:
        time.sleep(0.2)
        return token(str(next(fetched)))

    def work() -> None:
        try:
            found.append(SharedTokens().renew("moneykit", "", fetch, wait_s=20))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 8
    assert {one.serial for one in found if one} == {"1"}
    assert next(fetched) == 2
