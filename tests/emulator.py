"""A remote of one's own: the emulators with a fresh world, over real HTTP on a free port."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast

from providers.flxpoint.sandbox import FlxpointSandbox
from providers.linkar.sandbox import LinkarSandbox
from providers.moneykit.sandbox import MoneyKitSandbox
from providers.sandbox import DESK_URL, Sandbox, application, environment_of, find_sandboxes, serve


@dataclass(frozen=True)
class Emulator:
    """`environment` points one integration at each emulator, by its slug.

    `belvo`, `flxpoint`, `linkar` and `moneykit` are the emulators themselves: clock, faults, log of effects, world.
    """

    url: str
    environment: dict[str, str]
    sandboxes: dict[str, Sandbox]

    @property
    def belvo(self) -> Sandbox:
        return self.sandboxes["belvo"]

    @property
    def flxpoint(self) -> FlxpointSandbox:
        return cast(FlxpointSandbox, self.sandboxes["flxpoint"])

    @property
    def linkar(self) -> LinkarSandbox:
        return cast(LinkarSandbox, self.sandboxes["linkar"])

    @property
    def moneykit(self) -> MoneyKitSandbox:
        return cast(MoneyKitSandbox, self.sandboxes["moneykit"])


@contextmanager
def running(desk_url: str = DESK_URL) -> Iterator[Emulator]:
    sandboxes = {slug: sandbox() for slug, sandbox in find_sandboxes().items()}
    with serve(application(sandboxes)) as server:
        yield Emulator(server.url, environment_of(sandboxes, server.url, desk_url=desk_url), sandboxes)
