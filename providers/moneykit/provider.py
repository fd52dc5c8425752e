"""MoneyKit, declared: what it is called, what it can do, and where each answer is worked out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ec

from ..answers import Assessment, Fact, Page, Schema, Snapshot, WebhookEvent
from ..as_code import CLIENT_CREDENTIALS, Signing, TokenCall
from ..base import Availability, Capability, Launcher, Provider, Setting
from ..cleaning import clean_text
from ..errors import BUILT_IN
from ..fields import AuditClass, Field, FieldValue
from ..http import BASE_URL_FORM, ApiSession, Reply, is_base_url
from ..outcomes import Failure, FieldErrors, Ok, Outcome
from ..plan import Plan
from ..secrets import Secret
from . import actions, client, confirmation, facts, listing, plans, repair_link, settings, webhooks, writes
from .assessment import assess
from .errors import BY_CALL, RULES, failure_of
from .session import TOKEN_PATH
from .signing_keys import KeyCache
from .snapshots import schema_of

# Source: `@moneykit/connect` 0.3.28, its frame host. Its launcher listens to messages of exactly this origin.
CONNECT_URL = "https://connect.moneykit.com"
LAUNCHER_SCRIPTS = ("vendor/moneykit-connect-0.3.28.min.js", "providers/moneykit/connect.js")
# Public keys only, and one request a day for all threads of a process.
_SIGNING_KEYS = KeyCache()


class MoneyKit(Provider):
    """Links of customers to banks of the United States, the United Kingdom and Canada."""

    slug = "moneykit"
    name = "MoneyKit"
    noun = "link"
    title_audit = AuditClass.PUBLIC
    settings = (
        Setting("URL", "the address of MoneyKit's API", default="https://api.moneykit.com"),
        Setting("CLIENT_ID", "the client id from MoneyKit's dashboard"),
        Setting("CLIENT_SECRET", "the client secret from MoneyKit's dashboard", secret=True),
        Setting(
            "AUTH",
            "how our keys are shown: “token” (one is got for them) or “headers” (both go with each call)",
            default="token",
        ),
        Setting(
            "REDIRECT_URI",
            "where the customer comes back to from the institution, as registered in MoneyKit's dashboard, "
            "without a query: this installation's /repair/return/moneykit/ (the integration's name at the end)",
            required=False,
        ),
        Setting("CONNECT_URL", "the address of MoneyKit Connect, without a path", default=CONNECT_URL),
    )
    capabilities = frozenset(
        {
            Capability.UPDATE,
            Capability.DELETE,
            Capability.REFRESH,
            Capability.HOSTED_SESSION,
            Capability.LOOKUP,
            Capability.WEBHOOKS,
        }
    )
    actions = actions.ACTIONS
    rules = (*RULES, *BY_CALL, *BUILT_IN)
    settle_within_s = 600
    sync_every_s = 1800
    names_customers = False

    @classmethod
    def open_session(cls, config: Mapping[str, str | Secret], **transport: Any) -> ApiSession:
        return client.open_session(config, **transport)

    @classmethod
    def find_problems(cls, config: Mapping[str, str | Secret]) -> tuple[tuple[str, str], ...]:
        found = []
        if config["AUTH"] not in ("token", "headers"):
            found.append(("AUTH", "must be “token” or “headers”."))
        redirect_uri = str(config["REDIRECT_URI"])
        if redirect_uri and not is_base_url(redirect_uri):
            # Source: SDK, redirect_uri: no query parameters.
            found.append(("REDIRECT_URI", f"must be {BASE_URL_FORM}."))
        connect_url = str(config.get("CONNECT_URL", CONNECT_URL))
        if not is_base_url(connect_url) or urlsplit(connect_url).path.strip("/"):
            found.append(("CONNECT_URL", "must be http(s)://host[:port], without path, query or fragment."))
        return tuple(found)

    def check(self) -> Ok[None] | Failure:
        answer = client.introspect(self.session)
        raw = answer.json if isinstance(answer, Reply) and answer.status == 200 else None
        is_ours = isinstance(raw, dict) and bool(clean_text(raw.get("client_id")))
        return Ok(None) if is_ours else failure_of(answer, writes=False, about_link=False)

    def list(self, cursor: str | None = None) -> Ok[Page[Snapshot]] | Failure:
        return listing.list_links(self.session, cursor)

    def list_of_customer(self, reference: str) -> Ok[tuple[Snapshot, ...]] | Failure:
        if not repair_link.MIN_USER_ID_CHARS <= len(reference) <= repair_link.MAX_USER_ID_CHARS:
            return Ok(())
        return listing.list_of_user(self.session, reference)

    def fetch(self, remote_id: str) -> Ok[Snapshot] | Failure:
        return writes.link_in(client.get_link(self.session, remote_id), remote_id, writes=False)

    def list_schemas(self, cursor: str | None = None) -> Ok[Page[Schema]] | Failure:
        answer = client.list_institutions(self.session, cursor or "")
        raw = answer.json if isinstance(answer, Reply) and answer.status == 200 else None
        if not isinstance(raw, dict) or not isinstance(raw.get("institutions"), list):
            return failure_of(answer, writes=False, about_link=False)
        cursors = raw.get("cursors")
        following = clean_text(cursors.get("next"), 2000) if isinstance(cursors, dict) else ""
        found = (schema_of(institution) for institution in raw["institutions"])
        # Assumed: the last page has the cursor null; "" or the one just used cannot lead further either.
        is_last = following in ("", cursor)
        return Ok(Page(tuple(schema for schema in found if schema), None if is_last else following))

    def fetch_schema(self, key: str) -> Ok[Schema] | Failure:
        answer = client.get_institution(self.session, key)
        found = schema_of(answer.json, key=key) if isinstance(answer, Reply) and answer.status == 200 else None
        return Ok(found) if found else failure_of(answer, writes=False)

    def assess(self, snapshot: Snapshot, schema: Schema | None) -> Assessment:
        return assess(snapshot, schema)

    def availability(self, snapshot: Snapshot, schema: Schema | None) -> tuple[Availability, ...]:
        # Assumed: live client ids begin with `live_`, as in the examples; any other pair is of the sandbox.
        return actions.availability(
            snapshot,
            schema,
            is_live=str(self.config["CLIENT_ID"]).startswith("live_"),
            has_return_address=bool(self.config.get("REDIRECT_URI")),
        )

    def primary_action(self, snapshot: Snapshot, schema: Schema | None) -> str:
        return actions.primary_action(snapshot, schema, self.availability(snapshot, schema))

    def facts(self, snapshot: Snapshot, schema: Schema | None) -> tuple[Fact, ...]:
        return facts.facts(snapshot, schema)

    def fields(self, action: str, snapshot: Snapshot, schema: Schema | None) -> tuple[Field, ...]:
        match action:
            case "settings":
                return settings.settings_fields(snapshot)
            case "refresh":
                return plans.refresh_fields(snapshot)
            case "repair_link":
                return repair_link.repair_link_fields(snapshot)
            case "test_webhook":
                return plans.webhook_test_fields()
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
            case "settings":
                return settings.plan_settings(base, values)
            case "refresh":
                return plans.plan_refresh(base, values, schema)
            case "repair_link":
                redirect_uri = str(self.config.get("REDIRECT_URI", ""))
                return repair_link.plan_repair_link(base, values, schema, redirect_uri=redirect_uri)
            case "test_webhook":
                return plans.plan_webhook_test(base, values)
            case "reset":
                return plans.plan_reset(base)
            case "delete":
                return plans.plan_delete(base, schema)
            case other:
                raise ValueError(f"MoneyKit has no action {other!r}")

    def signing(self) -> Signing:
        """Source: SDK, POST /auth/token, or our pair in two headers."""
        plain = super().signing()
        version = {"MoneyKit-Version": client.VERSION}
        if self.config.get("AUTH") == "headers":
            keys = {"X-Client-Id": "{CLIENT_ID}", "X-Client-Secret": "{CLIENT_SECRET}"}
            return replace(plain, headers=version | keys)
        token = TokenCall(f"{plain.base_url}{TOKEN_PATH}", CLIENT_CREDENTIALS)
        return replace(plain, headers=version | {"Authorization": "Bearer {ACCESS_TOKEN}"}, token=token)

    def launcher(self) -> Launcher:
        frame_url = str(self.config.get("CONNECT_URL", CONNECT_URL))
        return Launcher(frame_url.rstrip("/"), LAUNCHER_SCRIPTS)

    def asks_to_allow(self, plan: Plan) -> tuple[str, ...]:
        return repair_link.added_by(plan)

    def confirms(self, plan: Plan, before: Snapshot, after: Snapshot, sent_at: datetime) -> bool | None:
        return confirmation.confirms(plan, before, after, sent_at)

    def send(self, plan: Plan, values: Mapping[str, FieldValue], secrets: Mapping[str, Secret]) -> Outcome:
        return writes.send(self.session, plan)

    def verify_webhook(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Not quite pure: a signing key that is not known yet is asked for."""
        return webhooks.verify(headers, body, self._signing_key, now=datetime.now(UTC))

    def parse_webhook(self, body: bytes) -> tuple[WebhookEvent, ...]:
        return webhooks.parse(body)

    def _signing_key(self, kid: str) -> ec.EllipticCurvePublicKey | None:
        client_id = str(self.config["CLIENT_ID"])

        def ask() -> object:
            answer = client.get_signing_keys(self.session, client_id)
            return answer.json if isinstance(answer, Reply) and answer.status == 200 else None

        return _SIGNING_KEYS.find(f"{self.config['URL']} {client_id}", kid, ask)
