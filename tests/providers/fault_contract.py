"""The contract of a provider over a wire that breaks: every fault of `faults.py`, met by everything it can do.

A provider subclasses `FaultContract` and names its `contract`, whose `entries` are typed. What its `passes` says of is
read from the emulator all the same, so that a write that reads first comes as far as its write. The transport's own
tests prove each fault by itself; here the deadlines are short, and what counts is what each operation makes of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import urlencode

import pytest

from providers.base import Action, Capability, Effect, Provider
from providers.fields import FieldValue
from providers.http import ApiSession, NoReply, Reply
from providers.outcomes import Accepted, NeedsToken, Ok, Outcome, Unavailable
from providers.plan import Plan
from providers.secrets import Secret

from .contract import Impatient, ProviderContract, Remote, remote_of
from .faults import FAULTS, FaultServer, nobody_listens

DEADLINE_S = 0.25
# Where it matters that the request has arrived, also on a machine that is busy.
LONG_DEADLINE_S = 1.5
_ARGUMENTS = {"retry_after": "1", "status": "503", "says": "{}", "says_text": "no", "unavailable_until": "1"}
# `raw` needs bytes of a test's own. A bomb takes longer to make than these deadlines; it is tested with the transport.
_LEFT_OUT = {"raw", "gzip_bomb"}
FAULT_NAMES = sorted(f"{n}={_ARGUMENTS[n]}" if n in _ARGUMENTS else n for n in FAULTS.keys() - _LEFT_OUT)
# Sound HTTP with a sound body, though not one that means anything to us.
WHOLE = {"good", "gzip_good", "interim_then_good", "elsewhere", "cookies", "says={}", "lone_surrogates"}
# A request may have arrived, and there is no usable answer.
IN_DOUBT = ("silence", "reset_after_request", "close_after_request", "html_200", "drip_body", "truncated_json")


@dataclass(frozen=True)
class Prepared:
    """One action, decided on an account of the emulator; nothing of it was sent."""

    action: Action
    plan: Plan
    values: Mapping[str, FieldValue]
    secrets: Mapping[str, Secret]

    def send(self, provider: Provider) -> Outcome:
        return provider.send(self.plan, self.values, self.secrets)


@dataclass(frozen=True)
class World:
    """An emulator, every action prepared, and an open challenge if the provider has such a thing."""

    remote: Remote
    prepared: tuple[Prepared, ...]
    challenge: Any

    def at(
        self,
        url: str,
        passes: Callable[[str, str], bool],
        settings: Mapping[str, str],
        deadline_s: float = DEADLINE_S,
    ) -> Provider:
        """Return a provider that meets whatever is at `url`, but for what the emulator answers."""
        prefix = self.remote.slug.upper()
        environment = {**self.remote.environment, **{f"{prefix}_{name}": text for name, text in settings.items()}}
        sound = self.remote._provider(environment, None)
        broken = self.remote._provider({**environment, f"{prefix}_URL": url}, deadline_s)
        return type(broken)(broken.config, Split(sound.session, broken.session, passes))


@pytest.mark.faults
class FaultContract:
    contract: ClassVar[type[ProviderContract]]
    # Settings with which a call needs no other one before it, such as one for a token.
    without_sign_in: ClassVar[Mapping[str, str]] = {}

    @pytest.mark.parametrize("fault", FAULT_NAMES)
    def test_no_fault_reads_as_an_answer(self, world: World, fault_server: FaultServer, fault: str) -> None:
        known = world.remote.snapshots[0]
        schema_key = next(iter(world.remote.schemas), "")

        def provider() -> Provider:
            return world.at(fault_server.url(fault), lambda method, path: False, self.without_sign_in)

        reads: dict[str, Callable[[], Any]] = {
            "list": lambda: provider().list(),
            "fetch": lambda: provider().fetch(known.remote_id),
        }
        if schema_key:
            reads["list_schemas"] = lambda: provider().list_schemas()
            reads["fetch_schema"] = lambda: provider().fetch_schema(schema_key)
        if not provider().names_customers:
            reads["list_of_customer"] = lambda: provider().list_of_customer("anybody")

        # Of a check only that it does not raise: where the remote documents no body for it, the status is all there is.
        answers = _at_once(reads | {"check": lambda: provider().check()})

        taken = [name for name in reads if isinstance(answers[name], Ok)]
        assert not taken, taken

    @pytest.mark.parametrize("fault", FAULT_NAMES)
    def test_no_fault_reads_as_done_and_none_is_sent_twice(
        self, world: World, fault_server: FaultServer, fault: str
    ) -> None:
        outcomes = self.sent(world, fault_server.url(fault))

        for prepared in world.prepared:
            outcome, effect = outcomes[prepared.action.name], prepared.action.effect
            # Any answer without an error may be a delete's; only reading back says that the account is gone.
            if effect != Effect.DELETE:
                assert not isinstance(outcome, Ok | NeedsToken), prepared.action.name
            # A whole answer may say that work has begun somewhere; it is read back, and done only on evidence.
            assert fault in WHOLE or effect == Effect.DELETE or not isinstance(outcome, Accepted), prepared.action.name
        assert not isinstance(outcomes.get("resume"), Ok | Accepted)
        arrived = Counter(f"{one.method} {one.path}" for one in fault_server.arrived_at(fault))
        planned = Counter(f"{one.plan.call.method} {one.plan.call.path}" for one in world.prepared)
        assert all(count <= max(1, planned[call]) for call, count in arrived.items()), arrived

    @pytest.mark.parametrize("fault", IN_DOUBT)
    def test_what_may_have_arrived_is_in_doubt(self, world: World, fault_server: FaultServer, fault: str) -> None:
        outcomes = self.sent(world, fault_server.url(fault), LONG_DEADLINE_S)

        for prepared in world.prepared:
            outcome, effect = outcomes[prepared.action.name], prepared.action.effect
            if effect == Effect.DELETE and isinstance(outcome, Ok | Accepted):
                continue
            assert isinstance(outcome, Unavailable), f"{prepared.action.name}: {outcome}"
            assert outcome.maybe_applied == (effect in {Effect.WRITE, Effect.DELETE}), prepared.action.name
        if "resume" in outcomes:
            assert isinstance(outcomes["resume"], Unavailable) and outcomes["resume"].maybe_applied

    def test_nobody_there_is_said_so_and_nothing_is_in_doubt(self, world: World) -> None:
        with nobody_listens() as url:
            outcomes = self.sent(world, url, LONG_DEADLINE_S)

        for name, outcome in outcomes.items():
            assert isinstance(outcome, Unavailable), f"{name}: {outcome}"
            assert (outcome.rule.code, outcome.maybe_applied) == ("unreachable", False), name

    def test_no_key_follows_a_redirect(self, world: World, fault_server: FaultServer) -> None:
        self.sent(world, fault_server.url("redirect"))
        world.at(fault_server.url("redirect"), lambda method, path: False, self.without_sign_in).list()

        assert fault_server.arrived_at("redirect") != []
        assert fault_server.arrived_at("elsewhere") == []

    @pytest.fixture(scope="class")
    @classmethod
    def world(cls) -> Iterator[World]:
        with remote_of(cls.contract.slug) as remote:
            contract = cls.contract()
            prepared = []
            for action in remote.provider.actions:
                plan, secrets, values = contract.plan_of(remote, action)
                prepared.append(Prepared(action, plan, values, secrets))
            can_resume = Capability.RESUME in remote.provider.capabilities
            yield World(remote, tuple(prepared), remote.challenge(contract) if can_resume else None)

    def sent(self, world: World, url: str, deadline_s: float = DEADLINE_S) -> dict[str, Outcome]:
        """Send every action, and answer the open challenge, to what is at `url`; return the outcomes by name."""

        def provider() -> Provider:
            return world.at(url, self.contract.passes, self.without_sign_in, deadline_s)

        asks: dict[str, Callable[[], Outcome]] = {
            one.action.name: lambda one=one: one.send(provider())  # type: ignore[misc]
            for one in world.prepared
        }
        if world.challenge is not None:
            asks["resume"] = lambda: provider().resume(world.challenge, Secret("123456"))
        return _at_once(asks)


class Split(ApiSession):
    """Reads what `passes` says of from a sound remote; everything else goes to a broken one."""

    def __init__(self, sound: ApiSession, broken: Impatient, passes: Callable[[str, str], bool]) -> None:
        self.__dict__.update(broken.__dict__)
        self._sound, self._broken, self._passes = sound, broken, passes

    def request(self, method: str, path: str, **options: Any) -> Reply | NoReply:
        query = urlencode(options.get("params") or {})
        session = self._sound if self._passes(method, f"{path}?{query}") else self._broken
        return session.request(method, path, **options)


def _at_once(asks: Mapping[str, Callable[[], Any]]) -> dict[str, Any]:
    """Do all of it at the same time: most faults are waited for until the deadline."""
    with ThreadPoolExecutor(len(asks)) as pool:
        waiting = {name: pool.submit(ask) for name, ask in asks.items()}
        return {name: future.result() for name, future in waiting.items()}
