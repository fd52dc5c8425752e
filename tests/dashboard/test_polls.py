"""What pages ask for by themselves keeps no abandoned session alive."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.access_walk import patterns

ROOT = Path(__file__).resolve().parents[2]
_POLL = re.compile(r'hx-get="\{% url \'([a-z_-]+)\'[^"]*"[^>]*hx-trigger="[^"]*every ')


def polled_names() -> set[str]:
    pages = (path.read_text(encoding="utf-8") for path in (ROOT / "templates").rglob("*.html"))
    return {name for page in pages for name in _POLL.findall(page)}


def test_there_are_polls() -> None:
    assert {"operation-status", "approval-detail"} <= polled_names()


@pytest.mark.parametrize("name", sorted(polled_names() | {"linked-account-table"}))
def test_a_poll_is_marked_as_one(name: str) -> None:
    view = next(pattern.callback for pattern in patterns() if pattern.name == name)

    assert getattr(view, "is_poll", False), f"{name} is asked for by pages themselves: mark it with @polled"
