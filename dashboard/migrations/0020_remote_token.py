"""Keep the access token of an integration for all processes, sealed."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("dashboard", "0011_operation_by_seal")]

    operations = [
        migrations.CreateModel(
            name="RemoteToken",
            fields=[
                ("name", models.CharField(max_length=120, primary_key=True, serialize=False)),
                ("serial", models.CharField(blank=True, default="", max_length=40)),
                ("sealed", models.BinaryField(null=True)),
                ("lease", models.CharField(blank=True, default="", max_length=40)),
                ("lease_until", models.DateTimeField(blank=True, null=True)),
            ],
        ),
    ]
