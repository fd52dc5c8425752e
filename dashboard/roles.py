"""Roles are groups over a handful of permissions; what a role may do stands in this one table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from django.contrib.auth.models import Group

VIEW = "dashboard.view_linkedaccount"
REPAIR = "dashboard.repair_linkedaccount"
EDIT_CUSTOMERS = "dashboard.change_customer"
APPROVE = "dashboard.approve_operation"
READ_AUDIT = "dashboard.view_auditentry"
MANAGE_STAFF = "dashboard.manage_staff"

ROLES: dict[str, tuple[str, ...]] = {
    "viewer": (VIEW,),
    "agent": (VIEW, REPAIR, EDIT_CUSTOMERS),
    "approver": (VIEW, REPAIR, EDIT_CUSTOMERS, APPROVE),
    "auditor": (VIEW, READ_AUDIT),
    "admin": (VIEW, MANAGE_STAFF),
}

# What a permission lets a person do, as the 403 page says it.
WORDS: dict[str, str] = {
    VIEW: "see linked accounts and customers",
    REPAIR: "repair linked accounts",
    EDIT_CUSTOMERS: "add and change customers",
    APPROVE: "approve what another person asked for",
    READ_AUDIT: "read the audit log",
    MANAGE_STAFF: "manage staff and erase customers",
}


def ensure_roles(**kwargs: Any) -> None:
    """Make the groups say what the table says; runs after every migrate."""
    from django.apps import apps
    from django.contrib.auth.management import create_permissions
    from django.contrib.auth.models import Group, Permission

    # On a new database this runs before Django has made the permissions, and the groups would stay empty.
    create_permissions(apps.get_app_config("dashboard"), verbosity=0)
    for name, permissions in ROLES.items():
        group, _ = Group.objects.get_or_create(name=name)
        codenames = [permission.partition(".")[2] for permission in permissions]
        group.permissions.set(Permission.objects.filter(content_type__app_label="dashboard", codename__in=codenames))


def groups(names: Iterable[str]) -> list[Group]:
    """Return the groups of these roles."""
    from django.contrib.auth.models import Group

    return list(Group.objects.filter(name__in=set(names) & ROLES.keys()))


def role_of(user: Any) -> str:
    """Return the role names of a member of staff as text, for the audit log."""
    # Asked for by the page and by the audit log; one answer per object, so per request.
    if not hasattr(user, "_role_text"):
        user._role_text = ", ".join(sorted(user.groups.values_list("name", flat=True)))
    return str(user._role_text)
