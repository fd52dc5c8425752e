"""A remote of one's own: the emulators with a fresh world, over real HTTP on a free port."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from providers.sandbox import Sandbox, application, find_sandboxes, serve


@dataclass(frozen=True)
class Emulator:
    """`environment` points an integration at it; `belvo` is the emulator itself: clock, faults, log of effects."""

    url: str
    environment: dict[str, str]
    sandboxes: dict[str, Sandbox]

    @property
    def belvo(self) -> Sandbox:
        return self.sandboxes["belvo"]


@contextmanager
def running() -> Iterator[Emulator]:
    sandboxes = {slug: sandbox() for slug, sandbox in find_sandboxes().items()}
    with serve(application(sandboxes)) as server:
        environment = {"INTEGRATIONS": ",".join(sandboxes)}
        for slug, sandbox in sandboxes.items():
            environment |= sandbox.environment(f"{server.url}/{slug}")
        yield Emulator(server.url, environment, sandboxes)
