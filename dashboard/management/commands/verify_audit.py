"""manage.py verify_audit: walk the audit chain and say whether it is whole."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, connection

from dashboard import signing
from dashboard.checks import key_rings_are_usable
from dashboard.services import anchors as anchors_of_log
from dashboard.services.anchor_sinks import SinkDown
from dashboard.services.audit import SYSTEM, AuditUnavailable, Kind, record, verify
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

        parser.add_argument(
            "--anchors", type=Path, help="a file with anchors, from a collector say, to compare with too"
        )
        parser.add_argument(
            "--public-keys", action="store_true", help="print the keys that whoever checks anchors and exports needs"
        )
        parser.add_argument(
            "--accept-rollback",
            metavar="REASON",
            help="after a backup had to be restored: take the log as it is, put that on record, and anchor it",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        problems = key_rings_are_usable()
        if problems:
            raise CommandError(str(problems[0].msg), returncode=2)
        if options["public_keys"]:
            for name, key in signing.public_keys().items():
                self.stdout.write(f"{name}={key}")
            return
        try:
            anchors = options["anchors"].read_text(encoding="utf-8", errors="replace") if options["anchors"] else ""
            if options["accept_rollback"]:
                self._accept(options["accept_rollback"])
            self._look(options["restore_triggers"], anchors)
        except OSError as trouble:
            raise CommandError(f"{trouble.filename} cannot be read: {trouble.strerror}", returncode=2) from trouble
        except DatabaseError as trouble:
            raise CommandError(f"The audit log cannot be read: {trouble}", returncode=2) from trouble

    def _accept(self, reason: str) -> None:
        try:
            accepted = anchors_of_log.accept(reason)
        except (AuditUnavailable, SinkDown) as trouble:
            raise CommandError(f"Nothing was accepted: {trouble}", returncode=2) from trouble
        for finding in accepted:
            self.stdout.write(f"Accepted: {finding}.")

    def _look(self, restore: bool, anchors: str) -> None:
        missing = missing_triggers(connection)
        if missing and restore:
            install_triggers(connection)
            record(Kind.SYSTEM, "audit.triggers_restored", actor=SYSTEM, facts={"missing": missing})
            self.stdout.write(f"Put back: {', '.join(missing)}.")
            missing = []
        for name in missing:
            self.stdout.write(f"trigger  {name} is missing")
        verification = verify(anchors=anchors)
        for finding in verification.findings:
            self.stdout.write(f"{finding.kind:19} entry {finding.seq}: {finding.text}")
        if verification.unlisted:
            self.stdout.write(f"... and {verification.unlisted} more findings")
        if verification.ok and not missing:
            self.stdout.write(f"{verification.entries} entries, up to number {verification.seq}: the chain is whole.")
            return
        count = len(verification.findings) + verification.unlisted + len(missing)
        self.stdout.write(f"{verification.entries} entries read, {count} findings.")
        sys.exit(1)
