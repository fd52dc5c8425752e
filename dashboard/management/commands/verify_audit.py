"""manage.py verify_audit: walk the audit chain and say whether it is whole."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, connection

from dashboard.checks import key_rings_are_usable
from dashboard.services.audit import SYSTEM, Kind, record, verify
from dashboard.triggers import install_triggers, missing_triggers


class Command(BaseCommand):
    help = "Walk the audit chain from its beginning. Exit status 0: whole; 1: findings; 2: cannot look."
    # It must run exactly when the checks fail.
    requires_system_checks: list[str] = []  # noqa: RUF012 - Django's own type

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--restore-triggers",
            action="store_true",
            help="put the triggers back that keep the log as it is, and record that they were missing",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        problems = key_rings_are_usable()
        if problems:
            raise CommandError(str(problems[0].msg), returncode=2)
        try:
            self._look(options["restore_triggers"])
        except DatabaseError as trouble:
            raise CommandError(f"The audit log cannot be read: {trouble}", returncode=2) from trouble

    def _look(self, restore: bool) -> None:
        missing = missing_triggers(connection)
        if missing and restore:
            install_triggers(connection)
            record(Kind.SYSTEM, "audit.triggers_restored", actor=SYSTEM, facts={"missing": missing})
            self.stdout.write(f"Put back: {', '.join(missing)}.")
            missing = []
        for name in missing:
            self.stdout.write(f"trigger  {name} is missing")
        verification = verify()
        for finding in verification.findings:
            self.stdout.write(f"{finding.kind:12} entry {finding.seq}: {finding.text}")
        if verification.unlisted:
            self.stdout.write(f"... and {verification.unlisted} more findings")
        if verification.ok and not missing:
            self.stdout.write(f"{verification.entries} entries, up to number {verification.seq}: the chain is whole.")
            return
        count = len(verification.findings) + verification.unlisted + len(missing)
        self.stdout.write(f"{verification.entries} entries read, {count} findings.")
        sys.exit(1)
