"""Flxpoint, declared: what it is called, what it can do, and where each answer is worked out."""

from __future__ import annotations

import builtins
import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from ..answers import Assessment, Fact, Page, Schema, Snapshot
from ..as_code import Signing
from ..base import Availability, Capability, Provider, Setting
from ..errors import BUILT_IN
from ..fields import AuditClass, Field, FieldValue
from ..http import ApiSession, Reply
from ..outcomes import Concern, Failure, FieldErrors, Ok, Outcome
from ..plan import Plan
from ..secrets import Secret
from ..versions import Entry
from . import client, comparison, confirmation, facts, fields, plans, reads, versions, writes
from .actions import ACTIONS, availability, primary_action
from .assessment import assess
from .errors import ON_A_LIST, failure_of
from .pool import PUBLISHED_PER_S
from .rules import LOCAL, RULES
from .snapshots import is_connection_id, snapshots_of, template_of

PUT_MODES = ("full", plans.CHANGED_ONLY)


class Flxpoint(Provider):
    """Connections of shops, marketplaces and suppliers' files to Flxpoint."""

    slug = "flxpoint"
    name = "Flxpoint"
    noun = "connection"
    title_audit = AuditClass.PUBLIC
    schema_noun = "integration type"
    state_from = "its configs"
    settings = (
        Setting("URL", "the address of Flxpoint's API", default="https://api.flxpoint.com"),
        Setting("TOKEN", "an API token of the kind “Account”, from Flxpoint's settings", secret=True),
        Setting(
            "PUT_MODE",
            "what an update sends: full (every config that is known) or changed_only",
            required=False,
            default="full",
        ),
        Setting(
            "REQUESTS_PER_S",
            "how many requests a second our token may make, at most 2",
            required=False,
            default="2",
        ),
    )
    capabilities = frozenset({Capability.UPDATE, Capability.CREATE})
    actions = ACTIONS
    rules = (*RULES, *LOCAL, *BUILT_IN)
    settle_within_s = int(client.WRITE_DEADLINE_S) * 2
    sync_every_s = 900

    @classmethod
    def find_problems(cls, config: Mapping[str, str | Secret]) -> tuple[tuple[str, str], ...]:
        problems = []
        if config.get("PUT_MODE") not in PUT_MODES:
            problems.append(("PUT_MODE", f"must be {' or '.join(PUT_MODES)}."))
        try:
            wanted = float(str(config.get("REQUESTS_PER_S")))
        except ValueError:
            wanted = math.nan
        if not 0 < wanted <= PUBLISHED_PER_S:
            problems.append(("REQUESTS_PER_S", "must be a number above 0, at most 2."))
        return tuple(problems)

    @classmethod
    def open_session(cls, config: Mapping[str, str | Secret], **transport: Any) -> ApiSession:
        return client.open_session(config, **transport)

    @classmethod
    def gate_of(cls, integration: str, config: Mapping[str, str | Secret]) -> str:
        return client.gate_of(client.token_of(config))

    def check(self) -> Ok[None] | Failure:
        """Source: the contract, section 6.1; an answer that is no JSON is a sign-in page or another host."""
        answer = client.get_account(self.session)
        if (
            isinstance(answer, Reply)
            and answer.status == 200
            and isinstance(answer.json, dict)
            and answer.json.get("id")
        ):
            return Ok(None)
        return failure_of(answer, writes=False, meanings=ON_A_LIST)

    def list(self, cursor: str | None = None) -> Ok[Page[Snapshot]] | Failure:
        """Return all connections in one page. Source: DOC connection/getconnections, no paging."""
        if cursor is not None:
            return Ok(Page(items=()))
        answer = client.list_connections(self.session)
        if not (isinstance(answer, Reply) and answer.status == 200 and isinstance(answer.json, builtins.list)):
            return failure_of(answer, writes=False, meanings=ON_A_LIST)
        found = snapshots_of(answer.json, self.session.fingerprint)
        return Ok(Page(found, total=len(found)))

    def fetch(self, remote_id: str) -> Ok[Snapshot] | Failure:
        if not is_connection_id(remote_id):
            return reads.no_such_connection()
        answer = client.get_connection(self.session, remote_id)
        found = writes.connection_in(answer, self.session, remote_id)
        return Ok(found) if found is not None else failure_of(answer, writes=False)

    def list_schemas(self, cursor: str | None = None) -> Ok[Page[Schema]] | Failure:
        return reads.all_schemas(self.session) if cursor is None else Ok(Page(items=()))

    def fetch_schema(self, key: str) -> Ok[Schema] | Failure:
        return reads.one_schema(self.session, key)

    def assess(self, snapshot: Snapshot, schema: Schema | None) -> Assessment:
        return assess(snapshot, schema)

    def availability(self, snapshot: Snapshot, schema: Schema | None) -> tuple[Availability, ...]:
        return availability(snapshot, schema)

    def primary_action(self, snapshot: Snapshot, schema: Schema | None) -> str:
        return primary_action(snapshot)

    def facts(self, snapshot: Snapshot, schema: Schema | None) -> tuple[Fact, ...]:
        return facts.facts(snapshot, schema)

    def fields(self, action: str, snapshot: Snapshot, schema: Schema | None) -> tuple[Field, ...]:
        if action != "create":
            return fields.config_fields(snapshot)
        return fields.config_fields(template_of(schema), is_new=True) if schema else ()

    def plan_update(
        self,
        action: str,
        base: Snapshot,
        values: Mapping[str, FieldValue],
        given_secrets: frozenset[str],
        schema: Schema | None,
    ) -> Plan | FieldErrors:
        match action:
            case "configs":
                mode = str(self.config.get("PUT_MODE") or "full")
                return plans.plan_configs(base, values, given_secrets, schema, put_mode=mode)
            case "create":
                return plans.plan_create(base, values, given_secrets, schema)
            case other:
                raise ValueError(f"Flxpoint has no action {other!r}")

    def carry_over(
        self, action: str, values: Mapping[str, FieldValue], before: Snapshot, now: Snapshot
    ) -> Mapping[str, FieldValue]:
        return comparison.carry_over(values, before, now) if action == "configs" else values

    def entries(self, action: str, snapshot: Snapshot, schema: Schema | None) -> tuple[Entry, ...]:
        return tuple(versions.entries(snapshot)) if action == "configs" else ()

    def signing(self) -> Signing:
        """Source: DOC getting-started/authentication."""
        return replace(super().signing(), headers={"X-API-TOKEN": "{TOKEN}"})

    def confirms(self, plan: Plan, before: Snapshot, after: Snapshot, sent_at: datetime) -> bool | None:
        return confirmation.confirms(plan, before, after)

    def concern(self, plan: Plan, before: Snapshot, after: Snapshot) -> Concern | None:
        return confirmation.concern(plan, before, after)

    def send(self, plan: Plan, values: Mapping[str, FieldValue], secrets: Mapping[str, Secret]) -> Outcome:
        sender = writes.send_create if plan.action == "create" else writes.send_configs
        return sender(self.session, plan, secrets)
