"""Belvo, declared: what it is called, what it can do, and where each answer is worked out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from ..answers import Assessment, Challenge, Fact, Page, Schema, Snapshot, WebhookEvent
from ..as_code import Signing
from ..base import Availability, Capability, Provider, Setting
from ..errors import BUILT_IN
from ..fields import AuditClass, Field, FieldValue
from ..http import ApiSession, Reply
from ..outcomes import Evidence, Failure, FieldErrors, Gone, Ok, Outcome
from ..plan import Plan
from ..secrets import Secret
from . import client, confirmation, consents, credentials, facts, fields, plans, repair_link, settings, webhooks, writes
from .actions import ACTIONS, availability, primary_action
from .assessment import assess
from .errors import BY_CALL, RULES, failure_of, outcome_of
from .paging import next_cursor, page_of
from .payloads import PagePayload, is_page, read
from .rules.local import INSTITUTION_NOT_FOUND, NEXT_PAGE_UNUSABLE, WRONG_ADDRESS
from .snapshots import schema_of, snapshot_of, snapshots_of


class Belvo(Provider):
    """Links of customers to banks, tax offices and employment registers of Mexico, Brazil and Colombia."""

    slug = "belvo"
    name = "Belvo"
    noun = "link"
    title_audit = AuditClass.PUBLIC
    settings = (
        Setting("URL", "the address of Belvo's API", default="https://sandbox.belvo.com"),
        Setting("SECRET_ID", "the secret id from Belvo's dashboard"),
        Setting("SECRET_PASSWORD", "the secret password from Belvo's dashboard", secret=True),
        Setting(
            "WEBHOOK_AUTHORIZATION",
            "the Authorization header that Belvo sends with webhooks, whole: “Basic …” or “Bearer …”",
            required=False,
            secret=True,
        ),
    )
    capabilities = frozenset(
        {
            Capability.CREDENTIALS,
            Capability.UPDATE,
            Capability.DELETE,
            Capability.RESUME,
            Capability.REFRESH,
            Capability.HOSTED_SESSION,
            Capability.LOOKUP,
            Capability.WEBHOOKS,
        }
    )
    actions = ACTIONS
    rules = (*RULES, *BY_CALL, *BUILT_IN)
    settle_within_s = int(client.WRITE_DEADLINE_S)
    sync_every_s = 900

    @classmethod
    def open_session(cls, config: Mapping[str, str | Secret], **transport: Any) -> ApiSession:
        return client.open_session(config, **transport)

    def check(self) -> Ok[None] | Failure:
        answer = client.check_keys(self.session)
        # The body of GET /api/ is not documented; a page of HTML is somebody else's.
        if isinstance(answer, Reply) and 200 <= answer.status < 300 and "html" not in answer.content_type:
            return Ok(None)
        return failure_of(answer, writes=False, meanings={"belvo.not_found": WRONG_ADDRESS})

    def list(self, cursor: str | None = None) -> Ok[Page[Snapshot]] | Failure:
        read_page = self._page(cursor, client.list_links)
        if not isinstance(read_page, tuple):
            return read_page
        page, following = read_page
        return Ok(Page(snapshots_of(page.results), following, page.count))

    def fetch(self, remote_id: str) -> Ok[Snapshot] | Failure:
        answer = client.get_link(self.session, remote_id)
        found = snapshot_of(answer.json) if isinstance(answer, Reply) and answer.status == 200 else None
        if found is None or found.remote_id != remote_id:
            return failure_of(answer, writes=False)
        return Ok(found)

    def list_schemas(self, cursor: str | None = None) -> Ok[Page[Schema]] | Failure:
        read_page = self._page(cursor, client.list_institutions)
        if not isinstance(read_page, tuple):
            return read_page
        page, following = read_page
        schemas = (schema_of(raw) for raw in page.results)
        return Ok(Page(tuple(schema for schema in schemas if schema), following, page.count))

    def fetch_schema(self, key: str) -> Ok[Schema] | Failure:
        answer = client.find_institution(self.session, key)
        if not (isinstance(answer, Reply) and answer.status == 200 and isinstance(answer.json, dict)):
            return failure_of(answer, writes=False, meanings={"belvo.not_found": INSTITUTION_NOT_FOUND})
        schemas = (schema_of(raw) for raw in read(PagePayload, answer.json).results)
        found = next((schema for schema in schemas if schema and schema.key == key), None)
        return Ok(found) if found else Gone(INSTITUTION_NOT_FOUND)

    def assess(self, snapshot: Snapshot, schema: Schema | None) -> Assessment:
        return assess(snapshot, schema)

    def availability(self, snapshot: Snapshot, schema: Schema | None) -> tuple[Availability, ...]:
        return availability(snapshot, schema)

    def primary_action(self, snapshot: Snapshot, schema: Schema | None) -> str:
        return primary_action(snapshot, schema)

    def facts(self, snapshot: Snapshot, schema: Schema | None) -> tuple[Fact, ...]:
        return facts.facts(snapshot, schema)

    def fields(self, action: str, snapshot: Snapshot, schema: Schema | None) -> tuple[Field, ...]:
        match action:
            case "credentials":
                return fields.credentials_fields(schema)
            case "settings":
                return settings.settings_fields(snapshot, schema)
            case "refresh":
                return plans.refresh_fields(snapshot, schema)
            case "repair_link":
                return repair_link.repair_link_fields(schema)
            case "consents":
                return consents.consents_fields()
            case _:
                return ()

    def plan_update(
        self,
        action: str,
        base: Snapshot,
        values: Mapping[str, FieldValue],
        given_secrets: frozenset[str],
        schema: Schema | None,
    ) -> Plan | FieldErrors:
        match action:
            case "credentials":
                return credentials.plan_credentials(base, values, given_secrets, schema)
            case "settings":
                return settings.plan_settings(base, values, schema)
            case "refresh":
                return plans.plan_refresh(base, values, schema)
            case "repair_link":
                return repair_link.plan_repair_link(base, values, schema)
            case "consents":
                return consents.plan_consents(base, given_secrets)
            case "delete":
                return plans.plan_delete(base, schema)
            case other:
                raise ValueError(f"Belvo has no action {other!r}")

    def signing(self) -> Signing:
        """Source: Belvo's pages: HTTP Basic with the pair of secrets."""
        return replace(super().signing(), basic=("SECRET_ID", "SECRET_PASSWORD"))

    def confirms(self, plan: Plan, before: Snapshot, after: Snapshot, sent_at: datetime) -> bool | None:
        return confirmation.confirms(plan, before, after, sent_at)

    def send(self, plan: Plan, values: Mapping[str, FieldValue], secrets: Mapping[str, Secret]) -> Outcome:
        own = {name: _sealed(self.config[name]) for name in ("SECRET_ID", "SECRET_PASSWORD")}
        return writes.send(self.session, plan, secrets, own)

    def resume(self, challenge: Challenge, token: Secret | None) -> Outcome:
        return writes.resume(self.session, challenge, token)

    def verify_webhook(self, headers: Mapping[str, str], body: bytes) -> bool:
        return webhooks.verify(headers, self.config.get("WEBHOOK_AUTHORIZATION"))

    def parse_webhook(self, body: bytes) -> tuple[WebhookEvent, ...]:
        return webhooks.parse(body)

    def _page(self, cursor: str | None, call: Any) -> tuple[PagePayload, str | None] | Failure:
        """Read one page; a page beyond the end is an empty last page, because links may be deleted while we read."""
        number = page_of(cursor)
        if number is None:
            return outcome_of(NEXT_PAGE_UNUSABLE, Evidence())
        answer = call(self.session, number)
        if isinstance(answer, Reply) and answer.status == 200 and is_page(answer.json):
            page = read(PagePayload, answer.json)
            return page, next_cursor(page, current=number, base_url=str(self.config["URL"]))
        failure = failure_of(answer, writes=False, meanings={"belvo.not_found": WRONG_ADDRESS})
        is_beyond_end = number > 1 and getattr(getattr(failure, "rule", None), "code", "") == WRONG_ADDRESS.code
        return (PagePayload(), None) if is_beyond_end else failure


def _sealed(value: str | Secret) -> Secret:
    return value if isinstance(value, Secret) else Secret(value)
