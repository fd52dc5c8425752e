"""Staff as admins manage them: invite, disable, let in again, reset a lost second factor. Each is on record."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.db import IntegrityError, transaction
from django.db.models import CharField, Exists, F, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Cast, Coalesce, Concat, Lower, NullIf

from ..models import AuditEntry, User
from ..query_text import MAX_WORDS, clean
from . import invitations
from .approval_rows import CannotPerform
from .audit import Actor, Kind, Target, record
from .keyset import KeysetPage, Sort, page

PAGE_SIZE = 50
FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
_NAME = Coalesce(NullIf(F("name"), Value("")), F("email"), output_field=CharField())
BY_NAME = Sort(Concat(Lower(_NAME), Value("\t"), F("email"), output_field=CharField()), False)


class CannotChange(CannotPerform):
    """Why this may not be done, as a sentence; nothing was changed."""


class AddressTaken(Exception):
    """Somebody has this e-mail address already."""

    def __init__(self, other: User) -> None:
        super().__init__(f"{other} has this address.")
        self.other = other


def find(query: str) -> QuerySet[User]:
    """Return the people in whose name or address every word occurs, with second factor and last act on record."""
    factors = Authenticator.objects.filter(user=OuterRef("pk"), type__in=FACTORS)
    entries = AuditEntry.objects.filter(actor_id=Cast(OuterRef("pk"), CharField())).order_by("-seq")
    found = User.objects.annotate(has_factor=Exists(factors), last_act=Subquery(entries.values("at")[:1]))
    found = found.prefetch_related("groups")
    for word in clean(query).split()[:MAX_WORDS]:
        found = found.filter(Q(name__icontains=word) | Q(email__icontains=word))
    return found


def list_page(query: str, *, after: str = "", before: str = "") -> KeysetPage[User]:
    return page(find(query), BY_NAME, size=PAGE_SIZE, after=after, before=before)


def add(email: str, name: str, *, actor: Actor) -> tuple[User, str]:
    """Add a person who has no role yet, and return the key of their link too; raise `AddressTaken`."""
    try:
        with transaction.atomic():
            person = User.objects.create_user(email, None, name=name)
            key = invitations.make(person)
            record(Kind.EVENT, "staff.invited", actor=actor, target=Target.of(person))
    except IntegrityError:
        other = User.objects.filter(email__iexact=email).first()
        if other is None:
            raise
        raise AddressTaken(other) from None
    return person, key


def invite_again(person: User, *, actor: User) -> str:
    """Return the key of a new link, with which the person sets a new password; older links end."""
    with transaction.atomic():
        if not person.is_active:
            raise CannotChange(f"{person} is disabled. Enable the account first.")
        key = invitations.make(person)
        _record("staff.invited_again", actor, person, {})
    return key


def disable(person: User, *, actor: User) -> None:
    """Keep a person out from now on: their sessions end, their links too. Raises `CannotChange`."""
    with transaction.atomic():
        hold_admins()
        if person.pk == actor.pk:
            raise CannotChange("Nobody disables their own account. Ask another administrator.")
        refuse_without_admin(person, ())
        if not User.objects.filter(pk=person.pk, is_active=True).update(is_active=False):
            raise CannotChange(f"{person} is disabled already.")
        end_sessions(person)
        invitations.end(person)
        _record("staff.disabled", actor, person, {})


def enable(person: User, *, actor: User) -> None:
    with transaction.atomic():
        if not User.objects.filter(pk=person.pk, is_active=False).update(is_active=True):
            raise CannotChange(f"{person} is not disabled.")
        _record("staff.enabled", actor, person, {})


def refuse_to_reset(person: User, actor: User) -> None:
    """Raise `CannotChange` for one's own second factor, and where there is none."""
    if person.pk == actor.pk:
        raise CannotChange("Nobody resets their own second factor here. Ask another administrator.")
    if not Authenticator.objects.filter(user=person).exists():
        raise CannotChange(f"{person} has no second factor.")


def reset_second_factor(person: User, *, actor: User, reason: str, approval: str = "") -> None:
    """Forget a person's second factors, for a lost phone: they set up another one when they next sign in."""
    with transaction.atomic():
        refuse_to_reset(person, actor)
        gone = sorted(Authenticator.objects.filter(user=person).values_list("type", flat=True))
        Authenticator.objects.filter(user=person).delete()
        end_sessions(person)
        record(
            Kind.EVENT,
            "staff.factor_reset",
            actor=Actor.of(actor),
            target=Target.of(person),
            facts={"removed": ", ".join(gone), "reason": reason},
            approval=approval,
        )


def end_sessions(person: User) -> None:
    """Sign a person out everywhere, in the caller's transaction."""
    User.objects.filter(pk=person.pk).update(sessions_salt=secrets.token_hex(16))
    UserSession.objects.filter(user=person).delete()


def refuse_without_admin(person: User, chosen: Iterable[str]) -> None:
    """Raise `CannotChange` if without this person nobody could manage staff any more."""
    if "admin" in chosen or not person.groups.filter(name="admin").exists():
        return
    if not User.objects.filter(is_active=True, groups__name="admin").exclude(pk=person.pk).exists():
        raise CannotChange(f"{person} is the last administrator. Give somebody else that role first.")


def hold_admins() -> None:
    """Let one change at a time look at who is left: two people may not remove each other."""
    list(User.objects.select_for_update().filter(groups__name="admin").order_by("pk").values_list("pk", flat=True))


def _record(action: str, actor: User, person: User, facts: Mapping[str, Any]) -> None:
    record(Kind.EVENT, action, actor=Actor.of(actor), target=Target.of(person), facts=facts)
