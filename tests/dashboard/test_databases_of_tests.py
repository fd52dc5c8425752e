"""What other tests rely on: isolation without a flush, threads, triggers."""

from __future__ import annotations

import threading

import pytest
from django.db import connection, transaction

from dashboard.models import Customer
from tests import databases


@pytest.mark.django_db
def test_what_a_test_writes_is_rolled_back_first_half() -> None:
    assert not Customer.objects.exists()

    Customer.objects.create(reference="one")


@pytest.mark.django_db
def test_what_a_test_writes_is_rolled_back_second_half() -> None:
    assert not Customer.objects.exists()

    Customer.objects.create(reference="one")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", ["first", "second"])
def test_what_a_test_commits_is_gone_with_its_copy(turn: str) -> None:
    assert not Customer.objects.exists()

    with transaction.atomic():
        Customer.objects.create(reference=turn)


@pytest.mark.django_db(transaction=True)
def test_another_thread_sees_what_was_committed() -> None:
    Customer.objects.create(reference="seen")
    seen: list[str] = []

    def look() -> None:
        seen.extend(Customer.objects.values_list("reference", flat=True))
        connection.close()

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()

    assert seen == ["seen"]


@pytest.mark.django_db(transaction=True)
def test_a_test_that_commits_works_on_a_copy() -> None:
    assert "copy" in databases.current()
