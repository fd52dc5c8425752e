"""Calls to providers stay for a while, and their removal is on record."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from dashboard.models import ApiCall, AuditEntry
from dashboard.services import call_log
from dashboard.services.audit import AuditUnavailable

pytestmark = pytest.mark.django_db


def call(days: float) -> ApiCall:
    at = timezone.now() - timedelta(days=days)
    return ApiCall.objects.create(at=at, integration="belvo", method="GET", path_template="/", path="/", duration_ms=1)


def removals() -> list[int]:
    entries = AuditEntry.objects.filter(action="calls.pruned").order_by("seq")
    return [json.loads(entry.body)["removed"] for entry in entries]


def test_old_calls_go_and_the_others_stay() -> None:
    old, young = [call(days).pk for days in (91, 400)], call(89.9)

    assert call_log.prune() == len(old)

    assert list(ApiCall.objects.values_list("pk", flat=True)) == [young.pk]
    assert removals() == [2]


def test_nothing_to_remove_is_no_entry() -> None:
    call(1)

    assert call_log.prune() == 0
    assert removals() == []


def test_they_go_in_batches_each_with_its_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call_log, "BATCH_ROWS", 2)
    for days in (100, 101, 102):
        call(days)

    assert call_log.prune() == 3
    assert removals() == [2, 1]


@pytest.mark.django_db(transaction=True)
def test_without_an_entry_nothing_is_removed(settings: Any) -> None:
    call(100)
    settings.AUDIT_KEYS = []

    with pytest.raises(AuditUnavailable):
        call_log.prune()

    assert connection.in_atomic_block is False
    assert ApiCall.objects.count() == 1


def test_how_long_is_a_setting(settings: Any) -> None:
    settings.API_CALLS_KEPT_DAYS = 5
    call(6)

    assert call_log.prune() == 1
