"""Find audit entries by what they tell: a table of terms, filled from the entries that are there."""

from django.db import migrations, models

TABLE = "dashboard_auditterm"
# Django would add a row id on SQLite, and PostgreSQL would sort by the rules of a language: prefixes want plain order.
SQLITE = (
    f"CREATE TABLE {TABLE} (name varchar(12) NOT NULL, value varchar(160) NOT NULL, seq bigint NOT NULL,"
    " PRIMARY KEY (name, value, seq)) WITHOUT ROWID"
)
POSTGRESQL = (
    f'CREATE TABLE {TABLE} (name varchar(12) COLLATE "C" NOT NULL, value varchar(160) COLLATE "C" NOT NULL,'
    " seq bigint NOT NULL, PRIMARY KEY (name, value, seq))"
)


def make(apps, schema_editor):
    schema_editor.execute(POSTGRESQL if schema_editor.connection.vendor == "postgresql" else SQLITE)


def drop(apps, schema_editor):
    schema_editor.execute(f"DROP TABLE {TABLE}")


def fill(apps, schema_editor):
    if not apps.get_model("dashboard", "AuditEntry").objects.exists():
        return
    # Of the code of today: it reads columns that every version has, and what it writes is derived.
    from dashboard.services import audit_index

    audit_index.rebuild()


class Migration(migrations.Migration):
    dependencies = [("dashboard", "0070_audit_export")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(make, drop)],
            state_operations=[
                migrations.CreateModel(
                    name="AuditTerm",
                    fields=[
                        ("name", models.CharField(max_length=12)),
                        ("value", models.CharField(max_length=160)),
                        ("seq", models.BigIntegerField()),
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "name", "value", "seq", blank=True, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                    ],
                )
            ],
        ),
        migrations.AddIndex("auditentry", models.Index(fields=("at", "seq"), name="audit_by_time")),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
