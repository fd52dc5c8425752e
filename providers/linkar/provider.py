"""Linkar, declared: what it is called, what it can do, and where each answer is worked out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from ..answers import Assessment, Fact, Page, Schema, Snapshot
from ..as_code import CLIENT_CREDENTIALS, Signing, TokenCall
from ..attention import Attention
from ..base import Action, Availability, Capability, Effect, Provider
from ..errors import BUILT_IN
from ..fields import AuditClass, Field, FieldValue
from ..http import ApiSession
from ..outcomes import Failure, FieldErrors, Gone, Ok, Outcome
from ..plan import Plan
from ..secrets import Secret
from ..versions import Entry
from . import checking, client, comparing, facts, fields, plans, settling, versions, writes
from .answers import Record
from .assessment import assess
from .file_map import FileMap
from .listing import list_page
from .lkstring import LKSTRING
from .looking import send_look
from .meanings import explained
from .options import MAX_SVR_TIMEOUT_S, SETTINGS, Options, base_url, options_of, problems_of, token_address
from .reading import Reader
from .rules import BY_CALL, NOT_IN_MAP, RULES
from .schema_reading import read_schema
from .snapshots import place_of, snapshot_of
from .xml_body import XML

T = TypeVar("T")

EDIT = Action(
    "edit",
    "Edit record",
    Capability.UPDATE,
    Effect.WRITE,
    "edit",
    help="Changes attributes of the record. If somebody else has changed it meanwhile, nothing is overwritten.",
)
LOOK = Action(
    "look",
    "Look up calculated values",
    Capability.LOOKUP,
    Effect.READ,
    "file-certificate",
    help="The record as the database prints it: totals, dates, amounts. Nothing is changed.",
)


class Linkar(Provider):
    """Records of files in MultiValue databases, through Linkar Web Services."""

    slug = "linkar"
    name = "Linkar"
    noun = "record"
    title_audit = AuditClass.RECORD
    schema_noun = "file"
    state_from = "what it holds"
    settings = SETTINGS
    capabilities = frozenset({Capability.UPDATE, Capability.LOOKUP})
    actions = (EDIT, LOOK)
    rules = (*RULES, *BY_CALL, *BUILT_IN)
    settle_within_s = int(MAX_SVR_TIMEOUT_S + client.GRACE_S)
    sync_every_s = 900

    @classmethod
    def open_session(cls, config: Mapping[str, str | Secret], **transport: Any) -> ApiSession:
        return client.open_session(config, **transport)

    @classmethod
    def find_problems(cls, config: Mapping[str, str | Secret]) -> tuple[tuple[str, str], ...]:
        return problems_of(config)

    @property
    def options(self) -> Options:
        return options_of(self.config)

    def check(self) -> Ok[None] | Failure:
        return self._explained(checking.check(self.session, self.options))

    def list(self, cursor: str | None = None) -> Ok[Page[Snapshot]] | Failure:
        return self._explained(list_page(self.session, self.options, cursor))

    def fetch(self, remote_id: str) -> Ok[Snapshot] | Failure:
        options = self.options
        place = place_of(remote_id, options.map)
        if place is None:
            return Gone(NOT_IN_MAP)
        found = Reader(self.session, options, options.svr_timeout_s).read(*place)
        return Ok(snapshot_of(place[0], found, self.session)) if isinstance(found, Record) else self._explained(found)

    def list_schemas(self, cursor: str | None = None) -> Ok[Page[Schema]] | Failure:
        found = []
        for file in self.options.map.files:
            read = read_schema(self.session, file, self.options)
            if not isinstance(read, Ok):
                return read
            found.append(read.value)
        return Ok(Page(tuple(found), None, len(found)))

    def fetch_schema(self, key: str) -> Ok[Schema] | Failure:
        file = self.options.map.by_key(key)
        return read_schema(self.session, file, self.options) if file else Gone(NOT_IN_MAP)

    def assess(self, snapshot: Snapshot, schema: Schema | None) -> Assessment:
        return assess(self._file(snapshot), snapshot, schema)

    def availability(self, snapshot: Snapshot, schema: Schema | None) -> tuple[Availability, ...]:
        file = self._file(snapshot)
        why_not = "" if file else "Our map no longer names the file of this record."
        return (
            Availability(EDIT, why_not or _why_no_edit(file, snapshot)),
            Availability(LOOK, why_not),
        )

    def primary_action(self, snapshot: Snapshot, schema: Schema | None) -> str:
        """Return the form where something in the record has to be set; else looking again is what helps."""
        file = self._file(snapshot)
        is_incomplete = assess(file, snapshot, schema).attention == Attention.INCOMPLETE
        return EDIT.name if is_incomplete and not _why_no_edit(file, snapshot) else ""

    def facts(self, snapshot: Snapshot, schema: Schema | None) -> tuple[Fact, ...]:
        return facts.facts(self._file(snapshot), snapshot, schema)

    def fields(self, action: str, snapshot: Snapshot, schema: Schema | None) -> tuple[Field, ...]:
        file = self._file(snapshot)
        if file is None:
            return ()
        if action == LOOK.name:
            return fields.look_fields(self.options)
        return fields.edit_fields(file, snapshot, schema, self.options)

    def plan_update(
        self,
        action: str,
        base: Snapshot,
        values: Mapping[str, FieldValue],
        given_secrets: frozenset[str],
        schema: Schema | None,
    ) -> Plan | FieldErrors:
        file = self._file(base)
        if file is None:
            return FieldErrors({"": (NOT_IN_MAP.sentence,)}, NOT_IN_MAP)
        if action == LOOK.name:
            return plans.plan_look(file, base, values, self.options)
        return plans.plan_edit(file, base, values, given_secrets, schema=schema, options=self.options)

    def carry_over(
        self, action: str, values: Mapping[str, FieldValue], before: Snapshot, now: Snapshot
    ) -> Mapping[str, FieldValue]:
        file = self._file(now)
        if file is None or action != EDIT.name:
            return values
        return comparing.carry_over(file, values, before=before, now=now, options=self.options)

    def entries(self, action: str, snapshot: Snapshot, schema: Schema | None) -> tuple[Entry, ...]:
        file = self._file(snapshot)
        return tuple(versions.entries(file, snapshot, schema, self.options)) if file and action == EDIT.name else ()

    def signing(self) -> Signing:
        """Source: LINKAR_WS manual: none, an API key, or a token by client credentials."""
        plain = Signing(base_url(self.config), media=(XML, LKSTRING))
        match self.options.auth:
            case "api_key":
                return replace(plain, headers={"x-api-key": "{API_KEY}"})
            case "oauth2":
                scope = {"scope": "{SCOPE}"} if self.config.get("SCOPE") else {}
                token = TokenCall("".join(token_address(self.config)), CLIENT_CREDENTIALS | scope)
                return replace(plain, headers={"Authorization": "Bearer {ACCESS_TOKEN}"}, token=token)
            case _:
                return plain

    def confirms(self, plan: Plan, before: Snapshot, after: Snapshot, sent_at: datetime) -> bool | None:
        return settling.confirms(plan, before, after)

    def send(self, plan: Plan, values: Mapping[str, FieldValue], secrets: Mapping[str, Secret]) -> Outcome:
        options = self.options
        place = place_of(plan.remote_id, options.map)
        if place is None:
            return Gone(NOT_IN_MAP)
        if plan.action == LOOK.name:
            return self._explained(send_look(self.session, place, values, options))
        sent = writes.send_edit(self.session, plan, place, values=values, secrets=secrets, options=options)
        return self._explained(sent)

    def _explained(self, outcome: T) -> T:
        return explained(outcome, self.options.map.errors)

    def _file(self, snapshot: Snapshot) -> FileMap | None:
        place = place_of(snapshot.remote_id, self.options.map)
        return place[0] if place else None


def _why_no_edit(file: FileMap | None, snapshot: Snapshot) -> str:
    if file is None or not file.editable:
        return "Our map lets nobody edit an attribute of this file."
    if not snapshot.body.get("has_original"):
        return "Linkar gave no whole record (ORIGINAL_RECORD), so it cannot be changed safely."
    return ""
