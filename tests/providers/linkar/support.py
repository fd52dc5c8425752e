"""The emulated Linkar and a provider that speaks to it; records, snapshots and plans to try things on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import hypothesis

from providers.answers import Schema, Snapshot
from providers.config import read_configuration
from providers.fields import FieldValue
from providers.http import Exchange
from providers.linkar.provider import Linkar
from providers.linkar.sandbox import LinkarSandbox
from providers.linkar.snapshots import remote_id_of
from providers.outcomes import Ok, Outcome
from providers.plan import Plan
from providers.sandbox import application, serve
from providers.secrets import Secret

SAMPLES = Path(__file__).parent / "samples"
# A machine under load draws slowly; that says nothing about the code.
patient = hypothesis.settings(deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
AM, VM, SM = "\xfe", "\xfd", "\xfc"


@dataclass
class Remote:
    """An installation with one integration. `box` is the emulator; `exchanges` what the call log would keep."""

    box: LinkarSandbox
    root: str
    settings: Mapping[str, str]
    exchanges: list[Exchange] = field(default_factory=list)

    @property
    def provider(self) -> Linkar:
        return self.with_settings()

    def with_settings(self, **settings: str) -> Linkar:
        """Return a provider of the same installation with other settings: FORMAT="xml"."""
        changed = {f"LINKAR_{name}": value for name, value in {**self.settings, **settings}.items()}
        environment = {"INTEGRATIONS": "linkar", **self.box.environment(f"{self.root}/linkar"), **changed}
        found = read_configuration(environment)
        assert not found.problems, found.problems
        values = found.integrations["linkar"].values
        session = Linkar.open_session(values, on_exchange=self.exchanges.append, read_retries=0)
        return Linkar(values, session)

    def record(self, item_id: str, file: str = "ACCOUNTS") -> list[str]:
        return (self.box.world.find(file, item_id) or "").split(AM)

    def snapshot(self, item_id: str, file: str = "ACCOUNTS", provider: Linkar | None = None) -> Snapshot:
        provider = provider or self.provider
        found = provider.options.map.find("apidemo", file)
        assert found is not None
        return got(provider.fetch(remote_id_of(found, item_id)))

    def edit(
        self,
        item_id: str,
        values: Mapping[str, FieldValue] | None = None,
        *,
        file: str = "ACCOUNTS",
        secrets: Mapping[str, str] | None = None,
        provider: Linkar | None = None,
        meanwhile: Mapping[int, str] | None = None,
    ) -> Outcome:
        """Plan an edit on the record as it is now, let somebody else change it `meanwhile`, and send it."""
        provider = provider or self.provider
        plan = self.plan(item_id, values, file=file, secrets=secrets, provider=provider)
        if meanwhile:
            self.box.change(file, item_id, meanwhile)
        sealed = {name: Secret(value) for name, value in (secrets or {}).items()}
        return provider.send(plan, values or {}, sealed)

    def plan(
        self,
        item_id: str,
        values: Mapping[str, FieldValue] | None = None,
        *,
        file: str = "ACCOUNTS",
        secrets: Mapping[str, str] | None = None,
        provider: Linkar | None = None,
    ) -> Plan:
        provider = provider or self.provider
        base = self.snapshot(item_id, file, provider)
        schema = self.schema(base, provider)
        plan = provider.plan_update("edit", base, values or {}, frozenset(secrets or {}), schema)
        assert isinstance(plan, Plan), plan
        return plan

    def schema(self, snapshot: Snapshot, provider: Linkar | None = None) -> Schema:
        return got((provider or self.provider).fetch_schema(snapshot.schema_key))


@contextmanager
def linkar(*, auth: str = "api_key", accounts: int = 37, **settings: str) -> Iterator[Remote]:
    box = LinkarSandbox(auth=auth, accounts=accounts)
    box.slow_s = 0.05
    with serve(application({"linkar": box})) as server:
        yield Remote(box, server.url, settings)


def got(outcome: Any) -> Any:
    assert isinstance(outcome, Ok), outcome
    return outcome.value
