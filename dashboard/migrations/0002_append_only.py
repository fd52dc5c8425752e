"""Make the audit log append-only, guard the states of operations, and begin the chain."""

from typing import Any

from django.db import migrations

from dashboard.triggers import InstallTriggers

# What `dashboard.models.operation.TRANSITIONS` said when this was written.
TRANSITIONS = (
    ("draft", "awaiting_approval"),
    ("draft", "cancelled"),
    ("draft", "expired"),
    ("draft", "queued"),
    ("draft", "running"),
    ("awaiting_approval", "cancelled"),
    ("awaiting_approval", "expired"),
    ("awaiting_approval", "queued"),
    ("awaiting_approval", "running"),
    ("queued", "cancelled"),
    ("queued", "failed"),
    ("queued", "running"),
    ("running", "accepted"),
    ("running", "awaiting_token"),
    ("running", "done"),
    ("running", "failed"),
    ("running", "refused"),
    ("running", "unknown"),
    ("awaiting_token", "cancelled"),
    ("awaiting_token", "expired"),
    ("awaiting_token", "running"),
    ("accepted", "done"),
    ("accepted", "failed"),
    ("accepted", "unknown"),
    ("unknown", "accepted"),
    ("unknown", "done"),
    ("unknown", "failed"),
)


def begin_chain(apps: Any, schema_editor: Any) -> None:
    apps.get_model("dashboard", "AuditHead").objects.using(schema_editor.connection.alias).get_or_create(chain="main")


class Migration(migrations.Migration):
    dependencies = [("dashboard", "0001_initial")]

    operations = [
        migrations.RunPython(begin_chain, migrations.RunPython.noop),
        InstallTriggers(TRANSITIONS),
    ]
