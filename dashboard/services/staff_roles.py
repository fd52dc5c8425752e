"""A person's roles: changed by an admin, under the eyes of a second person."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth.models import Group
from django.db import transaction

from dashboard import roles
from providers.answers import digest_of

from ..models import Approval, User
from . import approvals, staff
from .audit import Actor, Kind, Target, record

SUBJECT = ACTION = "roles"
ON_THE_SERVER = Actor("", "Somebody on the server", "server")


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
        if not approvals.is_needed(ACTION):
            _set(person, before, after, actor=actor, reason=reason)
            return None
        if approvals.pending_of(SUBJECT, str(person.pk)) is not None:
            raise staff.CannotChange("Another change of these roles waits for a second person already.")
        asked = approvals.Asked(
            SUBJECT,
            str(person.pk),
            ACTION,
            Target.of(person),
            digest=digest_of({"roles": after, "person": str(person.pk)}),
            basis=_basis(person),
            summary=f"Change the roles of {person}",
            payload={"roles": after},
            shown=[{"label": "Roles", "before": words(before), "after": words(after)}],
            facts={"roles_before": words(before), "roles_after": words(after)},
        )
        return approvals.request(asked, actor=actor, reason=reason, ticket=ticket)


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


def set_on_the_server(person: User, chosen: Iterable[str]) -> None:
    """Set roles as whoever holds the server may: for the first people of an installation."""
    after = sorted(chosen)
    with transaction.atomic():
        before = names_of(person)
        person.groups.set(roles.groups(after))
        facts = {"roles_before": words(before), "roles_after": words(after), "reason": "on the server"}
        record(Kind.EVENT, "staff.roles_changed", actor=ON_THE_SERVER, target=Target.of(person), facts=facts)


def words(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"


class _ChangeOfRoles:
    permission = roles.MANAGE_STAFF

    def basis(self, approval: Approval) -> str:
        person = User.objects.filter(pk=approval.subject_id).first()
        return _basis(person) if person is not None else "gone"

    def perform(self, approval: Approval, requester: User, approver: User | None) -> str:
        person = User.objects.get(pk=approval.subject_id)
        after = [str(name) for name in approval.payload["roles"]]
        if approver is not None and approver.pk == person.pk:
            raise approvals.CannotPerform("These are your own roles: somebody else has to approve that.")
        try:
            _refuse(person, after, requester)
        except staff.CannotChange as trouble:
            raise approvals.CannotPerform(str(trouble)) from None
        _set(person, names_of(person), after, actor=requester, reason=approval.reason, approval=str(approval.pk))
        return f"The roles of {person} are {words(after)} now."

    def close(self, approval: Approval) -> None:
        """Nothing waits for it."""


approvals.register(SUBJECT, _ChangeOfRoles())


def _refuse(person: User, after: list[str], actor: User) -> None:
    staff.hold_admins()
    if person.pk == actor.pk:
        raise staff.CannotChange("Nobody changes their own roles. Ask another administrator.")
    if names_of(person) == after:
        raise staff.CannotChange("These are the roles already. Nothing was changed.")
    staff.refuse_without_admin(person, after)


def _set(person: User, before: list[str], after: list[str], *, actor: User, reason: str, approval: str = "") -> None:
    person.groups.set(roles.groups(after))
    record(
        Kind.EVENT,
        "staff.roles_changed",
        actor=Actor.of(actor),
        target=Target.of(person),
        facts={"roles_before": words(before), "roles_after": words(after), "reason": reason},
        approval=approval,
    )


def _basis(person: User) -> str:
    return digest_of({"roles": names_of(person), "is_active": person.is_active})
