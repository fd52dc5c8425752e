"""A remote service, declared: the one interface that the dashboard knows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar
from urllib.parse import urlsplit

from .answers import Assessment, Challenge, Fact, Page, Schema, Snapshot, WebhookEvent
from .as_code import Signing
from .errors import ErrorRule
from .fields import AuditClass, Field, FieldValue
from .http import ApiSession
from .outcomes import Concern, Failure, FieldErrors, Ok, Outcome
from .plan import Plan
from .secrets import Secret
from .versions import Entry, entries_of


class Capability(StrEnum):
    """What a provider can do; declared in `Provider.capabilities` and verified when the class is made.

    It says where an action stands, too: `UPDATE` sets what is kept about an account, under Settings; `CREDENTIALS`
    replaces what the customer signs in with.
    """

    CREDENTIALS = "credentials"
    UPDATE = "update"
    CREATE = "create"
    DELETE = "delete"
    RESUME = "resume"
    REFRESH = "refresh"
    HOSTED_SESSION = "hosted_session"
    LOOKUP = "lookup"
    WEBHOOKS = "webhooks"


class Effect(StrEnum):
    """What an action does to the remote: `READ` may be repeated, the others never by themselves."""

    WRITE = "write"
    DELETE = "delete"
    HANDOVER = "handover"
    READ = "read"


@dataclass(frozen=True, slots=True)
class Action:
    """One thing an agent can do with an account. `name` is its word in the URL, in the database and in the audit log.

    `icon` names a symbol of the sprite. `confirm_name`: the person types the account's title before it is sent.
    """

    name: str
    label: str
    capability: Capability
    effect: Effect
    icon: str
    help: str = ""
    confirm_name: bool = False
    danger: bool = False


@dataclass(frozen=True, slots=True)
class Availability:
    """Whether an action makes sense for an account now; `why_not` is a sentence for people."""

    action: Action
    why_not: str = ""

    @property
    def is_available(self) -> bool:
        return not self.why_not


@dataclass(frozen=True, slots=True)
class Setting:
    """One value an integration needs from the environment, as `<NAME>_<suffix>` or `<NAME>_<suffix>_FILE`."""

    suffix: str
    help: str
    required: bool = True
    secret: bool = False
    default: str = ""


@dataclass(frozen=True, slots=True)
class Launcher:
    """How a page of ours opens the provider's own screens for the customer, where a handover is a session.

    `frame_url` is where these screens begin: its origin is the only one that may be framed, and on that page only.
    `scripts` are static files, in their order: the provider's launcher if it has one, and yours, which opens these
    screens and tells the page how it ended; ADDING.md says how.
    """

    frame_url: str
    scripts: tuple[str, ...]

    @property
    def origin(self) -> str:
        parts = urlsplit(self.frame_url)
        return f"{parts.scheme}://{parts.netloc}"


# What each capability promises: these must be overridden, or the class is refused at import.
_PROMISES: Mapping[Capability, tuple[str, ...]] = {
    Capability.CREDENTIALS: ("plan_update", "send", "fields"),
    Capability.UPDATE: ("plan_update", "send", "fields"),
    Capability.CREATE: ("plan_update", "send", "fields"),
    Capability.DELETE: ("plan_update", "send"),
    Capability.RESUME: ("resume",),
    Capability.REFRESH: ("plan_update", "send"),
    Capability.HOSTED_SESSION: ("plan_update", "send"),
    Capability.LOOKUP: ("plan_update", "send", "fields"),
    Capability.WEBHOOKS: ("verify_webhook", "parse_webhook"),
}


class Provider(ABC):
    """A remote service.

    An instance is cheap, belongs to one integration and one purpose, and holds no state between calls. Methods that
    talk to the remote return an outcome and do not raise for anything a remote can do; the others are pure.
    """

    slug: ClassVar[str]
    name: ClassVar[str]
    noun: ClassVar[str]
    settings: ClassVar[tuple[Setting, ...]]
    capabilities: ClassVar[frozenset[Capability]]
    actions: ClassVar[tuple[Action, ...]]
    rules: ClassVar[tuple[ErrorRule, ...]]
    # For how long after sending a write the remote may still be working on it, in seconds.
    settle_within_s: ClassVar[int] = 60
    # How often a sync should look at everything, in seconds.
    sync_every_s: ClassVar[int] = 900
    # What a schema is to people: an institution, a file.
    schema_noun: ClassVar[str] = "institution"
    # What an account's state is worked out from where the remote reports none (“its configs”); "" where it does. Such a
    # remote tells of no success either: all there is to say is when Linkdesk last read the account.
    state_from: ClassVar[str] = ""
    # Whether an account says whose it is. Where not, `list_of_customer` does, and what it said is kept.
    names_customers: ClassVar[bool] = True
    # What the audit log may keep of an account's title; a title that can name a person stays out of it.
    title_audit: ClassVar[AuditClass] = AuditClass.UNDECLARED

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for capability in getattr(cls, "capabilities", frozenset()):
            for method in _PROMISES[capability]:
                if getattr(cls, method) is getattr(Provider, method):
                    raise TypeError(f"{cls.__name__} declares {capability.value} but does not implement {method}()")
        declared: frozenset[Capability] = getattr(cls, "capabilities", frozenset())
        for action in getattr(cls, "actions", ()):
            if action.capability not in declared:
                raise TypeError(f"{cls.__name__}: action {action.name} needs the capability {action.capability.value}")

    def __init__(self, config: Mapping[str, str | Secret], session: ApiSession) -> None:
        self.config = config
        self.session = session

    @classmethod
    @abstractmethod
    def open_session(cls, config: Mapping[str, str | Secret], **transport: Any) -> ApiSession:
        """Build the session for `config`: base URL, authentication, rate, deadlines, which keys of bodies are secret.

        `transport` holds what the dashboard injects: `limiter`, `on_exchange`, `gate`, `tokens`,
        `fingerprint`.
        """

    @classmethod
    def gate_of(cls, integration: str, config: Mapping[str, str | Secret]) -> str:
        """Return the name of the rate gate that an integration's requests pass; integrations may share one."""
        return integration

    @classmethod
    def find_problems(cls, config: Mapping[str, str | Secret]) -> tuple[tuple[str, str], ...]:
        """Return what is wrong with settings that are all there: the suffix of each, and a sentence. No network."""
        return ()

    # -- reads, over the network

    @abstractmethod
    def check(self) -> Ok[None] | Failure:
        """Ask the remote whether our keys are good."""

    @abstractmethod
    def list(self, cursor: str | None = None) -> Ok[Page[Snapshot]] | Failure:
        """Return one page of all accounts; `cursor` is the `next_cursor` of the page before."""

    @abstractmethod
    def fetch(self, remote_id: str) -> Ok[Snapshot] | Failure:
        """Return one account as it is now."""

    def list_of_customer(self, reference: str) -> Ok[tuple[Snapshot, ...]] | Failure:
        """Return the accounts of one customer, each with `reference` as its external id.

        For remotes whose accounts do not say whose they are (`names_customers`); those that do return none.
        """
        return Ok(())

    def list_schemas(self, cursor: str | None = None) -> Ok[Page[Schema]] | Failure:
        """Return one page of schemas; a provider without schemas returns an empty last page."""
        return Ok(Page(items=()))

    def fetch_schema(self, key: str) -> Ok[Schema] | Failure:
        """Return one schema by its key."""
        raise NotImplementedError

    # -- pure: what a snapshot means, what can be done with it

    @abstractmethod
    def assess(self, snapshot: Snapshot, schema: Schema | None) -> Assessment:
        """Say in words what is wrong and who must act."""

    @abstractmethod
    def availability(self, snapshot: Snapshot, schema: Schema | None) -> tuple[Availability, ...]:
        """Return every action, those that make no sense now with the reason why not."""

    def primary_action(self, snapshot: Snapshot, schema: Schema | None) -> str:
        """Return the name of the action that is the one most likely to help now, or "" if there is none."""
        return ""

    def facts(self, snapshot: Snapshot, schema: Schema | None) -> tuple[Fact, ...]:
        """Return what the detail page shows of the account, in order."""
        return ()

    def fields(self, action: str, snapshot: Snapshot, schema: Schema | None) -> tuple[Field, ...]:
        """Return the fields of an action's form, in order; () for an action without one."""
        raise NotImplementedError

    def plan_update(
        self,
        action: str,
        base: Snapshot,
        values: Mapping[str, FieldValue],
        given_secrets: frozenset[str],
        schema: Schema | None,
    ) -> Plan | FieldErrors:
        """Decide what would be sent. Pure: the same input gives the same digest, and there is no network.

        `values` holds the non-secret fields only; `given_secrets` names the secret fields that were filled in.
        """
        raise NotImplementedError

    def carry_over(
        self, action: str, values: Mapping[str, FieldValue], before: Snapshot, now: Snapshot
    ) -> Mapping[str, FieldValue]:
        """Return what was typed on top of `before` as it should stand in a form on top of `now`. Pure.

        A form sends all its fields; those that nobody touched must not undo what somebody else has changed meanwhile.
        """
        return values

    def entries(self, action: str, snapshot: Snapshot, schema: Schema | None) -> tuple[Entry, ...]:
        """Return what a version of an account holds, for comparing versions after a conflict. Pure.

        By default what the action's form shows: a secret is then never seen to have changed.
        """
        return entries_of(self.fields(action, snapshot, schema))

    def signing(self) -> Signing:
        """Say how our calls are addressed and signed, for code that a person can copy. No secret is in it."""
        return Signing(str(self.config.get("URL", "")).rstrip("/"))

    def launcher(self) -> Launcher | None:
        """Say how the customer's page opens a handover that is a session; None if handovers are addresses."""
        return None

    def asks_to_allow(self, plan: Plan) -> tuple[str, ...]:
        """Return what a handover asks the customer to allow beside signing in, each as people call it. Pure."""
        return ()

    def confirms(self, plan: Plan, before: Snapshot, after: Snapshot, sent_at: datetime) -> bool | None:
        """Say whether `after` is evidence that the plan was applied (True) or was not; None if it shows nothing."""
        return None

    def concern(self, plan: Plan, before: Snapshot, after: Snapshot) -> Concern | None:
        """Return what else changed that somebody must look at; its row is one of `rules`."""
        return None

    # -- writes, over the network

    def send(self, plan: Plan, values: Mapping[str, FieldValue], secrets: Mapping[str, Secret]) -> Outcome:
        """Send the plan, once. Never called with a plan that a person did not see."""
        raise NotImplementedError

    def resume(self, challenge: Challenge, token: Secret | None) -> Outcome:
        """Answer a challenge; `token` is None where no input is expected."""
        raise NotImplementedError

    # -- webhooks: pure

    def verify_webhook(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Say whether a delivery comes from the remote."""
        raise NotImplementedError

    def parse_webhook(self, body: bytes) -> tuple[WebhookEvent, ...]:
        """Return the events of a delivery; () if there is nothing in it for us."""
        raise NotImplementedError
