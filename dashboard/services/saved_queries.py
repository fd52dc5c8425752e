"""Queries of the audit log that people keep: make, rename, share, remove; each on record."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from dashboard.audit_query import parse

from ..models import SavedQuery
from .audit import Actor, Kind, Target, record
from .audit_policy import changes_of
from .audit_query_words import masked

# Of one's own and of others together; more is a list nobody reads.
MOST_SHOWN = 200


class NameTaken(Exception):
    """The person has a query of this name already; the message says so."""


def visible_to(user: Any) -> list[SavedQuery]:
    """Return the person's own queries and the shared ones."""
    return list(SavedQuery.objects.filter(Q(owner=user) | Q(is_shared=True))[:MOST_SHOWN])


def own(user: Any, pk: UUID) -> SavedQuery | None:
    return SavedQuery.objects.filter(pk=pk, owner=user).first()


def create(user: Any, *, name: str, text: str, is_shared: bool, actor: Actor) -> SavedQuery:
    """Keep a query; raise `NameTaken`, or `AuditUnavailable` with nothing kept."""
    saved = SavedQuery(owner=user, owner_text=actor.text[:300], name=name, text=text, is_shared=is_shared)
    with transaction.atomic():
        _save(saved)
        record(Kind.EVENT, "query.saved", actor=actor, target=_target(saved), facts=_facts(saved))
    return saved


def change(saved: SavedQuery, *, name: str, is_shared: bool, actor: Actor) -> None:
    """Rename a query, share it or take it back; raise as `create` does."""
    before = {"name": saved.name, "is_shared": saved.is_shared}
    changes = changes_of(SavedQuery, before, {"name": name, "is_shared": is_shared}, labels={"is_shared": "Shared"})
    if not changes:
        return
    with transaction.atomic():
        saved.name, saved.is_shared = name, is_shared
        _save(saved)
        record(Kind.EVENT, "query.changed", actor=actor, target=_target(saved), facts={"changes": changes})


def delete(saved: SavedQuery, *, actor: Actor) -> None:
    target, facts = _target(saved), _facts(saved)
    with transaction.atomic():
        SavedQuery.objects.filter(pk=saved.pk).delete()
        record(Kind.EVENT, "query.removed", actor=actor, target=target, facts=facts)


def _save(saved: SavedQuery) -> None:
    try:
        with transaction.atomic():
            saved.save()
    except IntegrityError:
        raise NameTaken(
            f"You have a query named “{saved.name}” already. Nothing was saved: choose another name."
        ) from None


def _target(saved: SavedQuery) -> Target:
    return Target(f"saved-query-{saved.pk}", f"Saved query {saved.name}")


def _facts(saved: SavedQuery) -> dict[str, Any]:
    return {"query": masked(parse(saved.text, now=timezone.localtime())), "is_shared": saved.is_shared}
