"""What the web may do in PostgreSQL: everything but change the audit log, which belongs to another role.

The owner of a table can switch its triggers off. So the tables belong to the role of DATABASE_OWNER_URL, as which only
`migrate` connects; the web connects as the role of DATABASE_URL, which may read and add entries, and move the head.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from .triggers import ENTRIES, HEAD

MIGRATIONS = "django_migrations"
# What the web role may do with a table that is not like the others.
RIGHTS: dict[str, frozenset[str]] = {
    ENTRIES: frozenset({"SELECT", "INSERT"}),
    HEAD: frozenset({"SELECT", "UPDATE"}),
    MIGRATIONS: frozenset({"SELECT"}),
}
ORDINARY = "SELECT, INSERT, UPDATE, DELETE"
_EVERY_RIGHT = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY tablename"
# A member of the owner's role can become it, and whoever may make roles or is a superuser can become anybody.
_IS_MASTER = (
    "SELECT pg_has_role(%s, relowner, 'MEMBER') FROM pg_class"
    " WHERE relname = %s AND relkind = 'r' AND pg_table_is_visible(oid)"
)


class CannotGrant(Exception):
    """Why there is nobody to grant anything to, as a sentence."""


def grant_web_role(connection: BaseDatabaseWrapper, role: str) -> None:
    """Give the web role its rights and take every other one away; again changes nothing. Run it as the owner."""
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        cursor.execute("SELECT current_user, current_schema()")
        owner, schema = cursor.fetchone()
        if role == owner:
            raise CannotGrant(
                f"DATABASE_URL connects as “{role}”, whom the tables belong to. The web needs a role of its own."
            )
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
        if cursor.fetchone() is None:
            raise CannotGrant(f"PostgreSQL knows no role “{role}”, which DATABASE_URL names. Make it first.")
        name = connection.ops.quote_name
        web, schema = name(role), name(schema)
        cursor.execute(_TABLES)
        ordinary = ", ".join(name(table) for (table,) in cursor.fetchall() if table not in RIGHTS)
        cursor.execute(f"REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM {web}, PUBLIC")
        cursor.execute(f"REVOKE CREATE ON SCHEMA {schema} FROM {web}, PUBLIC")
        cursor.execute(f"GRANT USAGE ON SCHEMA {schema} TO {web}")
        cursor.execute(f"GRANT {ORDINARY} ON {ordinary} TO {web}")
        cursor.execute(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {schema} TO {web}")
        for table, rights in RIGHTS.items():
            cursor.execute(f"GRANT {', '.join(sorted(rights))} ON {name(table)} TO {web}")


def excess(connection: BaseDatabaseWrapper) -> list[str]:
    """Return what the role of this connection may do to the audit log beyond adding to it, in words."""
    found = []
    with connection.cursor() as cursor:
        for table in (ENTRIES, HEAD):
            cursor.execute(_IS_MASTER, [_user(cursor), table])
            row = cursor.fetchone()
            if row is None:
                continue
            if row[0]:
                found.append(f"can act as the owner of {table}")
                continue
            surplus = [right for right in _EVERY_RIGHT if right not in RIGHTS[table] and _has(cursor, table, right)]
            found += [f"may {right} {table}" for right in surplus]
        if not found:
            cursor.execute("SELECT rolcreaterole FROM pg_roles WHERE rolname = current_user")
            found += ["may make roles"] if cursor.fetchone()[0] else []
    return found


def _user(cursor: Any) -> str:
    cursor.execute("SELECT current_user")
    return str(cursor.fetchone()[0])


def _has(cursor: Any, table: str, right: str) -> bool:
    cursor.execute("SELECT has_table_privilege(%s, %s)", [table, right])
    if cursor.fetchone()[0]:
        return True
    if right not in ("INSERT", "UPDATE", "REFERENCES"):
        return False
    cursor.execute("SELECT has_any_column_privilege(%s, %s)", [table, right])
    return bool(cursor.fetchone()[0])


def is_owner() -> bool:
    """Say whether this process connects as the owner of the tables, as `migrate` does where there is one."""
    return bool(settings.ACTS_AS_OWNER)


def after_migrate(connection: BaseDatabaseWrapper) -> None:
    """Grant the web role its rights where the tables belong to another role."""
    if is_owner() and connection.vendor == "postgresql":
        grant_web_role(connection, settings.DATABASE_WEB_ROLE)
