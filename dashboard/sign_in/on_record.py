"""What happens at the door, on record: never a code, a seed or a password."""

from __future__ import annotations

from typing import Any

import structlog
from allauth.account.adapter import get_adapter
from allauth.mfa.models import Authenticator
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from dashboard.services.audit import Actor, AuditUnavailable, Kind, Target, record

log = structlog.get_logger(__name__)

VISITOR = Actor("", "Not signed in", "")
FACTORS = {
    Authenticator.Type.TOTP: "authenticator app",
    Authenticator.Type.WEBAUTHN: "passkey",
    Authenticator.Type.RECOVERY_CODES: "recovery codes",
}


def note(kind: Kind, action: str, actor: Actor, target: Target | None, facts: dict[str, str]) -> None:
    """Record it, or log that it could not be: reading must stay possible while nothing can be written."""
    try:
        record(kind, action, actor=actor, target=target, facts=facts)
    except AuditUnavailable as trouble:
        log.error("audit_unavailable", action=action, cause=str(trouble))


def note_refusal(request: HttpRequest, because: str) -> None:
    """Record that somebody who is signed in was refused for another reason than a right that they lack."""
    match = request.resolver_match
    facts = {"because": because, "method": request.method or "", "page": match.view_name if match else ""}
    note(Kind.DENIED, "access.denied", Actor.of(request.user), None, facts)


def origin(request: HttpRequest | None) -> dict[str, str]:
    """Return from where a request comes, as facts."""
    if request is None or "REMOTE_ADDR" not in request.META:
        return {}
    return {"address": address_of(request), "browser": request.META.get("HTTP_USER_AGENT", "")[:300]}


def address_of(request: HttpRequest) -> str:
    try:
        return str(get_adapter(request).get_client_ip(request))
    except PermissionDenied:
        # allauth's word for an address that cannot be told from the headers.
        return ""


def actor_of(request: HttpRequest | None, user: Any) -> Actor:
    """Return who acts: the person signed in, or the one who is about to be."""
    person = getattr(request, "user", None)
    return Actor.of(person if person is not None and person.is_authenticated else user)
