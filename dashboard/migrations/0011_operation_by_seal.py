"""Find what is sealed and over without reading every operation."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("dashboard", "0010_one_running_sync")]

    operations = [
        migrations.AddIndex(
            "operation",
            models.Index(
                fields=("sealed_until",), condition=models.Q(sealed_until__isnull=False), name="operation_by_seal"
            ),
        ),
    ]
