"""What every provider must do, over its emulator and over answers that nobody would send on purpose.

A provider subclasses `ProviderContract` and says: `slug`, `samples` (an answer for every row of its catalogue),
`entries` (what to type into its forms), and `token` and `webhook` (the good code, one delivery) if it has such things.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pytest

from providers.answers import Page, Schema, Snapshot
from providers.attention import Attention
from providers.base import Action, Availability, Capability, Effect, Provider
from providers.config import read_configuration
from providers.errors import BUILT_IN, Becomes, ErrorRule
from providers.fields import Field, FieldValue
from providers.http import ApiSession, Exchange, NoReply, Reply
from providers.outcomes import (
    Accepted,
    Conflict,
    Denied,
    FieldErrors,
    Gone,
    NeedsToken,
    Ok,
    Outcome,
    RateLimited,
    Refused,
    Unavailable,
)
from providers.plan import Plan
from providers.registry import provider_class
from providers.sandbox import application, find_sandboxes, serve
from providers.secrets import Secret

from .canned import Answer, CannedServer

MEMBER_OF = {
    Becomes.FIELD_ERRORS: FieldErrors,
    Becomes.REFUSED: Refused,
    Becomes.CONFLICT: Conflict,
    Becomes.DENIED: Denied,
    Becomes.GONE: Gone,
    Becomes.RATE_LIMITED: RateLimited,
    Becomes.UNAVAILABLE: Unavailable,
}
# Nobody sends these on purpose. None may raise, and none may read as success of a write.
STRANGE_ANSWERS = {
    "html": Answer(200, b"<html><body>Welcome</body></html>", "text/html"),
    "empty": Answer(200, b"", "application/json"),
    "truncated": Answer(200, b'{"id": "a1", "status": "val'),
    "null": Answer(200, b"null"),
    "number": Answer(200, b"17"),
    "list of nonsense": Answer(200, b'[[], null, 5, "x", {}]'),
    "empty object": Answer(200, b"{}"),
    "wrong types": Answer(200, json.dumps({"id": [], "status": {}, "results": {"a": 1}, "next": 7}).encode()),
    "results of nonsense": Answer(200, json.dumps({"results": [None, [], "x", {"id": {}}, {}]}).encode()),
    "error of nonsense": Answer(400, json.dumps([{"code": {}, "message": [], "field": 3}, None]).encode()),
    "unknown code": Answer(400, json.dumps([{"code": "never_heard_of", "message": "What?"}]).encode()),
    "unknown status": Answer(418, b"short and stout", "text/plain"),
    "html error": Answer(502, b"<html>Bad gateway</html>", "text/html"),
    "nul and surrogate": Answer(400, b'[{"code": "a\\u0000b", "message": "\\ud800"}]'),
}
MARK = "canary-7Zq4"


@dataclass(frozen=True)
class Entries:
    """What to type into the form of an action, and the code that answers its challenge."""

    values: dict[str, FieldValue] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Sample:
    """An answer that must lead to the row `code`. `by`: the action that gets it, or the method (resume, list, …)."""

    code: str
    answer: Answer
    by: str

    @property
    def id(self) -> str:
        return f"{self.code}-{self.answer.status}-{self.by}"


class ProviderContract:
    slug: ClassVar[str]
    samples: ClassVar[tuple[Sample, ...]]
    entries: ClassVar[Mapping[str, Entries]]
    token: ClassVar[str] = ""
    webhook: ClassVar[bytes | None] = None

    @staticmethod
    def passes(method: str, path: str) -> bool:
        """Say which requests of an action the emulator answers though the rest is broken: those before the write."""
        return False

    # -- over the emulator

    def test_lists_everything_once_and_ends(self, remote: Remote) -> None:
        seen: list[str] = []

        cursor: str | None = None
        for _ in range(100):
            page = got(remote.provider.list(cursor))
            seen += [snapshot.remote_id for snapshot in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break

        assert cursor is None
        assert seen and len(seen) == len(set(seen))

    def test_says_that_its_keys_are_good_or_not(self, remote: Remote) -> None:
        assert isinstance(remote.provider.check(), Ok)
        assert isinstance(remote.with_wrong_keys().check(), Denied)

    def test_reads_one_account_as_it_lists_it(self, remote: Remote) -> None:
        listed = remote.snapshots[0]

        assert got(remote.provider.fetch(listed.remote_id)).remote_id == listed.remote_id

    def test_knows_no_account_of_an_unknown_id(self, remote: Remote) -> None:
        assert isinstance(remote.provider.fetch("00000000-0000-4000-8000-000000000000"), Gone)

    def test_finds_the_schema_of_an_account_or_says_that_there_is_none(self, remote: Remote) -> None:
        keys = {snapshot.schema_key for snapshot in remote.snapshots if snapshot.schema_key}

        for key in sorted(keys):
            found = remote.provider.fetch_schema(key)

            assert got(found).key == key if key in remote.schemas else isinstance(found, Gone)

    def test_says_something_about_every_account(self, remote: Remote) -> None:
        for snapshot in remote.snapshots:
            schema = remote.schemas.get(snapshot.schema_key)

            actions = {a.action.name: a for a in remote.provider.availability(snapshot, schema)}
            primary = remote.provider.primary_action(snapshot, schema)

            assert remote.provider.assess(snapshot, schema).headline
            assert remote.provider.facts(snapshot, schema)
            assert set(actions) == {action.name for action in remote.provider.actions}
            assert not primary or actions[primary].is_available

    def test_every_declared_action_works(self, remote: Remote) -> None:
        for action in sorted(remote.provider.actions, key=lambda action: action.effect == Effect.DELETE):
            plan, secrets, values = self.plan_of(remote, action)

            outcome = remote.provider.send(plan, values, secrets)
            if isinstance(outcome, NeedsToken):
                outcome = remote.provider.resume(outcome.challenge, Secret(self.token))

            assert isinstance(outcome, Ok | Accepted), f"{action.name}: {outcome}"

    def test_planning_is_pure(self, remote: Remote) -> None:
        for action in remote.provider.actions:
            plan, _, values = self.plan_of(remote, action)
            quiet = type(remote.provider)(remote.provider.config, NoSession())
            snapshot = next(s for s in remote.snapshots if s.remote_id == plan.remote_id)
            schema = remote.schemas.get(snapshot.schema_key)

            again = quiet.plan_update(action.name, snapshot, values, frozenset(plan.secret_names), schema)

            assert isinstance(again, Plan)
            assert again.digest == plan.digest
            assert Plan.from_json(json.loads(json.dumps(plan.to_json()))).digest == plan.digest

    def test_a_secret_shows_up_nowhere(self, remote: Remote, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        shown: list[Any] = []
        for action in remote.provider.actions:
            if not (fields := self.secret_fields_of(remote, action)):
                continue
            plan, _, values = self.plan_of(remote, action)

            marked = {name: Secret(f"{MARK}-{name}") for name in fields if name in plan.secret_names}
            outcome = remote.provider.send(plan, values, marked)
            shown += [plan, plan.to_json(), outcome, marked]
            if isinstance(outcome, NeedsToken):
                shown.append(remote.provider.resume(outcome.challenge, Secret(f"{MARK}-code")))

        told = repr([shown, remote.exchanges]) + caplog.text + repr([record.__dict__ for record in caplog.records])
        assert remote.exchanges and shown
        assert MARK not in told
        assert [name for name, key in remote.keys.items() if key in told] == []

    # -- over strange answers

    @pytest.mark.parametrize("name", STRANGE_ANSWERS)
    def test_nothing_strange_raises(self, remote: Remote, name: str) -> None:
        plans = [self.plan_of(remote, action) for action in remote.provider.actions]

        with CannedServer(STRANGE_ANSWERS[name]) as server:
            provider = remote.at(server.url)
            reads = (
                provider.check(),
                provider.list(),
                provider.list("2"),
                provider.fetch(remote.snapshots[0].remote_id),
                provider.list_schemas(),
                *(provider.fetch_schema(key) for key in [remote.snapshots[0].schema_key] if key),
            )
        with self.broken(remote, STRANGE_ANSWERS[name]) as server:
            provider = remote.at(server.url)
            writes = [provider.send(plan, values, secrets) for plan, secrets, values in plans]

        assert not isinstance(reads[3], Ok)
        assert all(reads)
        for (plan, _, _), outcome in zip(plans, writes, strict=True):
            if effect_of(remote.provider, plan) == Effect.WRITE:
                assert not isinstance(outcome, Ok | NeedsToken), f"{plan.action}: {outcome}"

    def test_unknown_words_of_the_remote_are_shown(self, remote: Remote) -> None:
        """An account with a status and fields that nobody has heard of is still an account."""
        known = remote.snapshots[0]
        body = {**known.body, "status": "hibernating", "never_heard_of": {"deep": [1, 2]}, "access_mode": 7}
        snapshot = Snapshot(known.remote_id, "hibernating", body, schema_key="no_such_schema")

        for schema in (None, Schema("no_such_schema", "", {"form_fields": [7], "type": []}, "odd")):
            assessment = remote.provider.assess(snapshot, schema)
            for offered in remote.provider.availability(snapshot, schema):
                remote.provider.fields(offered.action.name, snapshot, schema)

            assert "hibernating" in assessment.headline + assessment.explanation
            assert remote.provider.facts(snapshot, schema)

    @pytest.mark.parametrize("answer", [Answer(delay_s=2.0), Answer(cut=True)], ids=["silence", "cut"])
    def test_a_write_without_an_answer_may_have_been_applied(self, remote: Remote, answer: Answer) -> None:
        for action in remote.provider.actions:
            plan, secrets, values = self.plan_of(remote, action)

            with self.broken(remote, answer) as server:
                outcome = remote.at(server.url, deadline_s=0.8).send(plan, values, secrets)

            assert isinstance(outcome, Unavailable), f"{action.name}: {outcome}"
            assert outcome.maybe_applied == (action.effect in {Effect.WRITE, Effect.DELETE}), action.name

    def test_a_write_that_was_never_sent_is_not_applied(self, remote: Remote) -> None:
        plan, secrets, values = self.plan_of(remote, remote.provider.actions[0])
        with CannedServer() as server:
            closed = server.url

        outcome = remote.at(closed).send(plan, values, secrets)

        assert isinstance(outcome, Unavailable)
        assert not outcome.maybe_applied

    # -- the catalogue

    def test_every_row_has_a_sample(self) -> None:
        reached = {sample.code for sample in self.samples}

        assert {rule.code for rule in self.rules()} - reached == set()

    def test_every_sample_leads_to_its_row(self, remote: Remote, subtests: pytest.Subtests) -> None:
        rules = {rule.code: rule for rule in self.rules()}
        for sample in self.samples:
            is_action = sample.by in {action.name for action in remote.provider.actions}
            server = self.broken(remote, sample.answer) if is_action else CannedServer(sample.answer)
            with subtests.test(msg=sample.id), server:
                outcome = self.ask(remote, remote.at(server.url), sample.by)

                assert isinstance(outcome, MEMBER_OF[rules[sample.code].becomes])
                assert outcome.rule is not None and outcome.rule.code == sample.code

    def test_every_row_speaks_to_people(self) -> None:
        for rule in self.rules():
            assert rule.sentence.endswith(".") and rule.next_step.endswith("."), rule.code
            assert rule.source, rule.code
            assert "!" not in rule.sentence + rule.next_step + rule.script, rule.code
            claims_nothing_changed = "Nothing was changed" in rule.sentence
            assert not (claims_nothing_changed and rule.becomes == Becomes.UNAVAILABLE), rule.code
            assert rule.script or rule.who != "customer", f"{rule.code}: what does the agent say on the phone?"

    # -- webhooks

    def test_a_replayed_webhook_is_the_same_event(self, remote: Remote) -> None:
        if Capability.WEBHOOKS not in remote.provider.capabilities:
            pytest.skip("no webhooks")
        assert self.webhook is not None

        first, second = (remote.provider.parse_webhook(self.webhook) for _ in range(2))

        assert [event.event_id for event in first] == [event.event_id for event in second] != [""]
        assert remote.provider.parse_webhook(b"not JSON") == ()
        assert remote.provider.parse_webhook(b"\xff[") == ()
        assert not remote.provider.verify_webhook({}, self.webhook)

    # -- how it is done

    @pytest.fixture
    def remote(self) -> Iterator[Remote]:
        with remote_of(self.slug) as remote:
            yield remote

    def broken(self, remote: Remote, answer: Answer) -> CannedServer:
        """Return a server that gives this answer to all but what `passes`."""
        return CannedServer(answer, behind=remote.url, passes=self.passes)

    @classmethod
    def rules(cls) -> tuple[ErrorRule, ...]:
        return tuple(rule for rule in provider_class(cls.slug).rules if rule not in BUILT_IN)

    def plan_of(self, remote: Remote, action: Action) -> tuple[Plan, dict[str, Secret], dict[str, FieldValue]]:
        """Return a plan for an account with which the action can be done and does something, healthy ones first."""
        typed = self.entries.get(action.name, Entries())
        for snapshot in sorted(remote.snapshots, key=remote.is_unwell):
            schema = remote.schemas.get(snapshot.schema_key)
            offered = {a.action.name: a for a in remote.provider.availability(snapshot, schema)}
            if not offered[action.name].is_available:
                continue
            names = {field.name for field in remote.provider.fields(action.name, snapshot, schema) if field.secret}
            secrets = {name: Secret(value) for name, value in typed.secrets.items() if name in names}
            plan = remote.provider.plan_update(action.name, snapshot, typed.values, frozenset(secrets), schema)
            if isinstance(plan, Plan) and not plan.is_empty:
                return plan, secrets, typed.values
        raise AssertionError(f"no account on which {action.name} does something")

    def secret_fields_of(self, remote: Remote, action: Action) -> dict[str, Field]:
        plan, _, _ = self.plan_of(remote, action)
        snapshot = next(s for s in remote.snapshots if s.remote_id == plan.remote_id)
        fields = remote.provider.fields(action.name, snapshot, remote.schemas.get(snapshot.schema_key))
        return {field.name: field for field in fields if field.secret}

    def ask(self, remote: Remote, provider: Provider, by: str) -> Outcome | Any:
        match by:
            case "list":
                return provider.list()
            case "list again":
                return provider.list(got(provider.list()).next_cursor)
            case "fetch":
                return provider.fetch(remote.snapshots[0].remote_id)
            case "fetch_schema":
                return provider.fetch_schema(remote.snapshots[0].schema_key)
            case "resume":
                return provider.resume(remote.challenge(self), Secret("123456"))
            case name:
                action = next(action for action in provider.actions if action.name == name)
                plan, secrets, values = self.plan_of(remote, action)
                return provider.send(plan, values, secrets)


class Remote:
    """One emulator, what it holds, and providers that speak to it or to another server in its place."""

    def __init__(self, slug: str, environment: dict[str, str]) -> None:
        self.slug = slug
        self.environment = environment
        self.url = environment[f"{slug.upper()}_URL"]
        self.exchanges: list[Exchange] = []
        self.provider = self.at()
        self.snapshots = read_all(self.provider.list)
        self.schemas = {schema.key: schema for schema in read_all(self.provider.list_schemas)}

    def at(self, url: str = "", *, deadline_s: float | None = None) -> Provider:
        environment = {**self.environment, f"{self.slug.upper()}_URL": url} if url else self.environment
        return self._provider(environment, deadline_s)

    def with_wrong_keys(self) -> Provider:
        secrets = [setting.suffix for setting in provider_class(self.slug).settings if setting.secret]
        wrong = {f"{self.slug.upper()}_{suffix}": "wrong" for suffix in secrets}
        return self._provider({**self.environment, **wrong}, None)

    @property
    def keys(self) -> dict[str, str]:
        """Return our own keys, by the name of their setting."""
        secrets = [setting.suffix for setting in provider_class(self.slug).settings if setting.secret]
        named = {suffix: self.environment.get(f"{self.slug.upper()}_{suffix}", "") for suffix in secrets}
        return {suffix: key for suffix, key in named.items() if key}

    def is_unwell(self, snapshot: Snapshot) -> bool:
        schema = self.schemas.get(snapshot.schema_key)
        return self.provider.assess(snapshot, schema).attention != Attention.HEALTHY

    def challenge(self, contract: ProviderContract) -> Any:
        """Return an open challenge of the emulator."""
        for action in self.provider.actions:
            if action.effect != Effect.WRITE or not contract.secret_fields_of(self, action):
                continue
            typed = contract.entries[action.name]
            for snapshot in self.snapshots:
                schema = self.schemas.get(snapshot.schema_key)
                given = frozenset(typed.secrets)
                plan = self.provider.plan_update(action.name, snapshot, typed.values, given, schema)
                if not isinstance(plan, Plan) or plan.is_empty:
                    continue
                outcome = self.provider.send(plan, typed.values, {n: Secret(v) for n, v in typed.secrets.items()})
                if isinstance(outcome, NeedsToken):
                    return outcome.challenge
        raise AssertionError("no account of the emulator asks for a code")

    def _provider(self, environment: dict[str, str], deadline_s: float | None) -> Provider:
        found = read_configuration({"INTEGRATIONS": self.slug, **environment})
        assert not found.problems, found.problems
        integration = found.integrations[self.slug]
        session = integration.provider.open_session(
            integration.values, on_exchange=self.exchanges.append, read_retries=0
        )
        return integration.provider(integration.values, Impatient(session, deadline_s) if deadline_s else session)


class Impatient(ApiSession):
    """A session whose every deadline is short: a test has no five minutes."""

    def __init__(self, session: ApiSession, deadline_s: float) -> None:
        self.__dict__.update(session.__dict__)
        self._session = session
        self._short_s = deadline_s

    def request(self, method: str, path: str, **options: Any) -> Reply | NoReply:
        return self._session.request(method, path, **{**options, "deadline_s": self._short_s})


class NoSession(ApiSession):
    """What the pure methods get: whoever uses it is not pure."""

    def __init__(self) -> None:
        pass

    def request(self, method: str, path: str, **options: Any) -> Reply | NoReply:
        raise AssertionError(f"{method} {path}: a pure method used the network")


@contextmanager
def remote_of(slug: str) -> Iterator[Remote]:
    sandbox = find_sandboxes()[slug]()
    with serve(application({slug: sandbox})) as server:
        yield Remote(slug, sandbox.environment(f"{server.url}/{slug}"))


def read_all(read: Any) -> list[Any]:
    found: list[Any] = []
    cursor: str | None = None
    while True:
        page: Page[Any] = got(read(cursor))
        found += page.items
        cursor = page.next_cursor
        if cursor is None:
            return found


def got(outcome: Any) -> Any:
    assert isinstance(outcome, Ok), outcome
    return outcome.value


def effect_of(provider: Provider, plan: Plan) -> Effect:
    return next(action.effect for action in provider.actions if action.name == plan.action)


def available(offered: tuple[Availability, ...]) -> set[str]:
    return {one.action.name for one in offered if one.is_available}
