"""manage.py remove_audit_segment: remove a released segment from the audit log, with its export at hand."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from dashboard.services import audit_removal
from dashboard.services.audit import AuditUnavailable


class Command(BaseCommand):
    help = (
        "Remove a segment that two people have released from the audit log. Its export is checked first; on PostgreSQL"
        " it connects as DATABASE_OWNER_URL."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("month", help="2025-01")
        parser.add_argument("--export", type=Path, required=True, help="the bundle that was agreed on")
        parser.add_argument("--rehearse", action="store_true", help="look whether it can be done, and change nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        rehearse = options["rehearse"]
        try:
            segment = audit_removal.remove(options["month"], options["export"], is_rehearsal=rehearse)
        except (audit_removal.CannotRemove, AuditUnavailable) as trouble:
            raise CommandError(f"Nothing was removed. {trouble}") from trouble
        done = "would be removed" if rehearse else "are removed, and the log tells of it"
        self.stdout.write(f"{segment.count:,} entries, {segment.first_seq} to {segment.last_seq}, {done}.")
        if not rehearse:
            self.stdout.write(f"Keep {options['export'].name}: it is all that is left of them.")
