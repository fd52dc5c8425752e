"""What allauth tells us of factors, passwords and proofs: new session keys, and entries in the audit log."""

from __future__ import annotations

from typing import Any

from allauth.account.internal.flows.login import record_authentication
from allauth.account.signals import authentication_step_completed, password_changed
from allauth.core import context
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authentication_failed, authenticator_used
from allauth.usersessions.models import UserSession
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver
from django.http import HttpRequest

from dashboard.models import User
from dashboard.services import invitations
from dashboard.services.audit import Actor, Kind, Target, record

from . import sessions
from .on_record import FACTORS, VISITOR, actor_of, note, origin


@receiver(authentication_step_completed, dispatch_uid="renew_session")
def renew_session(request: HttpRequest, user: User, method: str, **kwargs: Any) -> None:
    """Give the session a new key at every proof: whoever knew the one before is left outside."""
    sessions.renew(request)
    if kwargs.get("reauthenticated"):
        how = FACTORS.get(kwargs.get("type", ""), method)
        note(Kind.EVENT, "session.confirmed", Actor.of(user), Target.of(user), {"with": how} | origin(request))


@receiver(authenticator_used, dispatch_uid="audit_factor_used")
def on_used(request: HttpRequest, user: User, authenticator: Authenticator, **kwargs: Any) -> None:
    if kwargs.get("reauthenticated"):
        return
    facts = {"factor": FACTORS[authenticator.type]} | origin(request)
    note(Kind.EVENT, "factor.used", Actor.of(user), Target.of(user), facts)


@receiver(authentication_failed, dispatch_uid="audit_factor_failed")
def on_failed(request: HttpRequest, user: User, authenticator: Authenticator, **kwargs: Any) -> None:
    actor = Actor.of(user) if kwargs.get("reauthentication") else VISITOR
    note(Kind.DENIED, "factor.failed", actor, Target.of(user), origin(request))


@receiver(post_save, sender=Authenticator, dispatch_uid="audit_factor_added")
def on_saved(instance: Authenticator, created: bool, **kwargs: Any) -> None:
    """In the same transaction as the factor itself: what cannot be recorded is not added."""
    if not created:
        return
    if instance.type == Authenticator.Type.RECOVERY_CODES:
        _changed("factor.codes_made", instance)
        return
    request = context.request
    if request is not None and request.user == instance.user:
        # Whoever has just set up a factor has shown that it works: the session has seen it.
        record_authentication(request, instance.user, "mfa", id=instance.pk, type=instance.type)
    _changed("factor.added", instance)


@receiver(post_delete, sender=Authenticator, dispatch_uid="audit_factor_removed")
def on_deleted(instance: Authenticator, **kwargs: Any) -> None:
    _changed("factor.removed", instance)


@receiver(password_changed, dispatch_uid="audit_password_changed")
def on_password_changed(request: HttpRequest, user: User, **kwargs: Any) -> None:
    # They have ended with the password; the list of them is not to show them any more.
    UserSession.objects.filter(user=user).exclude(session_key=request.session.session_key).delete()
    # Nor may an old link replace the new password.
    invitations.end(user)
    record(
        Kind.EVENT, "password.changed", actor=Actor.of(user), target=Target.of(user), result="ok", facts=origin(request)
    )


def _changed(action: str, authenticator: Authenticator) -> None:
    request = context.request
    record(
        Kind.EVENT,
        action,
        actor=actor_of(request, authenticator.user),
        target=Target.of(authenticator.user),
        result="ok",
        facts={"factor": FACTORS[authenticator.type]} | origin(request),
    )
