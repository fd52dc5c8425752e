"""Signing in, out, and failing to, on record."""

from __future__ import annotations

from typing import Any

import structlog
from django.contrib.auth import user_logged_in, user_logged_out, user_login_failed
from django.core.exceptions import PermissionDenied
from django.dispatch import receiver
from django.http import HttpRequest

from .models import User
from .services.audit import Actor, AuditUnavailable, Kind, Target, record
from .services.audit_bytes import clean
from .services.audit_redaction import mask

log = structlog.get_logger(__name__)

_VISITOR = Actor("", "Not signed in", "")


@receiver(user_logged_in, dispatch_uid="audit_signed_in")
def on_signed_in(request: HttpRequest | None, user: User, **kwargs: Any) -> None:
    _record(Kind.EVENT, "session.signed_in", Actor.of(user), Target.of(user), _origin(request))


@receiver(user_logged_out, dispatch_uid="audit_signed_out")
def on_signed_out(request: HttpRequest | None, user: User | None, **kwargs: Any) -> None:
    if user is not None:
        _record(Kind.EVENT, "session.signed_out", Actor.of(user), Target.of(user), _origin(request))


@receiver(user_login_failed, dispatch_uid="audit_sign_in_failed")
def on_sign_in_failed(credentials: dict[str, Any], request: HttpRequest | None = None, **kwargs: Any) -> None:
    """Keep the address masked: people type their password into the wrong box. A known address names its owner."""
    address = clean(str(credentials.get("email") or credentials.get("username") or ""), 254)
    user = User.objects.filter(email__iexact=address).first()
    facts = _origin(request) | {"tried": mask(address)}
    _record(Kind.DENIED, "session.failed", _VISITOR, Target.of(user) if user else None, facts)


def _record(kind: Kind, action: str, actor: Actor, target: Target | None, facts: dict[str, str]) -> None:
    """Record it, or log that it could not be: reading must stay possible while nothing can be written."""
    try:
        record(kind, action, actor=actor, target=target, facts=facts)
    except AuditUnavailable as trouble:
        log.error("audit_unavailable", action=action, cause=str(trouble))


def _origin(request: HttpRequest | None) -> dict[str, str]:
    from allauth.account.adapter import get_adapter

    if request is None or "REMOTE_ADDR" not in request.META:
        return {}
    try:
        address = str(get_adapter(request).get_client_ip(request))
    except PermissionDenied:
        # allauth's word for an address that cannot be told from the headers.
        address = ""
    return {"address": address, "browser": request.META.get("HTTP_USER_AGENT", "")[:300]}
