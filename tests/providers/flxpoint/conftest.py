"""Emulated Flxpoints with a provider that speaks to them, without our own limit unless it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from providers.flxpoint.provider import Flxpoint
from providers.flxpoint.sandbox import ACCOUNT_TOKEN, FlxpointSandbox
from providers.sandbox import application, serve
from providers.secrets import Secret

from .support import flxpoint


@pytest.fixture
def emulated() -> Iterator[Callable[..., tuple[FlxpointSandbox, Flxpoint]]]:
    """Return a function that starts an emulator with some settings of its control plane, and a provider for it."""
    with ExitStack() as stack:

        def start(*, config: dict[str, Any] | None = None, **settings: Any) -> tuple[FlxpointSandbox, Flxpoint]:
            box = FlxpointSandbox(slow_s=0.2)
            for name, value in settings.items():
                assert name in box.settings(), name
                setattr(box, name, value)
            server = stack.enter_context(serve(application({"flxpoint": box})))
            return box, flxpoint(f"{server.url}/flxpoint", **{"TOKEN": Secret(ACCOUNT_TOKEN), **(config or {})})

        yield start
