"""What a snapshot becomes in the mirror: the columns that are shown, and the digest that says whether they changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from providers.answers import Assessment, Schema, Snapshot, digest_of
from providers.attention import Attention
from providers.base import Provider
from providers.errors import BUILT_IN

from ..models import Customer, LinkedAccount, Operation, RemoteSchema
from ..models.operation import State
from ..registry import UnknownIntegration, pure
from ..text import storable, storable_json
from . import attention

MAX_REMOTE_ID_CHARS = 512


def cleaned(snapshot: Snapshot) -> Snapshot:
    """Return the snapshot as it can be stored; from here on, and in every plan, this is what the remote said."""
    return Snapshot(
        remote_id=storable(snapshot.remote_id),
        status=storable(snapshot.status, 60),
        body=storable_json(snapshot.body),
        title=storable(snapshot.title, 200),
        external_id=storable(snapshot.external_id, 256),
        schema_key=storable(snapshot.schema_key, 200),
        error_code=storable(snapshot.error_code, 80),
        tags=tuple(storable(tag, 200) for tag in snapshot.tags),
        created_at=_utc(snapshot.created_at),
        last_success_at=_utc(snapshot.last_success_at),
        expires_at=_utc(snapshot.expires_at),
    )


class Judging:
    """What a batch of accounts of one integration needs to know beside its snapshots, read once."""

    def __init__(self, integration: str, snapshots: Iterable[Snapshot], known: Iterable[LinkedAccount]) -> None:
        self.provider = _provider(integration)
        self.rules = {rule.code: rule for rule in (*(self.provider.rules if self.provider else ()), *BUILT_IN)}
        looked_at = tuple(snapshots)
        self.schemas = _schemas(integration, {snapshot.schema_key for snapshot in looked_at})
        rows = tuple(known)
        references = {snapshot.external_id for snapshot in looked_at} | {row.external_id for row in rows}
        self.customers = _customers(references)
        self.rooms = _open_rooms([row.pk for row in rows])

    def columns(
        self, known: LinkedAccount | None, snapshot: Snapshot, *, read_at: datetime, now: datetime, gone: bool = False
    ) -> dict[str, Any]:
        """Return every column that is shown, the judgement included. `read_at` is when the snapshot was asked for."""
        snapshot = self._with_what_is_known(known, snapshot)
        schema = self.schemas.get(snapshot.schema_key)
        assessment = self._assessment(known, snapshot, schema, read_at=read_at, now=now, gone=gone)
        customer = self._customer(known, snapshot)
        return {
            "remote_id": snapshot.remote_id,
            "customer": customer,
            "external_id": snapshot.external_id,
            "title": _title(snapshot, schema),
            "schema_key": snapshot.schema_key,
            "status": snapshot.status,
            "attention": assessment.attention.value,
            "headline": storable(assessment.headline, 300),
            "explanation": storable(assessment.explanation),
            "script": storable(assessment.script),
            "error_code": snapshot.error_code,
            "tags": list(snapshot.tags),
            "body": snapshot.body,
            "remote_created_at": snapshot.created_at,
            "last_success_at": snapshot.last_success_at,
            "expires_at": snapshot.expires_at,
            "gone_at": known.gone_at if gone and known else None,
            "cause_at": known.cause_at if known else None,
            "search_text": _search_text(snapshot, schema, customer),
        }

    def _assessment(
        self,
        known: LinkedAccount | None,
        snapshot: Snapshot,
        schema: Schema | None,
        *,
        read_at: datetime,
        now: datetime,
        gone: bool,
    ) -> Assessment:
        if gone:
            return attention.ENDED
        if known is not None and known.pk in self.rooms:
            return attention.ROOM_IS_OPEN
        if self.provider is None:
            return _as_it_was(known)
        assessed = self.provider.assess(snapshot, schema)
        if known is not None and (rule := self.rules.get(known.cause_code)) is not None:
            caused = attention.from_cause(rule, known, snapshot, assessed, read_at=read_at, now=now)
            if caused is not None:
                return caused
        return assessed

    def _with_what_is_known(self, known: LinkedAccount | None, snapshot: Snapshot) -> Snapshot:
        """Keep what the remote tells in one place only: when an account was made, and, of some, whose it is."""
        if known is None:
            return snapshot
        says_whose = self.provider is None or self.provider.names_customers
        return replace(
            snapshot,
            created_at=snapshot.created_at or known.remote_created_at,
            external_id=snapshot.external_id or ("" if says_whose else known.external_id),
        )

    def _customer(self, known: LinkedAccount | None, snapshot: Snapshot) -> Customer | None:
        """Match by external id; an account without one keeps the customer it was given by hand."""
        if snapshot.external_id:
            return self.customers.get(snapshot.external_id)
        return known.customer if known is not None else None


def digest_of_columns(columns: Mapping[str, Any]) -> str:
    customer = columns["customer"]
    return digest_of({**columns, "customer": str(customer.pk) if customer else None})


def _as_it_was(known: LinkedAccount | None) -> Assessment:
    if known is None:
        return Assessment(Attention.UNKNOWN, "The integration is not configured any more.")
    return Assessment(Attention(known.attention), known.headline, known.explanation, script=known.script)


def _title(snapshot: Snapshot, schema: Schema | None) -> str:
    """Return the account's own name; where the remote gives but its schema's key, the name that people know that by."""
    own = snapshot.title if snapshot.title != snapshot.schema_key else ""
    return own or (schema.title if schema else "") or snapshot.title


def _search_text(snapshot: Snapshot, schema: Schema | None, customer: Customer | None) -> str:
    people = (customer.name, customer.email, customer.reference) if customer else ()
    remote = (snapshot.title, snapshot.schema_key, schema.title if schema else "", snapshot.remote_id)
    # Some ids travel percent-encoded; people read them out as they are.
    words = (*remote, unquote(snapshot.remote_id), snapshot.external_id, snapshot.status, *people, *snapshot.tags)
    # A line each, so that no search matches across the end of one value and the start of the next.
    return "\n".join(dict.fromkeys(filter(None, words))).casefold()


def _utc(at: datetime | None) -> datetime | None:
    """Return the same moment as the database gives it back: digests compare its text."""
    return at.astimezone(UTC) if at else None


def _provider(integration: str) -> Provider | None:
    try:
        return pure(integration)
    except UnknownIntegration:
        return None


def _schemas(integration: str, keys: set[str]) -> dict[str, Schema]:
    found = RemoteSchema.objects.filter(integration=integration, key__in=keys - {""})
    return {row.key: row.to_schema() for row in found}


def _customers(references: set[str]) -> dict[str, Customer]:
    return {row.reference: row for row in Customer.objects.filter(reference__in=references - {""})}


def _open_rooms(account_ids: list[Any]) -> set[Any]:
    rooms = Operation.objects.filter(account__in=account_ids, state=State.AWAITING_TOKEN)
    return set(rooms.values_list("account_id", flat=True))
