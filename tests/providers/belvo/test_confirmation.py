"""Reading back: what proves that a write was done, and what proves nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from providers.answers import Snapshot
from providers.fields import FieldValue
from providers.plan import Plan

from .support import institution, link, pure

SENT_AT = datetime(2026, 2, 12, 10, 15, 0, tzinfo=UTC)


def confirmed(
    action: str, after: Snapshot, values: dict[str, FieldValue] | None = None, **before: object
) -> bool | None:
    base = link(**{"last_accessed_at": "2026-01-29T06:00:51Z", **before})
    plan = pure().plan_update(action, base, values or {}, frozenset({"password"}), institution())
    assert isinstance(plan, Plan)
    return pure().confirms(plan, base, after, SENT_AT)


def accessed(seconds: float, **changes: object) -> Snapshot:
    return link(last_accessed_at=(SENT_AT + timedelta(seconds=seconds)).isoformat(), **changes)


def test_a_link_that_became_valid_took_the_new_password() -> None:
    assert confirmed("credentials", link(status="valid")) is True


def test_a_valid_link_needs_a_login_since_the_sending() -> None:
    assert confirmed("credentials", accessed(5, status="valid"), status="valid") is True
    assert confirmed("credentials", accessed(-5, status="valid"), status="valid") is None


def test_an_unchanged_status_shows_nothing() -> None:
    """Belvo may still be signing in."""
    assert confirmed("credentials", link(status="invalid")) is None
    assert confirmed("credentials", link(status="token_required", last_accessed_at=None)) is None


def test_a_refresh_is_shown_by_a_login_since() -> None:
    assert confirmed("refresh", accessed(1), status="valid") is True
    assert confirmed("refresh", accessed(-1), status="valid") is None


@pytest.mark.parametrize(("days", "expected"), [("90d", True), ("365d", False), (None, False)])
def test_settings_are_compared(days: str | None, expected: bool) -> None:
    assert confirmed("settings", link(stale_in=days), {"stale_in": "90"}) is expected


def test_the_order_of_resources_does_not_matter() -> None:
    values: dict[str, FieldValue] = {"fetch_resources": ("ACCOUNTS", "BILLS")}

    assert confirmed("settings", link(fetch_resources=["BILLS", "ACCOUNTS"]), values) is True
    assert confirmed("settings", link(fetch_resources=["BILLS"]), values) is False


def test_a_link_that_can_still_be_read_does_not_show_whether_it_will_be_deleted() -> None:
    assert confirmed("delete", link()) is None
    assert confirmed("repair_link", link()) is None
