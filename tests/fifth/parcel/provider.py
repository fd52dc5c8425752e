"""Parcel, declared."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ..answers import Assessment, Fact, Page, Schema, Snapshot, digest_of
from ..as_code import Signing
from ..attention import Attention
from ..base import Action, Availability, Capability, Effect, Provider, Setting
from ..errors import BUILT_IN
from ..fields import AuditClass, Field, FieldKind, FieldValue
from ..http import ApiSession, Reply
from ..outcomes import Evidence, Failure, FieldErrors, Ok, Outcome
from ..plan import CallTemplate, Change, Plan, fill_body, is_placeholder, placeholder
from ..secrets import Secret
from . import client
from .errors import NO_LOCKER, RULES, Gone, failure_of

CHANGE = Action("change", "Change locker", Capability.UPDATE, Effect.WRITE, "edit", help="Its name and its PIN.")
_ID = re.compile(r"[A-Za-z0-9-]{1,40}")


class Parcel(Provider):
    slug = "parcel"
    name = "Parcel"
    noun = "locker"
    settings = (
        Setting("URL", "the address of Parcel's API"),
        Setting("KEY", "the API key", secret=True),
    )
    capabilities = frozenset({Capability.UPDATE})
    actions = (CHANGE,)
    rules = (*RULES, *BUILT_IN)

    @classmethod
    def open_session(cls, config: Mapping[str, str | Secret], **transport: Any) -> ApiSession:
        return client.open_session(config, **transport)

    def check(self) -> Ok[None] | Failure:
        answer = client.ping(self.session)
        is_ours = isinstance(answer, Reply) and answer.status == 200 and answer.json == {"pong": True}
        return Ok(None) if is_ours else failure_of(answer, writes=False)

    def list(self, cursor: str | None = None) -> Ok[Page[Snapshot]] | Failure:
        page = int(cursor or 1)
        answer = client.list_lockers(self.session, page)
        raw = answer.json if isinstance(answer, Reply) and answer.status == 200 else None
        if not isinstance(raw, dict) or not isinstance(raw.get("lockers"), list):
            return failure_of(answer, writes=False)
        found = tuple(snapshot for item in raw["lockers"] if (snapshot := _snapshot_of(item)))
        following = raw.get("next")
        return Ok(Page(found, str(following) if isinstance(following, int) and following > page else None))

    def fetch(self, remote_id: str) -> Ok[Snapshot] | Failure:
        if not _ID.fullmatch(remote_id):
            return Gone(NO_LOCKER)
        return _locker_in(client.get_locker(self.session, remote_id), remote_id, writes=False)

    def assess(self, snapshot: Snapshot, schema: Schema | None) -> Assessment:
        match snapshot.status:
            case "open":
                return Assessment(Attention.HEALTHY, "The locker works.")
            case "jammed":
                return Assessment(Attention.INSTITUTION_DOWN, "The door is jammed; the courier mends it.")
            case other:
                return Assessment(Attention.UNKNOWN, f"Parcel says “{other}”.")

    def availability(self, snapshot: Snapshot, schema: Schema | None) -> tuple[Availability, ...]:
        return (Availability(CHANGE),)

    def facts(self, snapshot: Snapshot, schema: Schema | None) -> tuple[Fact, ...]:
        return (Fact("Name", snapshot.title), Fact("State", snapshot.status, "code"))

    def fields(self, action: str, snapshot: Snapshot, schema: Schema | None) -> tuple[Field, ...]:
        return (
            Field("name", "Name", required=True, initial=snapshot.title, max_length=100, audit=AuditClass.PUBLIC),
            Field("pin", "New PIN", FieldKind.PASSWORD, secret=True, help="Blank keeps it.", audit=AuditClass.SECRET),
        )

    def plan_update(
        self,
        action: str,
        base: Snapshot,
        values: Mapping[str, FieldValue],
        given_secrets: frozenset[str],
        schema: Schema | None,
    ) -> Plan | FieldErrors:
        name = str(values.get("name") or "")
        if is_placeholder(name):
            return FieldErrors({"name": ("This cannot be sent as a name.",)})
        body: dict[str, Any] = {}
        changes: tuple[Change, ...] = ()
        if name and name != base.title:
            body["name"] = name
            changes += (Change("name", "Name", base.title, name, audit=AuditClass.PUBLIC),)
        if "pin" in given_secrets:
            body["pin"] = placeholder("pin")
            changes += (Change("pin", "PIN", None, None, secret=True, audit=AuditClass.SECRET),)
        return Plan(
            action=action,
            remote_id=base.remote_id,
            summary=f"Change the locker “{base.title}”",
            changes=changes,
            call=CallTemplate("PATCH", f"/lockers/{base.remote_id}", body),
            base_digest=digest_of([base.remote_id, base.title]),
            secret_names=tuple(sorted(given_secrets & {"pin"})),
        )

    def signing(self) -> Signing:
        return Signing(str(self.config["URL"]).rstrip("/"), headers={"X-Key": "{KEY}"})

    def confirms(self, plan: Plan, before: Snapshot, after: Snapshot, sent_at: datetime) -> bool | None:
        wanted = (plan.call.body or {}).get("name")
        return after.title == wanted if wanted else None

    def send(self, plan: Plan, values: Mapping[str, FieldValue], secrets: Mapping[str, Secret]) -> Outcome:
        answer = client.patch_locker(self.session, plan.remote_id, fill_body(plan.call, secrets) or {})
        found = _locker_in(answer, plan.remote_id, writes=True)
        return Ok(found.value, found.evidence) if isinstance(found, Ok) else found


def _locker_in(answer: client.Answer, remote_id: str, *, writes: bool) -> Ok[Snapshot] | Failure:
    found = _snapshot_of(answer.json) if isinstance(answer, Reply) and answer.status == 200 else None
    if found is None or not isinstance(answer, Reply) or found.remote_id != remote_id:
        return failure_of(answer, writes=writes)
    return Ok(found, Evidence(http_status=answer.status))


def _snapshot_of(raw: object) -> Snapshot | None:
    """Return what is kept of a locker: not its PIN. Without an id that fits into a path there is none."""
    if not isinstance(raw, dict):
        return None
    kept = {name: _text(raw.get(name)) for name in ("id", "name", "state", "customer")}
    if not _ID.fullmatch(kept["id"]):
        return None
    return Snapshot(kept["id"], kept["state"], kept, title=kept["name"], external_id=kept["customer"])


def _text(value: object) -> str:
    """Return text that any database takes, or "" for what is none."""
    return value.replace("\0", "").encode("utf-8", "ignore").decode()[:200] if isinstance(value, str) else ""
