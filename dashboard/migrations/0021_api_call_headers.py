"""Keep a call's query and its headers without keys, so that it can be written out as code."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("dashboard", "0020_remote_token")]

    operations = [
        migrations.AlterField("apicall", "path", models.CharField(max_length=2000)),
        migrations.AddField("apicall", "request_headers", models.JSONField(default=dict)),
    ]
