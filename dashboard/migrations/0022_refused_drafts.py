"""Let a draft end as refused: it met somebody else's change before it was sent."""

from importlib import import_module

from django.db import migrations

from dashboard.triggers import InstallTriggers

BEFORE = import_module("dashboard.migrations.0002_append_only").TRANSITIONS
TRANSITIONS = (*BEFORE, ("draft", "refused"))


class Migration(migrations.Migration):
    dependencies = [("dashboard", "0021_api_call_headers")]

    operations = [InstallTriggers(TRANSITIONS, before=BEFORE)]
