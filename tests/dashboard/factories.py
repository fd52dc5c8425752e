"""Plain factory functions for the pipeline: accounts as the emulator has them, drafts, operations under way."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from django.utils import timezone

from dashboard import registry
from dashboard.fingerprints import fingerprint_of
from dashboard.models import LinkedAccount, Operation, User
from dashboard.models.operation import State
from dashboard.services import operations, sync
from dashboard.services.mirror import mirror, mirror_page
from dashboard.services.results import Started, StartResult
from dashboard.services.sync import store_schemas
from providers.answers import Snapshot
from providers.fields import FieldValue
from providers.outcomes import Ok
from providers.secrets import Secret
from tests import people

GOOD_CODE = "111111"
GOOD_PASSWORD = "Arandom-passw0rd"
# Institutions of the emulator's world.
PLAIN = "erebor_mx_retail"
ASKS_FOR_NUMBER = "heimdall_mx_retail"
SLOW = "fangorn_mx_retail"


def agent(name: str = "Ana Souza", email: str = "ana@desk.example") -> User:
    return people.member("agent", email=email, name=name)


def synced(integration: str = "belvo") -> None:
    """Fill the mirror from the emulator, as the worker does."""
    assert sync.run(integration).result == "complete"


def listed(integration: str) -> None:
    """Mirror what the emulator lists, without waiting for our own limits."""
    config = registry.integration_named(integration)
    session = config.provider.open_session(config.values, fingerprint=fingerprint_of(integration))
    provider = config.provider(config.values, session)
    schemas, accounts = provider.list_schemas(), provider.list()
    assert isinstance(schemas, Ok) and isinstance(accounts, Ok)
    store_schemas(integration, schemas.value.items)
    mirror_page(integration, accounts.value.items, timezone.now())


def account_at(institution: str, *, status: str = "", kept: bool = False) -> LinkedAccount:
    """Return an account of the mirror at an institution of the emulator, of a given remote status or any that works.

    `kept`: one whose credentials Belvo still stores.
    """
    accounts = LinkedAccount.objects.filter(schema_key=institution).exclude(external_id__startswith="case-")
    if kept:
        accounts = accounts.filter(body__credentials_storage="store")
    found = accounts.filter(status=status) if status else accounts.exclude(status="unconfirmed")
    return found.order_by("remote_id")[0]


def snapshot(remote_id: str = "one", **columns: Any) -> Snapshot:
    """Return a snapshot of a Belvo link that is fine, with other `columns`."""
    status = columns.pop("status", "valid")
    body = columns.pop("body", {"id": remote_id, "status": status, "institution": PLAIN})
    columns = {"schema_key": PLAIN, "title": PLAIN, **columns}
    return Snapshot(remote_id=remote_id, status=status, body=body, **columns)


def mirrored(remote_id: str = "one", *, at: datetime | None = None, **columns: Any) -> LinkedAccount:
    return mirror("belvo", snapshot(remote_id, **columns), at=at)


def draft(account: LinkedAccount, actor: User, action: str = "credentials") -> Operation:
    made = operations.open_draft(account, action, actor=actor)
    assert isinstance(made, Operation), made
    return made


def started(
    account: LinkedAccount, actor: User, *, action: str = "credentials", password: str = GOOD_PASSWORD, **more: Any
) -> Operation:
    """Start an operation as the apply view does; it is under way when this returns."""
    operation = draft(account, actor, action)
    secrets = {"password": Secret(password)} if action == "credentials" else {}
    result = start(operation, actor, values=more.get("values", {}), secrets=more.get("secrets", secrets))
    assert isinstance(result, Started), result
    return result.operation


def start(
    operation: Operation, actor: User, *, values: Mapping[str, FieldValue], secrets: Mapping[str, Secret]
) -> StartResult:
    """Start a draft with the digest of the plan that it shows for these values."""
    plan = operations.preview(operation, values, frozenset(secrets)).plan
    assert plan is not None
    return operations.start(operation, values, secrets, digest=plan.digest, actor=actor)


def settled(operation: Operation, *states: State, within_s: float = 15.0) -> Operation:
    """Wait until an operation is out of `running` (or in one of `states`) and return it as it is then."""
    return wait_for(
        lambda: _as_wanted(operation, states), f"{operation.pk} stayed {_state(operation)}", within_s=within_s
    )


def repaired(account: LinkedAccount, actor: User, **more: Any) -> Operation:
    return settled(started(account, actor, **more))


def wait_for(look: Callable[[], Any], otherwise: str = "nothing came", *, within_s: float = 15.0) -> Any:
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        if found := look():
            return found
        time.sleep(0.02)
    raise AssertionError(otherwise)


def long_ago() -> datetime:
    return datetime(2020, 1, 1, tzinfo=UTC)


def _as_wanted(operation: Operation, states: tuple[State, ...]) -> Operation | None:
    fresh = Operation.objects.select_related("account").get(pk=operation.pk)
    reached = fresh.state in states if states else fresh.state != State.RUNNING
    return fresh if reached else None


def _state(operation: Operation) -> str:
    return Operation.objects.values_list("state", flat=True).get(pk=operation.pk)
