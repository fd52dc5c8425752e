"""manage.py grant_web_role: give the role of DATABASE_URL its rights in PostgreSQL, and take every other away."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection

from dashboard import grants


class Command(BaseCommand):
    help = (
        "Give the role of DATABASE_URL its rights, as DATABASE_OWNER_URL. migrate does it by itself; again is harmless."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        if connection.vendor != "postgresql" or not grants.is_owner():
            raise CommandError("Roles are for PostgreSQL: set DATABASE_OWNER_URL beside DATABASE_URL.")
        role = settings.DATABASE_WEB_ROLE
        try:
            grants.grant_web_role(connection, role)
        except (grants.CannotGrant, DatabaseError) as problem:
            raise CommandError(f"Nothing was granted: {problem}") from problem
        self.stdout.write(f"{role} may read and add audit entries, and neither change nor remove them.")
