"""One session gets a token, and all the others use it."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from itertools import count

from providers.secrets import Secret
from providers.tokens import AccessToken, MemoryTokenStore


def token(serial: str) -> AccessToken:
    return AccessToken(Secret(f"value-of-{serial}"), serial, "keys", datetime.now(UTC) + timedelta(hours=1))


def test_a_token_stays_until_it_is_renewed() -> None:
    store = MemoryTokenStore()

    first = store.renew("moneykit", "", lambda: token("1"), wait_s=1)

    assert store.get("moneykit") is first
    assert store.get("other") is None
    assert store.renew("moneykit", "1", lambda: token("2"), wait_s=1) is store.get("moneykit")


def test_who_comes_too_late_gets_what_was_fetched_meanwhile() -> None:
    store = MemoryTokenStore()
    store.renew("moneykit", "1", lambda: token("2"), wait_s=1)

    found = store.renew("moneykit", "1", lambda: token("3"), wait_s=1)

    assert found is not None and found.serial == "2"


def test_thirty_threads_make_one_request() -> None:
    store, fetched, found = MemoryTokenStore(), count(1), list[AccessToken | None]()

    def fetch() -> AccessToken:
        time.sleep(0.05)
        return token(str(next(fetched)))

    threads = [
        threading.Thread(target=lambda: found.append(store.renew("moneykit", "", fetch, wait_s=5))) for _ in range(30)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {one.serial for one in found if one} == {"1"}
    assert len(found) == 30


def test_a_failure_leaves_what_was_there_and_lets_the_next_one_try() -> None:
    store = MemoryTokenStore()

    assert store.renew("moneykit", "", lambda: None, wait_s=1) is None
    assert store.renew("moneykit", "", lambda: token("1"), wait_s=1) is not None


def test_only_the_token_that_was_refused_is_forgotten() -> None:
    store = MemoryTokenStore()
    store.renew("moneykit", "", lambda: token("2"), wait_s=1)

    store.forget("moneykit", "1")
    assert store.get("moneykit") is not None

    store.forget("moneykit", "2")
    assert store.get("moneykit") is None


def test_a_token_shows_nothing() -> None:
    assert "value" not in repr(token("1")).replace("value=", "")
