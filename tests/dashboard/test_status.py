"""Words for who must act and for how old what is shown is."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from dashboard import status
from providers.attention import Attention
from tests.dashboard import accounts

SPRITE = (Path(__file__).parents[2] / "static" / "icons.svg").read_text()


def test_every_attention_has_its_own_word_and_icon() -> None:
    assert set(status.STATUS) == set(Attention)
    assert len({shown.word for shown in status.STATUS.values()}) == len(Attention)
    assert len({shown.icon for shown in status.STATUS.values()}) == len(Attention)


@pytest.mark.parametrize("shown", status.STATUS.values(), ids=lambda shown: shown.word)
def test_every_icon_is_in_the_sprite(shown: status.Presentation) -> None:
    assert re.search(rf'id="{shown.icon}"', SPRITE)


def test_an_unheard_of_attention_is_unknown() -> None:
    assert status.presentation_of("melted").word == "Unknown"


@pytest.mark.parametrize(
    ("distance", "words"),
    [
        (timedelta(seconds=20), "just now"),
        (timedelta(minutes=2), "2 min ago"),
        (timedelta(hours=5), "5 h ago"),
        (timedelta(days=3), "3 days ago"),
        (timedelta(days=-9), "in 9 days"),
        (timedelta(days=40), "11 Oct 2026"),
    ],
)
def test_distances_in_words(distance: timedelta, words: str) -> None:
    assert status.relative(accounts.NOW - distance, accounts.NOW) == words


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({}, "checked just now"),
        ({"checked_at": None}, "never checked"),
        ({"checked_at": accounts.NOW - timedelta(days=3)}, "stale: 3 days"),
        ({"stale_at": accounts.NOW, "checked_at": accounts.NOW - timedelta(minutes=5)}, "stale: 5 min"),
        ({"expires_at": accounts.NOW + timedelta(days=9)}, "expires in 9 days"),
        ({"expires_at": accounts.NOW - timedelta(days=2)}, "expired 2 days ago"),
        ({"gone_at": accounts.NOW - timedelta(days=2), "expires_at": accounts.NOW}, "ended 2 days ago"),
    ],
)
def test_freshness_in_words(columns: dict[str, object], words: str) -> None:
    assert status.freshness(accounts.unsaved(**columns), accounts.NOW).word == words
