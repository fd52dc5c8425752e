"""Who has which right and when it was last used, told from the audit log: what is never used can be taken away."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import CharField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Cast

from dashboard import roles

from ..models import AuditEntry, AuditSegment, User
from . import staff
from .audit import Actor, Kind, record
from .keyset import KeysetPage, page

# The audit actions that show a right in use.
SHOWN_BY: dict[str, tuple[str, ...]] = {
    roles.VIEW: ("account.read", "customer.read"),
    roles.REPAIR: ("operation.intent", "operation.token"),
    roles.EDIT_CUSTOMERS: ("customer.created", "customer.changed"),
    roles.APPROVE: ("approval.approved", "approval.declined"),
    roles.READ_AUDIT: ("audit.read", "audit.verified", "audit.export_asked", "audit.reviewed", "audit.flagged"),
    roles.MANAGE_STAFF: (
        "staff.invited",
        "staff.invited_again",
        "staff.roles_changed",
        "staff.disabled",
        "staff.enabled",
        "staff.factor_reset",
        "customer.erased",
    ),
}
READ = "staff.reviewed"
_ACTIONS = sorted({action for actions in SHOWN_BY.values() for action in actions})
_COLUMNS = ("name", "e-mail", "state", "second factor", "role", "right", "last used (UTC)", "last sign-in (UTC)")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Use:
    """A right that a person has; `at` is when it was last used, None for never. `roles` are those that give it.

    `never` says how far that goes: a log that begins later tells nothing of what came before.
    """

    right: str
    roles: tuple[str, ...]
    at: datetime | None
    never: str


@dataclass(frozen=True, slots=True)
class Reviewed:
    person: User
    roles: tuple[str, ...]
    uses: tuple[Use, ...]


def list_page(*, after: str = "", before: str = "") -> KeysetPage[User]:
    """Return a page of staff by name; `reviewed` turns each into its rights."""
    return page(_with_uses(staff.find("")), staff.BY_NAME, size=staff.PAGE_SIZE, after=after, before=before)


def reviewed(person: User) -> Reviewed:
    """Return the rights of a person who comes from `list_page`."""
    names = tuple(sorted(group.name for group in person.groups.all()))
    rights = [right for right in SHOWN_BY if any(right in roles.ROLES.get(name, ()) for name in names)]
    gone = person.last_month_removed  # type: ignore[attr-defined]
    never = f"not after {gone}" if gone else "never"
    uses = tuple(
        Use(right, tuple(name for name in names if right in roles.ROLES.get(name, ())), _last(person, right), never)
        for right in rights
    )
    return Reviewed(person, names, uses)


def uses_of(person: User) -> Reviewed:
    """Return the rights of one person."""
    return reviewed(_with_uses(staff.find("")).get(pk=person.pk))


def as_csv() -> Iterator[str]:
    """Yield the report on everybody, a line for each person, role and right."""
    yield _line(_COLUMNS)
    for person in _with_uses(staff.find("")).order_by("email").iterator(chunk_size=200):
        found = reviewed(person)
        about = [person.name, person.email, "active" if person.is_active else "disabled"]
        about.append("yes" if person.has_factor else "no")  # type: ignore[attr-defined]
        signed_in = person.last_login.isoformat(timespec="seconds") if person.last_login else "never"
        rows = [(name, use) for use in found.uses for name in use.roles]
        for name, use in rows:
            used = use.at.isoformat(timespec="seconds") if use.at else use.never
            yield _line([*about, name, use.right.partition(".")[2], used, signed_in])
        if not rows:
            yield _line([*about, "none", "", "", signed_in])


def record_taken(actor: Actor) -> None:
    """Put on record that somebody took the report along, or raise `AuditUnavailable`: a file is not only a look."""
    record(Kind.READ, READ, actor=actor, facts={"form": "csv"})


def _with_uses(people: QuerySet[User]) -> QuerySet[User]:
    """Ask the log once an action and person, each by index, whatever the log's size."""
    columns: dict[str, Any] = {}
    for position, action in enumerate(_ACTIONS):
        own = AuditEntry.objects.filter(actor_id=Cast(OuterRef("pk"), CharField()), action=action)
        columns[f"used_{position}"] = Subquery(own.order_by("-seq").values("at")[:1])
    removed = AuditSegment.objects.filter(removed_at__isnull=False).order_by("-last_seq")
    return people.annotate(**columns, last_month_removed=Subquery(removed.values("month")[:1]))


def _last(person: User, right: str) -> datetime | None:
    times = [getattr(person, f"used_{_ACTIONS.index(action)}") for action in SHOWN_BY[right]]
    latest = max((at for at in times if at), default=None)
    return datetime.fromisoformat(latest) if latest else None


def _line(values: Any) -> str:
    """Return a line of CSV; what a spreadsheet would take for a formula is made text."""
    written = io.StringIO()
    csv.writer(written).writerow([f"'{value}" if str(value).startswith(_FORMULA) else value for value in values])
    return written.getvalue()
