"""Signing in, out, and failing to, on record."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import user_logged_in, user_logged_out, user_login_failed
from django.dispatch import receiver
from django.http import HttpRequest

from .models import User
from .services.audit import Actor, Kind, Target
from .services.audit_bytes import clean
from .services.audit_redaction import mask
from .sign_in import sessions
from .sign_in.on_record import VISITOR, note, origin


@receiver(user_logged_in, dispatch_uid="audit_signed_in")
def on_signed_in(request: HttpRequest | None, user: User, **kwargs: Any) -> None:
    if request is not None:
        sessions.begin(request)
    note(Kind.EVENT, "session.signed_in", Actor.of(user), Target.of(user), origin(request))


@receiver(user_logged_out, dispatch_uid="audit_signed_out")
def on_signed_out(request: HttpRequest | None, user: User | None, **kwargs: Any) -> None:
    if user is not None:
        why = getattr(request, "ended_because", "")
        facts = ({"because": why} if why else {}) | origin(request)
        note(Kind.EVENT, "session.signed_out", Actor.of(user), Target.of(user), facts)


@receiver(user_login_failed, dispatch_uid="audit_sign_in_failed")
def on_sign_in_failed(credentials: dict[str, Any], request: HttpRequest | None = None, **kwargs: Any) -> None:
    """Keep the address masked: people type their password into the wrong box. A known address names its owner."""
    address = clean(str(credentials.get("email") or credentials.get("username") or ""), 254)
    user = User.objects.filter(email__iexact=address).first()
    facts = origin(request) | {"tried": mask(address)}
    note(Kind.DENIED, "session.failed", VISITOR, Target.of(user) if user else None, facts)
