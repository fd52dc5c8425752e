"""An emulated MoneyKit for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .support import Remote, running


@pytest.fixture
def moneykit_remote() -> Iterator[Remote]:
    with running() as found:
        yield found
