"""A person's roles: changed by an admin, under the eyes of a second person."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib.auth.models import Group
from django.db import transaction

from dashboard import roles
from providers.answers import digest_of

from ..models import Approval, User
from . import approvals, staff
from .audit import ON_THE_SERVER, Actor, Kind, Target, record
from .second_person import Act, By

SUBJECT = ACTION = "roles"


def names_of(person: User) -> list[str]:
    return sorted(Group.objects.filter(user=person).values_list("name", flat=True))


def ask(person: User, chosen: Iterable[str], *, actor: User, reason: str, ticket: str = "") -> Approval | None:
    """Change a person's roles, or ask a second person where the settings want one; return the request then.

    Raises `CannotChange` for what is never done: one's own roles, the last administrator, no change at all.
    """
    after = sorted(chosen)
    with transaction.atomic():
        _refuse(person, after, actor)
        before = names_of(person)
        return _CHANGE.ask(
            str(person.pk),
            {"roles": after},
            target=Target.of(person),
            summary=f"Change the roles of {person}",
            shown=[{"label": "Roles", "before": words(before), "after": words(after)}],
            facts={"changes": _changes(before, after)},
            actor=actor,
            reason=reason,
            ticket=ticket,
        )


def invite(
    email: str, name: str, chosen: Iterable[str], *, actor: User, reason: str = "", ticket: str = ""
) -> tuple[User, str, Approval | None]:
    """Add a person, and give them their roles or ask a second person for that; raise `staff.AddressTaken`.

    Without the second person an admin could invite an approver of their own making.
    """
    with transaction.atomic():
        person, key = staff.add(email, name, actor=Actor.of(actor))
        approval = ask(person, chosen, actor=actor, reason=reason or "Invited", ticket=ticket)
    return person, key, approval


def set_on_the_server(person: User, chosen: Iterable[str], *, may_leave_no_admin: bool = False) -> None:
    """Set roles as whoever holds the server may: for the first people of an installation.

    Raises `CannotChange` where nobody could manage staff any more, unless that is meant.
    """
    after = sorted(chosen)
    with transaction.atomic():
        staff.hold_admins()
        if not may_leave_no_admin:
            staff.refuse_without_admin(person, after)
        before = names_of(person)
        person.groups.set(roles.groups(after))
        facts = {"changes": _changes(before, after), "reason": "on the server"}
        record(Kind.EVENT, "staff.roles_changed", actor=ON_THE_SERVER, target=Target.of(person), facts=facts)


def words(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"


class _ChangeOfRoles(Act):
    name = SUBJECT
    permission = roles.MANAGE_STAFF
    waiting = "Another change of these roles waits for a second person already."

    def basis_of(self, subject_id: str) -> str:
        person = User.objects.filter(pk=subject_id).first()
        if person is None:
            return "gone"
        return digest_of({"roles": names_of(person), "is_active": person.is_active})

    def do(self, subject_id: str, payload: Mapping[str, Any], by: By) -> str:
        person = User.objects.get(pk=subject_id)
        after = [str(name) for name in payload["roles"]]
        if by.approver is not None and by.approver.pk == person.pk:
            raise approvals.CannotPerform("These are your own roles: somebody else has to approve that.")
        _refuse(person, after, by.actor)
        before = names_of(person)
        person.groups.set(roles.groups(after))
        record(
            Kind.EVENT,
            "staff.roles_changed",
            actor=Actor.of(by.actor),
            target=Target.of(person),
            facts={"changes": _changes(before, after), "reason": by.reason},
            approval=by.approval,
        )
        return f"The roles of {person} are {words(after)} now."


_CHANGE = _ChangeOfRoles()
approvals.register(SUBJECT, _CHANGE)


def _changes(before: Iterable[str], after: Iterable[str]) -> list[dict[str, str]]:
    """Return the change as the log keeps changes, so that it is found by its field and by its values."""
    change = {"field": "roles", "class": "public", "label": "Roles", "before": words(before), "after": words(after)}
    return [change]


def _refuse(person: User, after: list[str], actor: User) -> None:
    staff.hold_admins()
    if person.pk == actor.pk:
        raise staff.CannotChange("Nobody changes their own roles. Ask another administrator.")
    if names_of(person) == after:
        raise staff.CannotChange("These are the roles already. Nothing was changed.")
    staff.refuse_without_admin(person, after)
