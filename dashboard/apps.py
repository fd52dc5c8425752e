"""The one app of the project."""

from typing import Any

from django.apps import AppConfig
from django.core.management import call_command
from django.db import connections
from django.db.models.signals import post_migrate


class DashboardConfig(AppConfig):
    name = "dashboard"
    verbose_name = "Linkdesk"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from . import checks, signals  # noqa: F401 - registers the system checks and the audit of sign-ins
        from .roles import ensure_roles
        from .services import approval_subjects  # noqa: F401 - whoever carries out what was approved makes itself known
        from .sign_in import receivers, seeds  # noqa: F401 - likewise: second factors sealed and on record

        post_migrate.connect(ensure_roles, sender=self)
        post_migrate.connect(_ensure_cache_table, sender=self)
        post_migrate.connect(_grant_web_role, sender=self)


def _ensure_cache_table(using: str = "default", **kwargs: Any) -> None:
    """Make the table behind the cache, which no migration of Django's makes."""
    call_command("createcachetable", database=using, verbosity=0)


def _grant_web_role(using: str = "default", **kwargs: Any) -> None:
    """Let the web use the tables, after the last one was made."""
    from . import grants

    grants.after_migrate(connections[using])
