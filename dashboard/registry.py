"""The only place where settings meet providers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

import structlog
from django.conf import settings

from providers.base import Provider
from providers.config import IntegrationConfig
from providers.errors import BUILT_IN, ErrorRule
from providers.http import ApiSession, Exchange

from .fingerprints import fingerprint_of
from .models import ApiCall, LinkedAccount, Operation
from .ratelimit import SharedLimiter
from .text import capped, storable, storable_json
from .tokens import SharedTokens

MAX_STORED_BODY_BYTES = 16_384

log = structlog.get_logger(__name__)


class UnknownIntegration(LookupError):
    """The integration is not configured (any more)."""

    def __init__(self, name: str) -> None:
        super().__init__(f"The integration “{name}” is not configured. Name it in INTEGRATIONS, with its settings.")
        self.name = name


def integrations() -> dict[str, IntegrationConfig]:
    """Return every configured integration by its alias."""
    return settings.INTEGRATIONS.integrations


def integration_named(name: str) -> IntegrationConfig:
    """Return one integration, or raise `UnknownIntegration`."""
    try:
        return integrations()[name]
    except KeyError:
        raise UnknownIntegration(name) from None


def provider_class_of(integration: str) -> type[Provider]:
    """Return the provider class behind an integration."""
    return integration_named(integration).provider


def provider_for(
    integration: str, *, account: LinkedAccount | None = None, operation: Operation | None = None
) -> Provider:
    """Return a fresh provider with a session of its own; its calls go on record under `account` and `operation`."""
    found = integration_named(integration)
    session = found.provider.open_session(
        found.values,
        limiter=SharedLimiter(),
        tokens=SharedTokens(),
        fingerprint=fingerprint_of(integration),
        gate=found.provider.gate_of(integration, found.values),
        on_exchange=_recorder(integration, account, operation),
    )
    return found.provider(found.values, session)


def pure(integration: str) -> Provider:
    """Return a provider to call the pure methods on: it cannot reach the network."""
    found = integration_named(integration)
    return found.provider(found.values, _NoNetwork())


def rule_named(integration: str, code: str) -> ErrorRule | None:
    """Return a row of the integration's catalogue by our own stable code."""
    rules = provider_class_of(integration).rules if integration in integrations() else ()
    return next((rule for rule in (*rules, *BUILT_IN) if rule.code == code), None)


def request_id_key(request_id: str) -> str:
    """Return a request id as people's copies are compared: no dashes or spaces, lower case."""
    return "".join(request_id.split()).replace("-", "").lower()[:128]


class _NoNetwork(ApiSession):
    def __init__(self) -> None:
        """Hold nothing: there is no remote behind it."""

    def request(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise RuntimeError("a pure method of a provider tried to reach the network")


def _recorder(
    integration: str, account: LinkedAccount | None, operation: Operation | None
) -> Callable[[Exchange], None]:
    account_id = account.pk if account else None
    operation_id = operation.pk if operation else None

    def record(exchange: Exchange) -> None:
        # What lists everybody's accounts is kept where something went wrong: else it is read by nobody, and is many
        # people's data for months.
        is_kept = account_id is not None or operation_id is not None or not exchange.status or exchange.status >= 400
        # A lost line of the call log must not lose the remote's answer: the caller still has to settle on it.
        try:
            ApiCall.objects.create(
                integration=integration,
                account_id=account_id,
                operation_id=operation_id,
                method=exchange.method[:10],
                path_template=storable(exchange.path_template, 200),
                path=storable(exchange.path if is_kept else exchange.path_template, 2000),
                status=exchange.status,
                failure=storable(exchange.failure, 30),
                duration_ms=max(0, exchange.duration_ms),
                request_id=storable(exchange.request_id, 128),
                request_id_key=storable(request_id_key(exchange.request_id), 128),
                request_headers=storable_json(dict(exchange.request_headers)),
                request_body=capped(storable(exchange.request_body), MAX_STORED_BODY_BYTES),
                response_body=capped(storable(exchange.response_body if is_kept else ""), MAX_STORED_BODY_BYTES),
            )
        except Exception:
            log.exception("api_call_not_recorded", integration=integration, path_template=exchange.path_template)

    return record
