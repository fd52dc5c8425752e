"""manage.py verify_audit: walk the audit chain and say whether it is whole."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, connection

from dashboard import signing
from dashboard.checks import key_rings_are_usable
from dashboard.services.anchor_acceptance import accept
from dashboard.services.audit import SYSTEM, Kind, record, verify
from dashboard.services.audit_verify import anchors_in
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
        parser.add_argument(
            "--accept-lost-anchors",
            metavar="REASON",
            help="after a sink lost what it took: put that on record, and anchor the log as it is there",
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
            anchors = _given(options["anchors"]) if options["anchors"] else ""
            if options["accept_rollback"]:
                self._accept(options["accept_rollback"], is_lost=False)
            if options["accept_lost_anchors"]:
                self._accept(options["accept_lost_anchors"], is_lost=True)
            self._look(options["restore_triggers"], anchors)
        except OSError as trouble:
            raise CommandError(f"{trouble.filename} cannot be read: {trouble.strerror}", returncode=2) from trouble
        except DatabaseError as trouble:
            raise CommandError(f"The audit log cannot be read: {trouble}", returncode=2) from trouble

    def _accept(self, reason: str, *, is_lost: bool) -> None:
        answers = accept(reason, is_lost=is_lost)
        for answer in answers:
            said = f"Not accepted ({answer.trouble})" if answer.trouble else "Accepted"
            self.stdout.write(f"{said}: {answer.sink}: {answer.finding}.")
        if not answers:
            self.stdout.write("There is nothing to accept.")
        if any(answer.trouble for answer in answers):
            raise CommandError("Not everything was accepted; the same command can be given again.", returncode=2)

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
            self.stdout.write(
                f"Anchors confirm it up to entry {verification.anchored}."
                if verification.anchored
                else "No anchor is of an entry in it: its end rests on the database alone."
            )
            return
        count = len(verification.findings) + verification.unlisted + len(missing)
        self.stdout.write(f"{verification.entries} entries read, {count} findings.")
        sys.exit(1)


def _given(path: Path) -> str:
    """Return the text of a file with anchors of this log; without one it would be no proof."""
    text = path.read_text(encoding="utf-8", errors="replace")
    found, bad = anchors_in(text)
    if not found and not bad:
        names = " or ".join(signing.origins())
        raise CommandError(f"There is no anchor of {names} in {path}: it proves nothing.", returncode=2)
    return text
