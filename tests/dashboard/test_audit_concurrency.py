"""Many writers, one chain: gapless, whole, and nobody's entry lost."""

import threading
import time

import pytest
from django.db import connection, transaction

from dashboard.models import AuditEntry, Customer
from dashboard.services.audit import SYSTEM, AuditUnavailable, Kind, record, verify

from .audit_samples import append

pytestmark = pytest.mark.django_db(transaction=True)

THREADS, EACH = 8, 25


def _in_threads(work):
    """Run `work(number)` in THREADS threads that start together; return what went wrong and the seconds it took."""
    troubles: list[Exception] = []
    together = threading.Barrier(THREADS + 1)

    def run(number: int) -> None:
        try:
            together.wait()
            work(number)
        except Exception as trouble:
            troubles.append(trouble)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    together.wait()
    began = time.monotonic()
    for thread in threads:
        thread.join()
    return troubles, time.monotonic() - began


def test_many_writers_make_one_gapless_chain(record_property):
    def work(number):
        for turn in range(EACH):
            record(Kind.EVENT, "test.happened", actor=SYSTEM, facts={"thread": number, "turn": turn})

    troubles, seconds = _in_threads(work)

    record_property("appends_per_s", round(THREADS * EACH / seconds))
    assert troubles == []
    assert list(AuditEntry.objects.order_by("seq").values_list("seq", flat=True)) == list(range(1, THREADS * EACH + 1))
    assert verify().ok


def test_changes_that_roll_back_leave_no_gap():
    class _Trouble(Exception):
        pass

    def work(number):
        for turn in range(EACH):
            try:
                with transaction.atomic():
                    Customer.objects.create(reference=f"{number}-{turn}")
                    record(Kind.EVENT, "customer.created", actor=SYSTEM)
                    if turn % 3 == 0:
                        raise _Trouble
            except _Trouble:
                pass

    troubles, _ = _in_threads(work)

    assert troubles == []
    assert AuditEntry.objects.count() == Customer.objects.count() == verify().seq
    assert verify().ok


def test_verifying_while_others_write_finds_nothing():
    done = threading.Event()

    def work(number):
        if number:
            append(EACH)
            return
        while not done.is_set():
            verification = verify()
            assert verification.ok, verification.findings
            done.wait(0.01)
            if verification.seq >= (THREADS - 1) * EACH:
                return

    threading.Timer(60, done.set).start()
    troubles, _ = _in_threads(work)
    done.set()

    assert troubles == []


def test_a_writer_that_holds_the_chain_too_long_makes_the_others_give_up(monkeypatch):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has the time-out of its connection")
    monkeypatch.setattr("dashboard.services.audit.LOCK_TIMEOUT_MS", 200)
    held, let_go = threading.Event(), threading.Event()

    def hold():
        with transaction.atomic():
            append()
            held.set()
            let_go.wait(20)
        connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(20)

    with pytest.raises(AuditUnavailable):
        append()
    let_go.set()
    holder.join()

    assert append().seq == 2
