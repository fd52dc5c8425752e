"""One-time links for invited people: made, opened, used once. Only a digest of the key is kept."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from ..models import Invitation, User
from .audit import Actor, Kind, Target, record

LASTS = timedelta(days=3)


def make(person: User) -> str:
    """Return the key of a new link, in the caller's transaction; earlier links of this person end."""
    end(person)
    key = secrets.token_urlsafe(32)
    now = timezone.now()
    Invitation.objects.create(key_digest=_digest(key), user=person, created_at=now, expires_at=now + LASTS)
    return key


def end(person: User) -> None:
    """Let the open links of a person end now."""
    Invitation.objects.filter(user=person, used_at=None).delete()


def find(key: str) -> Invitation | None:
    """Return the open invitation behind a key: not used, not over, of somebody who is not disabled."""
    found = Invitation.objects.select_related("user").filter(key_digest=_digest(key), user__is_active=True).first()
    return found if found is not None and found.is_open else None


def accept(invitation: Invitation, password: str) -> bool:
    """Set the invited person's password; False if the link was used meanwhile."""
    with transaction.atomic():
        unused = Invitation.objects.filter(pk=invitation.pk, used_at=None)
        if not unused.update(used_at=timezone.now()):
            return False
        person = invitation.user
        person.set_password(password)
        person.save(update_fields=("password",))
        record(Kind.EVENT, "staff.joined", actor=Actor.of(person), target=Target.of(person))
    return True


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
