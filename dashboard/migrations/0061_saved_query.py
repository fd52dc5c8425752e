"""Let reviewers keep queries of the audit log."""

import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('dashboard', '0072_invitation'),
    ]

    operations = [
        migrations.CreateModel(
            name='SavedQuery',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('owner_text', models.CharField(max_length=300)),
                ('name', models.CharField(max_length=80)),
                ('text', models.CharField(max_length=500)),
                ('is_shared', models.BooleanField(default=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('owner', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ('name', 'id'),
                'indexes': [models.Index(fields=['is_shared', 'name'], name='saved_query_by_share')],
                'constraints': [models.UniqueConstraint(fields=('owner', 'name'), name='one_saved_query_per_name')],
            },
        ),
    ]
