"""Add the list of exports of the audit log."""

import django.utils.timezone
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('dashboard', '0022_refused_drafts'),
    ]

    operations = [
        migrations.CreateModel(
            name='AuditExport',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('form', models.CharField(choices=[('bundle', 'Bundle with proof'), ('csv', 'CSV for a spreadsheet'), ('report', 'Printable report')], max_length=10)),
                ('state', models.CharField(choices=[('waiting', 'Waiting its turn'), ('running', 'Being made'), ('done', 'Ready'), ('failed', 'Failed'), ('expired', 'File removed')], default='waiting', max_length=10)),
                ('filters', models.JSONField(blank=True, default=dict)),
                ('words', models.CharField(max_length=2000)),
                ('last_seq', models.BigIntegerField()),
                ('asked_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('asked_by_id', models.CharField(max_length=40)),
                ('asked_by', models.CharField(max_length=300)),
                ('claim', models.CharField(blank=True, max_length=32)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('beat_at', models.DateTimeField(blank=True, null=True)),
                ('total', models.BigIntegerField(blank=True, null=True)),
                ('written', models.BigIntegerField(default=0)),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('failure', models.CharField(blank=True, max_length=500)),
                ('file_name', models.CharField(blank=True, max_length=120)),
                ('size_bytes', models.BigIntegerField(blank=True, null=True)),
                ('sha256', models.CharField(blank=True, max_length=64)),
                ('expires_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'ordering': ('-asked_at', '-id'),
                'indexes': [models.Index(fields=['-asked_at', '-id'], name='export_by_time'), models.Index(fields=['state', 'asked_at'], name='export_by_state')],
            },
        ),
    ]
