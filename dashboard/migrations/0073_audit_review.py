"""Add the queue of reviewers: entries, rules, decisions, how far the walk is."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('dashboard', '0061_saved_query'),
    ]

    operations = [
        migrations.CreateModel(
            name='AuditReviewDay',
            fields=[
                ('day', models.DateField(primary_key=True, serialize=False)),
                ('writes', models.PositiveIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name='AuditReviewWalk',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('seq', models.BigIntegerField(default=0)),
                ('at', models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name='AuditReview',
            fields=[
                ('seq', models.BigIntegerField(primary_key=True, serialize=False)),
                ('at', models.DateTimeField()),
                ('action', models.CharField(max_length=60)),
                ('actor_id', models.CharField(blank=True, max_length=40)),
                ('actor', models.CharField(blank=True, max_length=300)),
                ('target', models.CharField(blank=True, max_length=600)),
                ('is_urgent', models.BooleanField(default=False)),
                ('state', models.CharField(choices=[('open', 'Open'), ('reviewed', 'Reviewed'), ('flagged', 'Flagged')], default='open', max_length=10)),
                ('rank', models.BigIntegerField()),
                ('decisions', models.PositiveIntegerField(default=0)),
            ],
            options={
                'ordering': ('rank',),
                'indexes': [models.Index(fields=['state', 'rank'], name='review_by_rank'), models.Index(fields=['at', 'state'], name='review_by_time')],
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ['open', 'reviewed', 'flagged'])), name='review_state_is_known')],
            },
        ),
        migrations.CreateModel(
            name='AuditReviewDecision',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('verdict', models.CharField(choices=[('reviewed', 'Reviewed'), ('flagged', 'Flagged')], max_length=10)),
                ('comment', models.TextField(blank=True)),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('reviewer_id', models.CharField(max_length=40)),
                ('reviewer', models.CharField(max_length=300)),
                ('review', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='history', to='dashboard.auditreview')),
            ],
            options={
                'ordering': ('id',),
            },
        ),
        migrations.CreateModel(
            name='AuditRightUse',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('actor_id', models.CharField(max_length=40)),
                ('right', models.CharField(max_length=100)),
                ('seq', models.BigIntegerField()),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('actor_id', 'right'), name='right_used_first_once')],
            },
        ),
        migrations.CreateModel(
            name='AuditReviewRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('rule', models.CharField(max_length=30)),
                ('review', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='rules', to='dashboard.auditreview')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('rule', 'review'), name='review_rule_once')],
            },
        ),
    ]
