"""Let at most one pass over an integration be at work, and let it show that it is alive."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("dashboard", "0002_append_only")]

    operations = [
        migrations.AddField("syncrun", "beat_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddConstraint(
            "syncrun",
            models.UniqueConstraint(
                fields=("integration",), condition=models.Q(result="running"), name="one_running_sync_per_integration"
            ),
        ),
    ]
