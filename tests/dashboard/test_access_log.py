"""Who looked at what."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from dashboard.models import AuditEntry
from dashboard.services.access_log import ONE_LOOK, record_read
from dashboard.services.audit import Actor, Target

pytestmark = pytest.mark.django_db

MARIA, JOHN = Actor("1", "Maria", "agent"), Actor("2", "John", "agent")
ONE, OTHER = Target("acc-1", "belvo: one"), Target("acc-2", "belvo: other")
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def test_opening_a_page_is_on_record():
    entry = record_read(MARIA, ONE, "account.read")

    assert (entry.kind, entry.action, entry.actor, entry.target_id) == ("read", "account.read", "Maria", "acc-1")


def test_reloading_it_is_the_same_look():
    with time_machine.travel(NOON, tick=False) as clock:
        for _ in range(5):
            record_read(MARIA, ONE, "account.read")
            clock.shift(timedelta(minutes=3))

    assert AuditEntry.objects.count() == 1


def test_a_quarter_of_an_hour_later_it_is_another_look():
    with time_machine.travel(NOON, tick=False) as clock:
        record_read(MARIA, ONE, "account.read")
        clock.shift(ONE_LOOK + timedelta(seconds=1))
        record_read(MARIA, ONE, "account.read")

    assert AuditEntry.objects.count() == 2


def test_another_person_thing_or_page_is_another_look():
    for actor, target, action in (
        (MARIA, ONE, "account.read"),
        (JOHN, ONE, "account.read"),
        (MARIA, OTHER, "account.read"),
        (MARIA, ONE, "customer.read"),
        (MARIA, None, "audit.read"),
    ):
        record_read(actor, target, action)

    assert AuditEntry.objects.count() == 5


@pytest.mark.django_db(transaction=True)
def test_reading_goes_on_while_the_log_cannot_be_written(settings):
    settings.AUDIT_KEYS = []

    assert record_read(MARIA, ONE, "account.read") is None

    assert not AuditEntry.objects.exists()
